"""A long pair is cut into passages that translate each other."""

import random
from itertools import pairwise

import numpy as np
import pytest
from aligning import LONG, links, some_pairs
from hypothesis import given
from hypothesis import strategies as st

from xalign.aligner import Aligner
from xalign.comparison import Compared
from xalign.errors import OptionError
from xalign.lexicon import Directions
from xalign.links import Alignment, Link
from xalign.passages import (
    Passage,
    joined_alignment,
    joined_comparison,
    joined_directions,
    passages,
    windows,
)
from xalign.text.sentences import SentencePair

SENTENCE = SentencePair.of("das Haus ist klein .", "the house is small and old .")
SENTENCE_LINKS = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 6)]


def text_of(count):
    """So many sentences as one pair, and its links."""
    pair = SentencePair(count * SENTENCE.source, count * SENTENCE.target)
    return pair, [Link(s + 5 * k, t + 7 * k) for k in range(count) for s, t in SENTENCE_LINKS]


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 60))
def test_windows_go_from_end_to_end_and_overlap_by_half(source, target, size):
    found = windows(source, target, size)
    for side, length in enumerate((source, target)):
        spans = [window[side] for window in found]
        assert (spans[0][0], spans[-1][1]) == (0, length)
        assert all(0 < end - start <= size for start, end in spans)
        assert all(after[0] <= before[1] for before, after in pairwise(spans))
    if source == target:
        assert all(2 * (w[0][0] - v[0][0]) <= size + 1 for v, w in pairwise(found))


def test_a_text_is_cut_after_sentences_whatever_their_lengths():
    pair, found = text_of(8)
    cut = passages(pair, found, 14)
    assert cut == [Passage((10 * k, 10 * k + 10), (14 * k, 14 * k + 14)) for k in range(4)]
    assert {cut[0].of(pair)} == {SentencePair(2 * SENTENCE.source, 2 * SENTENCE.target)}


def test_a_cut_is_where_no_link_crosses_it():
    pair = SentencePair(("a",) * 60, ("b",) * 60)
    crossed = [Link(s, t) for s, t in zip(range(9), reversed(range(9)), strict=True)]
    straight = [Link(k, k) for k in range(9, 60)]
    cuts = {passage.source[0] for passage in passages(pair, crossed + straight, 10)}
    assert len(cuts) > 1
    assert cuts.isdisjoint(range(1, 10))


def test_a_sentence_may_be_kept_whole():
    pair = SentencePair(("a",) * 60, ("b",) * 60)
    diagonal = [Link(k, k) for k in range(60)]
    assert passages(pair, diagonal, 10, within_sentences=False) == [Passage((0, 60), (0, 60))]
    text, found = text_of(8)
    assert len(passages(text, found, 14, within_sentences=False)) == 4


@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 30), st.integers(0, 100))
def test_passages_are_the_pair_whatever_its_links(source, target, size, seed):
    chosen = random.Random(seed)
    pair = SentencePair(("a",) * source, ("b",) * target)
    some = {Link(chosen.randrange(source), chosen.randrange(target)) for _ in range(seed)}
    cut = passages(pair, some, size)
    for side, length in enumerate((source, target)):
        ends = [0, *(passage[side][1] for passage in cut)]
        assert [passage[side][0] for passage in cut] == ends[:-1]
        assert ends[-1] == length
        assert all(end > start for start, end in (passage[side] for passage in cut))


CUT = [Passage((0, 1), (0, 2)), Passage((1, 3), (2, 3))]
PAIR = SentencePair.of("a b c", "x y z")


def test_links_of_passages_are_links_of_the_pair():
    found = [
        Alignment((Link(0, 1),), scores=(0.9,), score=0.8),
        Alignment((Link(0, 0), Link(1, 0)), scores=(0.7, 0.6), score=0.4),
    ]
    alignment = joined_alignment(PAIR, CUT, found)
    assert alignment.links == ((0, 1), (1, 2), (2, 2))
    assert alignment.scores == (0.9, 0.7, 0.6)
    assert alignment.score == pytest.approx((3 * 0.8 + 3 * 0.4) / 6)
    assert joined_alignment(PAIR, CUT, [found[0], None]).links == ((0, 1),)


def test_nothing_is_said_of_words_in_different_passages():
    ones = [np.ones((1, 2), np.float32), np.ones((2, 1), np.float32)]
    directions = joined_directions(PAIR, CUT, [Directions(each, 2 * each) for each in ones])
    assert directions.forward.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 1]]
    assert (directions.backward == 2 * directions.forward).all()
    nothing = Alignment(scores=(), score=0.0)
    compared = joined_comparison(PAIR, CUT, [Compared(nothing, each) for each in ones])
    assert np.isnan(compared.similarity).tolist() == [
        [False, False, True],
        [True, True, False],
        [True, True, False],
    ]


@pytest.fixture
def load(tiny):
    """An aligner whose model aligns so many subwords at once."""

    def aligner(window, **options):
        plain = Aligner.load(str(tiny("preset")), device="cpu", dtype="float32")
        return Aligner(plain.encoder, plain.preset.changed(window=window), **options)

    return aligner


def test_pairs_that_fit_a_window_are_aligned_as_ever_beside_one_that_does_not(load):
    pairs = some_pairs(30)
    expected = links(load(None).align(pairs))
    found = links(load(64).align([*pairs[:9], LONG, *pairs[9:]]))
    assert [*found[:9], *found[10:]] == expected
    assert found[9]


def test_an_explanation_is_of_what_is_aligned(load):
    """A pair that is aligned in passages has none. One long sentence is not cut, and has one."""
    with pytest.raises(OptionError, match=r"is aligned in \d+ passages: explain one of its sentences"):
        load(64).explain(LONG)
    aligner, sentence = load(16), ("Das Haus ist klein " * 5, "The house is small " * 5)
    assert aligner.explain(sentence).alignment == aligner(*sentence)


def test_a_text_of_many_sentences_is_aligned_to_its_end(load):
    """By every way in: its links, those with similarities, of several layers, with a lexicon."""
    aligner = load(64)
    [alignment] = aligner.align([LONG])
    assert max(link.source for link in alignment.links) > 130
    assert len(alignment.scores) == len(alignment.links)
    [(_, compared)] = aligner.compare([LONG])
    assert compared.alignment == alignment
    assert compared.similarity.shape == (150, 110)
    [by_layer] = aligner.align_layers([LONG], [aligner.layer, 1])
    assert by_layer[aligner.layer].links == alignment.links
    assert by_layer[1].links != alignment.links
    [with_lexicon] = load(64, lexicon=True).align([LONG])
    assert with_lexicon.links
