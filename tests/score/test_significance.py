import random

import pytest

from xalign.errors import OptionError
from xalign.score.aer import Counts, total
from xalign.score.significance import bootstrap_interval, paired_test


def system(right: float, seed: int, pairs: int = 300) -> list[Counts]:
    """Ten links per pair, each right with the same probability."""
    draw = random.Random(seed)
    hits = [sum(draw.random() < right for _ in range(10)) for _ in range(pairs)]
    return [Counts(hit, hit, 10, 10) for hit in hits]


def test_the_interval_holds_the_score_and_has_the_width_that_theory_gives():
    counts = system(0.8, seed=1)
    interval = bootstrap_interval(counts)
    assert interval.low < total(counts).aer < interval.high
    standard_error = (0.8 * 0.2 / 3000) ** 0.5
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * standard_error, rel=0.15)


def test_an_interval_of_equal_pairs_is_a_point():
    assert bootstrap_interval([Counts(1, 1, 2, 2)] * 20) == (0.5, 0.5)


def test_more_confidence_is_a_wider_interval():
    counts = system(0.8, seed=1)
    sure, unsure = bootstrap_interval(counts, 0.99), bootstrap_interval(counts, 0.5)
    assert sure.low < unsure.low < unsure.high < sure.high


def test_the_same_seed_gives_the_same_interval_and_another_one_does_not():
    counts = system(0.8, seed=1)
    assert bootstrap_interval(counts, seed=7) == bootstrap_interval(counts, seed=7)
    assert bootstrap_interval(counts, seed=7) != bootstrap_interval(counts, seed=8)


def test_a_system_does_not_differ_from_itself():
    test = paired_test(system(0.8, seed=1), system(0.8, seed=1))
    assert (test.difference, test.p_value, test.interval) == (0, 1, (0, 0))


def test_a_clear_difference_is_significant():
    worse, better = system(0.7, seed=1), system(0.8, seed=2)
    test = paired_test(worse, better)
    assert test.difference == pytest.approx(-0.1, abs=0.03)
    assert test.p_value < 0.01
    assert test.interval.low < test.difference < test.interval.high < 0


def test_equally_good_systems_are_rarely_significant():
    """Under the null hypothesis p-values are uniform: about one in twenty lies below 0.05."""
    p_values = [
        paired_test(system(0.8, 2 * k, pairs=50), system(0.8, 2 * k + 1, pairs=50), samples=99).p_value
        for k in range(60)
    ]
    assert sum(p_value <= 0.05 for p_value in p_values) <= 8
    assert 0.35 < sum(p_values) / len(p_values) < 0.65


def test_pairing_sees_what_separate_intervals_do_not():
    """One link better on every tenth pair, on pairs of very different difficulty."""
    draw = random.Random(3)
    hits = [draw.randrange(0, 10) for _ in range(200)]
    worse = [Counts(hit, hit, 10, 10) for hit in hits]
    better = [Counts(hit + (k % 10 == 0), hit + (k % 10 == 0), 10, 10) for k, hit in enumerate(hits)]
    assert bootstrap_interval(better).high > total(worse).aer
    assert paired_test(worse, better).p_value < 0.01


def test_other_sentence_pairs_cannot_be_compared():
    with pytest.raises(OptionError, match="got 2 and 3"):
        paired_test([Counts()] * 2, [Counts()] * 3)
