"""A model's probabilities and the company that words keep -> better probabilities."""

import math
from collections import defaultdict

import numpy as np
import pytest

from xalign.lexicon import (
    FLOOR,
    LIKELY,
    NULL,
    SMOOTHING,
    STEM,
    Directions,
    likely_links,
    reestimate,
    together,
)
from xalign.text.sentences import SentencePair

ROUNDS = 5
TEXT = [
    ("das Haus", "the house"),
    ("das Buch", "the book"),
    ("ein Buch", "a book"),
    ("das Haus ist Haus", "the house is"),
    ("", "nothing"),
]
PAIRS = [SentencePair.of(*text) for text in TEXT]


def even(pairs):
    """A model that knows nothing."""
    sizes = [(len(pair.source), len(pair.target)) for pair in pairs]
    return [
        Directions(np.full((m, n), 1 / max(n, 1), np.float32), np.full((m, n), 1 / max(m, 1), np.float32))
        for m, n in sizes
    ]


def drawn(pairs, seed=1):
    random = np.random.default_rng(seed)
    found = []
    for pair in pairs:
        values = random.random((2, len(pair.source), len(pair.target))).astype(np.float32)
        found.append(
            Directions(
                values[0] / values[0].sum(1, keepdims=True), values[1] / values[1].sum(0, keepdims=True)
            )
        )
    return found


def test_words_find_each_other_by_the_company_they_keep():
    """Knight's example: in no pair alone can it be told which word is which."""
    found = reestimate(PAIRS, even(PAIRS), ROUNDS)
    for number in (0, 1):
        forward, backward = found[number]
        assert forward.argmax(1).tolist() == backward.argmax(0).tolist() == [0, 1]


def test_what_the_model_knows_breaks_ties():
    pairs = [SentencePair.of("a b", "x y")]
    model = np.array([[0.1, 0.9], [0.9, 0.1]], np.float32)
    [(forward, backward)] = reestimate(pairs, [Directions(model, model)], ROUNDS)
    assert forward.argmax(1).tolist() == backward.argmax(0).tolist() == [1, 0]


def test_it_equals_the_sums_written_out():
    modelled = drawn(PAIRS)
    found = reestimate(PAIRS, modelled, ROUNDS)
    both = list(zip(PAIRS, modelled, strict=True))
    forward = written_out([(pair.source, pair.target, each.forward) for pair, each in both])
    backward = written_out([(pair.target, pair.source, each.backward.T) for pair, each in both])
    for each, ahead, back in zip(found, forward, backward, strict=True):
        np.testing.assert_allclose(each.forward, np.reshape(ahead, each.forward.shape), rtol=1e-5)
        np.testing.assert_allclose(each.backward.T, np.reshape(back, each.backward.T.shape), rtol=1e-5)


def written_out(rows):
    """(explained words, explaining words, model) of each pair -> probabilities, a word at a time."""
    stems = [
        ([w[:STEM].lower() for w in ours], [w[:STEM].lower() for w in others]) for ours, others, _ in rows
    ]
    frequency = defaultdict(float)
    for ours, _ in stems:
        for word in ours:
            frequency[word] += 1 / sum(len(each) for each, _ in stems)
    priors = []
    for _, _, model in rows:
        raised = [[max(value, FLOOR) ** (ROUNDS**-0.5) for value in row] for row in model.tolist()]
        priors.append([[value / sum(row) for value in row] for row in raised])
    found = priors
    for _ in range(ROUNDS):
        counts, totals = defaultdict(float), defaultdict(float)
        for (ours, others), table in zip(stems, found, strict=True):
            for word, row in zip(ours, table, strict=True):
                for other, value in zip(others, row, strict=True):
                    counts[other, word] += value
                    totals[other] += value
        after = []
        for (ours, others), prior in zip(stems, priors, strict=True):
            table = []
            for word, row in zip(ours, prior, strict=True):
                joint = [
                    (1 - NULL)
                    * value
                    * (counts[other, word] + SMOOTHING)
                    / (totals[other] + SMOOTHING * len(frequency))
                    for other, value in zip(others, row, strict=True)
                ]
                table.append([value / (sum(joint) + NULL * frequency[word]) for value in joint])
            after.append(table)
        found = after
    return found


def test_probabilities_leave_room_for_nothing():
    for forward, backward in reestimate(PAIRS, drawn(PAIRS), ROUNDS)[:-1]:
        assert (forward > 0).all() and (forward.sum(1) < 1).all()
        assert (backward > 0).all() and (backward.sum(0) < 1).all()


def test_words_that_the_model_keeps_apart_stay_apart():
    """However often they meet: x is near both words, but the model is sure that it is b's."""
    pairs = [SentencePair.of("a b", "x x")] * 5
    model = np.array([[FLOOR / 2, FLOOR / 2], [0.5, 0.5]], np.float32)
    for forward, backward in reestimate(pairs, [Directions(model, model)] * 5, ROUNDS):
        assert not forward[0].any() and not backward[0].any()
        assert forward[1].all() and backward[1].all()


def test_inflected_forms_share_what_is_known_of_them():
    """Only as two forms of one word have they met Haus twice."""
    alike = [SentencePair.of(*text) for text in (("Haus x", "Houses y"), ("Haus z", "housed u"))]
    apart = [SentencePair.of(*text) for text in (("Haus x", "1houses y"), ("Haus z", "2housed u"))]
    assert reestimate(alike, even(alike), ROUNDS)[0].forward[0, 0] > 0.5
    forward = reestimate(apart, even(apart), ROUNDS)[0].forward
    assert math.isclose(forward[0, 0], forward[0, 1], rel_tol=1e-5)


@pytest.mark.parametrize("pairs", [[], [SentencePair((), ())], [SentencePair.of("a", "")]])
def test_where_there_are_no_words_there_is_nothing(pairs):
    assert [each.forward.size for each in reestimate(pairs, even(pairs), ROUNDS)] == [0] * len(pairs)


def test_a_pair_of_which_the_model_says_nothing_counts_all_the_same():
    silent = [None, *even(PAIRS)[1:]]
    zeros = [Directions(*(np.zeros((2, 2), np.float32),) * 2), *even(PAIRS)[1:]]
    first, *found = reestimate(PAIRS, silent, ROUNDS)
    assert first is None
    for one, other in zip(found, reestimate(PAIRS, zeros, ROUNDS)[1:], strict=True):
        assert np.array_equal(one.forward, other.forward) and np.array_equal(one.backward, other.backward)


def test_a_pair_of_which_the_model_says_nothing_takes_no_room_however_large():
    """As a table of their words it would have 10 ** 11 cells."""
    large = SentencePair(("a",) * 300_000, ("b",) * 300_000)
    pairs = [*PAIRS, large]
    *found, last = reestimate(pairs, [*even(PAIRS), None], 1)
    assert last is None and all(each is not None for each in found)
    large_and_small = [(pair, [each]) for pair, each in zip(pairs, [*even(PAIRS), None], strict=True)]
    assert [len(some) for some in together(large_and_small, 10_000, 2**24)] == [len(pairs)]


def test_fewer_pairs_share_a_lexicon_where_they_are_long():
    pairs = [SentencePair.of("das Haus ist klein", "the house is small")] * 5
    modelled = [(pair, [said]) for pair, said in zip(pairs, even(pairs), strict=True)]
    assert [len(some) for some in together(modelled, 10_000, 31)] == [2, 2, 1]  # two pairs have 32 cells
    assert [len(some) for some in together(modelled, 3, 10_000)] == [3, 2]


def test_pairs_share_a_lexicon_with_the_same_pairs_in_a_part_of_their_text():
    """Whatever came before: a group ends every so many pairs of the text."""
    pairs = [SentencePair.of("das Haus ist klein", "the house is small")] * 7
    modelled = [(pair, [said]) for pair, said in zip(pairs, even(pairs), strict=True)]
    assert [len(some) for some in together(modelled, 3, 10_000, first=5)] == [1, 3, 3]
    assert [len(some) for some in together(modelled, 3, 31)] == [2, 1, 2, 1, 1]


def test_links_are_those_above_the_threshold_with_the_mean_as_score():
    forward = np.array([[0.9, 0.05], [0.1, 0.4], [0.0, 0.3]], np.float32)
    backward = np.array([[0.4, 0.2], [0.1, 0.9], [0.5, 0.0]], np.float32)
    alignment = likely_links(Directions(forward, backward))
    assert alignment.links == ((0, 0), (1, 1)) and math.sqrt(0.1 * 0.1) < LIKELY
    assert alignment.scores == pytest.approx([0.6, 0.6])
    assert alignment.score == pytest.approx((0.6 + 0.6 + 0 + 0.6 + 0.6) / 5)
    more = likely_links(Directions(forward, backward), threshold=0.09)
    assert more.links == ((0, 0), (0, 1), (1, 0), (1, 1))
    assert likely_links(Directions(forward, backward), threshold=0.7).links == ()


def test_no_words_have_no_links():
    empty = likely_links(Directions(*(np.zeros((0, 3), np.float32),) * 2))
    assert (empty.links, empty.scores, empty.score) == ((), (), 0)
    assert likely_links(None) == empty
