import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import OptionError
from xalign.links import Alignment
from xalign.project.spans import Rules, Strategy, project_spans

WORDS = 8
links = st.sets(st.tuples(st.integers(0, WORDS - 1), st.integers(0, WORDS - 1)), max_size=16).map(
    Alignment.of
)
rules = st.builds(Rules, st.sampled_from(Strategy), st.integers(0, 3))


@st.composite
def disjoint_spans(draw):
    bounds = sorted(draw(st.sets(st.integers(0, WORDS), max_size=6)))
    return [range(a, b) for a, b in zip(bounds[::2], bounds[1::2], strict=False)]


def placed(spans, pairs, length=WORDS, **values):
    return project_spans(spans, Alignment.of(pairs), length, Rules(**values))


def test_a_span_becomes_the_words_that_it_is_linked_to():
    assert placed([range(1, 3)], [(0, 3), (1, 1), (2, 0)]) == [[range(0, 2)]]


def test_a_span_without_links_becomes_nothing():
    assert placed([range(0, 1)], [(1, 1)]) == [[]]


def test_words_without_links_within_a_span_belong_to_it():
    assert placed([range(0, 2)], [(0, 1), (1, 5)], gap=0) == [[range(1, 6)]]


@pytest.mark.parametrize(
    ("strategy", "gap", "expected"),
    [
        ("largest", 0, [range(0, 2)]),
        ("pieces", 0, [range(0, 2), range(4, 5)]),
        ("largest", 1, [range(0, 2)]),
        ("largest", 2, [range(0, 5)]),
        ("pieces", 2, [range(0, 5)]),
        ("cover", 0, [range(0, 5)]),
    ],
)
def test_words_that_are_linked_elsewhere_part_a_span_where_they_are_more_than_the_gap(
    strategy, gap, expected
):
    pairs = [(0, 0), (1, 1), (3, 2), (4, 3), (2, 4)]
    assert placed([range(0, 3)], pairs, strategy=strategy, gap=gap) == [expected]


def test_a_word_belongs_to_the_span_with_most_links_to_it():
    assert placed([range(0, 1), range(1, 3)], [(0, 0), (1, 0), (2, 0)]) == [[], [range(0, 1)]]


def test_of_as_many_links_the_scores_decide():
    alignment = Alignment(links=Alignment.of([(0, 0), (1, 0)]).links, scores=(0.4, 0.6))
    assert project_spans([range(0, 1), range(1, 2)], alignment, 1, Rules()) == [[], [range(0, 1)]]


@given(disjoint_spans(), links, rules)
def test_no_word_is_in_two_spans_and_each_begins_and_ends_with_a_word_linked_to_it(spans, alignment, rules):
    found = project_spans(spans, alignment, WORDS, rules)
    words = [word for stretches in found for stretch in stretches for word in stretch]
    assert len(words) == len(set(words))
    for span, stretches in zip(spans, found, strict=True):
        linked = {link.target for link in alignment.links if link.source in span}
        assert all({stretch[0], stretch[-1]} <= linked for stretch in stretches)
        assert len(stretches) <= 1 or rules.strategy == "pieces"


@given(disjoint_spans(), rules)
def test_between_equal_sentences_spans_stay_where_they_are(spans, rules):
    alignment = Alignment.of((k, k) for k in range(WORDS))
    assert project_spans(spans, alignment, WORDS, rules) == [[span] for span in spans]


@pytest.mark.parametrize("values", [{"strategy": "best"}, {"fill": "zero"}, {"gap": -1}])
def test_rules_that_do_not_exist_are_refused(values):
    with pytest.raises(OptionError, match=next(iter(values))):
        Rules(**values)
