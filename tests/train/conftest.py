from training_fixtures import corpus as corpus
from training_fixtures import start as start
