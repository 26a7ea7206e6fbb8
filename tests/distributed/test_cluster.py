"""Actors are counted by the nodes that they fit on."""

import pytest

from xalign.distributed.cluster import Resources, places
from xalign.errors import OptionError


class Nodes:
    """As much of Ray as `places` asks for: a cluster of such nodes, and one that is lost."""

    def __init__(self, *nodes):
        self._nodes = nodes

    def is_initialized(self):
        return True

    def nodes(self):
        lost = {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}
        return [{"Alive": True, "Resources": each} for each in self._nodes] + [lost]


@pytest.mark.parametrize(
    ("nodes", "resources", "expected"),
    [
        ([{"CPU": 2.0}] * 4, Resources(), ("cpu", 8)),
        ([{"CPU": 7.0}, {"CPU": 3.0}, {}], Resources(threads=3), ("cpu", 3)),
        ([{"CPU": 7.0}], Resources(actors=5, threads=3), ("cpu", 5)),
        ([{"CPU": 8.0}, {"CPU": 3.0, "GPU": 2.0}], Resources(), ("cuda", 2)),
        ([{"CPU": 8.0}, {"CPU": 3.0, "GPU": 2.0}], Resources(threads=2), ("cuda", 1)),
        ([{"CPU": 8.0}, {"CPU": 3.0, "GPU": 2.0}], Resources(device="cpu"), ("cpu", 11)),
    ],
)
def test_as_many_actors_run_as_fit_on_nodes(nodes, resources, expected):
    assert places(Nodes(*nodes), resources) == expected


@pytest.mark.parametrize(
    ("nodes", "resources", "message"),
    [
        ([{"CPU": 2.0}] * 4, Resources(threads=4), "no node .* has room for an actor, which takes 4 cores"),
        ([{"CPU": 2.0}] * 4, Resources(device="cuda"), "which takes a GPU and 1 core$"),
        ([{"CPU": 8.0}, {"GPU": 1.0}], Resources(device="cuda"), "which takes a GPU and 1 core$"),
    ],
)
def test_an_actor_that_fits_on_no_node_is_told(nodes, resources, message):
    with pytest.raises(OptionError, match=message):
        places(Nodes(*nodes), resources)


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"actors": 0}, {"device": "cuda:1"}])
def test_resources_that_there_are_not_are_told(wrong):
    with pytest.raises(OptionError) as told:
        Resources(**wrong)
    assert told.value.options == tuple(wrong)
