import pytest

from xalign.links import Alignment
from xalign.score.aer import count, total
from xalign.score.curves import by_length, by_threshold, calibration_error, reliability
from xalign.score.evaluation import Gold, Hypothesis
from xalign.text.sentences import SentencePair

GOLD = Gold("gold", [Alignment.of(sure=[(0, 0), (1, 1)], possible=[(2, 2)]), Alignment.of([(0, 0), (1, 0)])])
FOUND = Hypothesis(
    "out",
    [
        Alignment(Alignment.of([(0, 0), (1, 2), (2, 2)]).links, scores=(0.95, 0.31, 0.6)),
        Alignment(Alignment.of([(0, 0), (1, 1)]).links, scores=(0.9, 0.6)),
    ],
)


def test_a_threshold_is_scored_as_the_links_that_pass_it_are():
    """Against eval itself, on the links that are left."""
    points = by_threshold(FOUND, GOLD)
    assert [point.threshold for point in points] == [0.95, 0.9, 0.6, 0.31]
    for threshold, precision, recall in points:
        left = [
            Alignment.of(
                [link for link, score in zip(each.links, each.scores, strict=True) if score >= threshold]
            )
            for each in FOUND.alignments
        ]
        counts = total(map(count, left, GOLD.alignments))
        assert (precision, recall) == pytest.approx((counts.precision, counts.recall))


def test_links_without_scores_have_no_curve():
    plain = Hypothesis("out", [Alignment.of([(0, 0)]), Alignment()])
    assert by_threshold(plain, GOLD) == []
    assert reliability(plain, GOLD) == []


def test_reliability_puts_each_link_into_the_bin_of_its_score():
    bins = reliability(FOUND, GOLD)
    assert [(each.low, each.links, each.right) for each in bins] == [
        (0.3, 1, 0.0),
        (0.6, 2, 0.5),  # the possible link is right
        (0.9, 2, 1.0),
    ]
    assert [each.score for each in bins] == pytest.approx([0.31, 0.6, 0.925])
    assert calibration_error(bins) == pytest.approx((0.31 + 2 * 0.1 + 2 * 0.075) / 5)


def test_scores_of_0_and_1_have_bins():
    alignment = Alignment(Alignment.of([(0, 0), (1, 1)]).links, scores=(1.0, 0.0))
    bins = reliability(Hypothesis("out", [alignment, Alignment()]), GOLD)
    assert [(each.low, each.high) for each in bins] == [(0.0, 0.1), (0.9, 1.0)]


def test_pairs_are_classed_by_the_words_of_their_source():
    text = [SentencePair(("w",) * length, ("v",)) for length in (0, 1, 5, 6, 60, 61, 500)]
    counts = [count(FOUND.alignments[0], GOLD.alignments[0])] * len(text)
    found = by_length(counts, text)
    assert [(each.fewest, each.most, each.pairs) for each in found] == [
        (1, 5, 2),
        (6, 10, 1),
        (41, 60, 1),
        (61, None, 2),
    ]
    assert {each.aer for each in found} == {counts[0].aer}


def test_scores_that_are_no_shares_have_no_reliability():
    alignment = Alignment(Alignment.of([(0, 0), (1, 1)]).links, scores=(21.5, 0.5))
    assert reliability(Hypothesis("out", [alignment, Alignment()]), GOLD) == []
