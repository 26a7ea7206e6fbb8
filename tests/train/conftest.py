import pytest
from training_fixtures import corpus as corpus
from training_fixtures import start as start

from xalign.train.learner import Learner
from xalign.train.options import ObjectiveOptions


@pytest.fixture
def learner(encoder):
    """`learner(objectives, encode="pair")`: one of a tiny checkpoint, with these values in its preset."""

    def make(objectives, name="bert", options=None, **values):
        loaded = encoder(name, **{"layer": 3, "similarity": "dot", "extract": "argmax", **values})
        return Learner(loaded, objectives, loaded.preset.method, ObjectiveOptions(**(options or {})))

    return make
