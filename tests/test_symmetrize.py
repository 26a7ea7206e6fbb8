import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.formats import parse_pharaoh, read_alignments
from xalign.links import Link
from xalign.symmetrize import SYMMETRIZERS, combine, grow_diag, intersection, union

link_sets = st.frozensets(st.builds(Link, st.integers(0, 6), st.integers(0, 6)), max_size=12)
methods = pytest.mark.parametrize("method", SYMMETRIZERS)


def links(line):
    return set(parse_pharaoh(line).links)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("intersection", "0-0 3-3"),
        ("union", "0-0 1-1 1-2 3-3 4-3 6-6 0-5"),
        # 1-1 touches 0-0; 1-2 then adds a target; 4-3 touches 3-3 and adds a source.
        ("grow-diag", "0-0 1-1 1-2 3-3 4-3"),
        # 6-6 aligns two free words, 0-5 one.
        ("grow-diag-final", "0-0 1-1 1-2 3-3 4-3 6-6 0-5"),
        ("grow-diag-final-and", "0-0 1-1 1-2 3-3 4-3 6-6"),
    ],
)
def test_a_sentence_worked_by_hand(method, expected):
    forward, backward = links("0-0 1-1 3-3 0-5 6-6"), links("0-0 1-2 3-3 4-3")
    assert SYMMETRIZERS[method](forward, backward) == links(expected)


def test_growing_goes_on_from_what_has_grown():
    assert grow_diag(links("0-0 1-1 2-2 3-3"), links("0-0")) == links("0-0 1-1 2-2 3-3")


def test_growing_needs_a_word_that_has_no_link():
    assert grow_diag(links("0-0 1-1 0-1"), links("0-0 1-1")) == links("0-0 1-1")


def test_final_takes_forward_before_backward():
    forward, backward = links("0-1"), links("0-2 3-1")
    assert SYMMETRIZERS["grow-diag-final-and"](forward, backward) == links("0-1")
    assert SYMMETRIZERS["grow-diag-final-and"](backward, forward) == links("0-2 3-1")


@methods
@given(forward=link_sets, backward=link_sets)
def test_results_lie_between_intersection_and_union(method, forward, backward):
    assert forward & backward <= SYMMETRIZERS[method](forward, backward) <= forward | backward


@methods
@given(one=link_sets)
def test_two_equal_directions_stay_as_they_are(method, one):
    assert SYMMETRIZERS[method](one, one) == one


@given(link_sets, link_sets)
def test_each_method_keeps_what_the_stricter_one_found(forward, backward):
    found = {method: SYMMETRIZERS[method](forward, backward) for method in SYMMETRIZERS}
    assert found["grow-diag"] <= found["grow-diag-final-and"]
    assert found["grow-diag"] <= found["grow-diag-final"]


@methods
@given(forward=link_sets, backward=link_sets)
def test_inputs_are_left_alone(method, forward, backward):
    one, other = set(forward), set(backward)
    SYMMETRIZERS[method](one, other).add(Link(99, 99))
    assert (one, other) == (forward, backward)


@methods
def test_same_links_as_atools(method, shared):
    folder = shared("reference/symmetrize-deen")
    forward, backward, expected = (
        [set(pair.links) for pair in read_alignments(folder / f"{name}.align")]
        for name in ("forward", "backward", method)
    )
    assert [SYMMETRIZERS[method](*pair) for pair in zip(forward, backward, strict=True)] == expected


SCORED = parse_pharaoh("0-0:0.5 1-1:0.8 ||| 0.6"), parse_pharaoh("0-0:0.7 2-1:0.4 ||| 0.8")


def test_a_score_is_the_mean_of_those_that_the_directions_give():
    both = combine(*SCORED, union)
    assert [tuple(link) for link in both.links] == [(0, 0), (1, 1), (2, 1)]
    assert both.scores == pytest.approx([0.6, 0.8, 0.4])
    assert both.score == pytest.approx(0.7)
    assert combine(*SCORED, intersection).scores == pytest.approx([0.6])


def test_a_direction_without_links_takes_no_scores_away():
    assert combine(SCORED[0], parse_pharaoh(""), union).scores == (0.5, 0.8)
    assert combine(parse_pharaoh(""), parse_pharaoh(""), union).scores is None


@pytest.mark.parametrize("other", ["0-0", "0-0 ||| 0.9", "0-0:0.5 1-1"])
def test_there_are_scores_only_where_both_directions_have_them(other):
    for pair in ((SCORED[0], parse_pharaoh(other)), (parse_pharaoh(other), SCORED[0])):
        found = combine(*pair, union)
        assert (len(found.links), found.scores, found.score) == (2, None, None)
