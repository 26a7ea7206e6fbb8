"""Links of subwords -> alignments of words."""

import numpy as np
import pytest
import reference
import torch
from hypothesis import given
from hypothesis import strategies as st
from matrices import batches, normals, pad, pairs

from xalign.batch_links import Links
from xalign.extract import DIRECTED, EXTRACTORS
from xalign.links import Alignment, Link
from xalign.symmetrize import SYMMETRIZERS
from xalign.words import symmetrized_links, word_links, word_similarity


def subword_links(*scored):
    """One matrix of 3 x 4 subwords with the given ((source, target), score)."""
    links, scores = torch.zeros(1, 3, 4, dtype=torch.bool), torch.full((1, 3, 4), 9.0)
    for pair, score in scored:
        links[0][pair] = True
        scores[0][pair] = score
    return Links(links, scores)


# Two source words of 1 and 2 subwords; three target words of 2, 0 and 2 subwords.
WORDS = (torch.tensor([[0, 1, 1]]), torch.tensor([[0, 0, 2, 2]]), np.array([2]), np.array([3]))


def test_words_are_linked_if_any_of_their_subwords_are_with_the_best_score():
    found = subword_links(((0, 0), 0.25), ((1, 2), 0.5), ((2, 3), 0.75), ((1, 1), 0.125))
    [alignment] = word_links(found, *WORDS)
    assert alignment.links == (Link(0, 0), Link(1, 0), Link(1, 2))
    assert alignment.scores == (0.25, 0.125, 0.75)
    # Best link of each word: source 0.25, 0.75; target 0.25, 0 (a word without subwords), 0.75.
    assert alignment.score == pytest.approx((0.25 + 0.75 + 0.25 + 0 + 0.75) / 5)


def test_a_pair_without_links_is_an_empty_alignment_with_score_0():
    assert word_links(subword_links(), *WORDS) == [Alignment(scores=(), score=0.0)]
    empty = Links(torch.zeros(1, 1, 1, dtype=torch.bool), torch.zeros(1, 1, 1))
    no_words = torch.tensor([[-1]]), torch.tensor([[-1]]), np.array([0]), np.array([0])
    assert word_links(empty, *no_words) == [Alignment(scores=(), score=0.0)]


def test_a_symmetrized_link_scores_the_mean_of_the_directions_that_have_it():
    forward = subword_links(((0, 0), 0.5), ((1, 2), 1.0))
    backward = subword_links(((0, 1), 0.25), ((2, 0), 0.5))
    [both] = symmetrized_links(forward, backward, "intersection", *WORDS)
    assert (both.links, both.scores) == ((Link(0, 0),), (0.375,))
    [either] = symmetrized_links(forward, backward, "union", *WORDS)
    assert either.links == (Link(0, 0), Link(1, 0), Link(1, 2))
    assert either.scores == (0.375, 0.25, 0.5)
    assert either.score == pytest.approx((0.375 + 0.5 + 0.375 + 0 + 0.5) / 5)


@st.composite
def subword_batches(draw):
    """Matrices, and for each the word of every subword: numbers that never fall, with words left out."""
    batch = draw(batches(normals()))
    steps = st.integers(0, 2)
    sides = [
        [np.cumsum(draw(st.lists(steps, min_size=n, max_size=n))).tolist() for n in matrix.shape]
        for matrix in batch
    ]
    return batch, [side[0] for side in sides], [side[1] for side in sides]


def padded_words(rows, positions):
    words = torch.full((len(rows), positions), -1)
    for number, row in enumerate(rows):
        words[number, : len(row)] = torch.tensor(row)
    return words, np.array([max(row) + 1 for row in rows])


@given(subword_batches(), st.sampled_from(list(EXTRACTORS)))
def test_batches_equal_plain_loops(drawn, method):
    batch, source_words, target_words = drawn
    found = EXTRACTORS[method](*pad(batch))
    sources, source_lengths = padded_words(source_words, found.links.shape[1])
    targets, target_lengths = padded_words(target_words, found.links.shape[2])
    alignments = word_links(found, sources, targets, source_lengths, target_lengths)
    for number, alignment in enumerate(alignments):
        subwords = pairs(found.links[number])
        expected = reference.words(subwords, source_words[number], target_words[number])
        assert alignment.links == tuple(sorted(expected))
        for link, score in zip(alignment.links, alignment.scores, strict=True):
            candidates = [
                found.scores[number, i, j].item()
                for i, j in subwords
                if (source_words[number][i], target_words[number][j]) == link
            ]
            assert score == max(candidates)


@given(subword_batches(), st.sampled_from(list(DIRECTED)), st.sampled_from(list(SYMMETRIZERS)))
def test_symmetrizing_a_batch_is_symmetrizing_each_pair(drawn, method, rule):
    batch, source_words, target_words = drawn
    forward, backward = DIRECTED[method](*pad(batch))
    sources, source_lengths = padded_words(source_words, forward.links.shape[1])
    targets, target_lengths = padded_words(target_words, forward.links.shape[2])
    words = sources, targets, source_lengths, target_lengths
    combined = symmetrized_links(forward, backward, rule, *words)
    ahead, back = word_links(forward, *words), word_links(backward, *words)
    for alignment, one, other in zip(combined, ahead, back, strict=True):
        assert set(alignment.links) == set(SYMMETRIZERS[rule](set(one.links), set(other.links)))


def test_words_are_as_similar_as_their_most_similar_subwords():
    """Padding counts for none, and a word without subwords is like none."""
    similarity = torch.tensor(
        [[[1.0, 3, 2, -5], [0, -1, 4, 7], [5, 2, 6, 1]], [[-2.0, 9, 9, 9], [9] * 4, [9] * 4]]
    )
    words = torch.tensor([[0, 1, 1], [0, -1, -1]]), torch.tensor([[0, 0, 2, 2], [0, -1, -1, -1]])
    first, second = word_similarity(similarity, *words, np.array([2, 1]), np.array([3, 2]))
    assert np.array_equal(first, [[3, np.nan, 2], [5, np.nan, 7]], equal_nan=True)
    assert np.array_equal(second, [[-2, np.nan]], equal_nan=True)
