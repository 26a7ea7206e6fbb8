from align_runs import align as align
from align_runs import file as file
from align_runs import links as links
from eval_runs import gold as gold
from eval_runs import text as text
from training_fixtures import corpus as corpus
from training_fixtures import start as start
