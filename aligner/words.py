"""Links between subwords -> alignments of words, with scores.

Two words are linked if any of their subwords are, with the best score of those subword links. The score of a sentence
pair is the mean, over the words of both sides, of the score of the word's best link; a word without a link counts 0.
A calibration (calibration.py) puts probabilities in place of both.

This runs for every pair of a corpus, so it selects once on the device, copies once to the host, and works on arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .batch_links import Links
from .links import Alignment, Link
from .method import Symmetrization
from .symmetrize import SYMMETRIZERS

# A corpus has few distinct links. Sharing them takes less than half the time of creating each one.
_link = lru_cache(maxsize=2**14)(Link)


def word_links(
    links: Links,
    source_words: Tensor,
    target_words: Tensor,
    source_lengths: NDArray[np.int64],
    target_lengths: NDArray[np.int64],
    calibrated: Callable[[NDArray[np.floating]], NDArray[np.float64]] | None = None,
    pair_scores: NDArray[np.float64] | None = None,
) -> list[Alignment]:
    """Map links of subwords to words, one alignment per sentence pair.

    `source_words` and `target_words` give the word that each position belongs to. Values at padding do not matter,
    since padding has no links. The lengths count all words of each sentence, also those without a subword.

    `calibrated`: scores of links -> calibrated scores. `pair_scores`: of each sentence pair, in place of the mean.

    Shape: links (batch, source, target), words (batch, source) and (batch, target), lengths and pair_scores (batch,)
    """
    pairs = _word_pairs(links, source_words, target_words)
    if calibrated is not None:
        pairs = pairs._replace(scores=calibrated(pairs.scores))
    return _alignments(pairs, source_lengths, target_lengths, pair_scores)


def symmetrized_links(
    forward: Links,
    backward: Links,
    method: Symmetrization,
    source_words: Tensor,
    target_words: Tensor,
    source_lengths: NDArray[np.int64],
    target_lengths: NDArray[np.int64],
) -> list[Alignment]:
    """Map both directions to words, then combine them by one of `SYMMETRIZERS`.

    The score of a link is the mean over both directions; a direction without the link counts 0.

    Shape: as `word_links`
    """
    one = _links_with_scores(_word_pairs(forward, source_words, target_words), len(source_lengths))
    other = _links_with_scores(_word_pairs(backward, source_words, target_words), len(source_lengths))
    symmetrize = SYMMETRIZERS[method]
    rows = [
        (sentence, *link, (ahead.get(link, 0.0) + back.get(link, 0.0)) / 2)
        for sentence, (ahead, back) in enumerate(zip(one, other, strict=True))
        for link in sorted(symmetrize(ahead.keys(), back.keys()))
    ]
    sentences, sources, targets, scores = np.array(rows).reshape(-1, 4).T
    pairs = _WordPairs(sentences.astype(np.int64), sources.astype(np.int64), targets.astype(np.int64), scores)
    return _alignments(pairs, source_lengths, target_lengths)


def word_similarity(
    similarity: Tensor,
    source_words: Tensor,
    target_words: Tensor,
    source_lengths: NDArray[np.int64],
    target_lengths: NDArray[np.int64],
) -> list[NDArray[np.float32]]:
    """The similarity of each two words of each pair: that of their most similar subwords, or NaN if there are none.

    Shape: similarity (batch, source, target), the others as `word_links`, with words -1 at padding; of each pair
    (source words, target words)
    """
    for dimension, words, lengths in ((1, source_words, source_lengths), (2, target_words, target_lengths)):
        shape = list(similarity.shape)
        shape[dimension] = padding = int(lengths.max(initial=0))
        shape[dimension] += 1
        places = words.where(words >= 0, padding).unsqueeze(3 - dimension).expand_as(similarity)
        best = similarity.new_full(shape, -torch.inf).scatter_reduce(dimension, places, similarity, "amax")
        similarity = best.narrow(dimension, 0, padding)
    found = similarity.float().cpu().numpy()
    found[np.isneginf(found)] = np.nan
    sizes = zip(source_lengths.tolist(), target_lengths.tolist(), strict=True)
    return [each[:rows, :columns] for each, (rows, columns) in zip(found, sizes, strict=True)]


class _WordPairs(NamedTuple):
    """Linked words of a batch, each pair once, ordered by sentence, source, target. Shape of each: (links,)"""

    sentences: NDArray[np.int64]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    scores: NDArray[np.floating]


def _word_pairs(links: Links, source_words: Tensor, target_words: Tensor) -> _WordPairs:
    """Links of subwords -> each linked pair of words once, with its best score."""
    sentences, sources, targets = links.links.nonzero(as_tuple=True)
    words = torch.stack((sentences, source_words[sentences, sources], target_words[sentences, targets]))
    found = words.cpu().numpy()
    scores = links.scores[sentences, sources, targets].cpu().numpy()
    order = np.lexsort(found[::-1])
    found, scores = found[:, order], scores[order]
    starts = np.flatnonzero((np.diff(found, prepend=-1) != 0).any(0))
    best = np.maximum.reduceat(scores, starts) if len(starts) else scores
    return _WordPairs(found[0, starts], found[1, starts], found[2, starts], best)


def _links_with_scores(pairs: _WordPairs, sentences: int) -> list[dict[Link, float]]:
    """The links of each sentence, in order, with their scores."""
    links = list(map(_link, pairs.sources.tolist(), pairs.targets.tolist()))
    scores = pairs.scores.tolist()
    bounds = np.searchsorted(pairs.sentences, np.arange(sentences + 1)).tolist()
    return [dict(zip(links[a:b], scores[a:b], strict=True)) for a, b in pairwise(bounds)]


def _alignments(
    pairs: _WordPairs,
    source_lengths: NDArray[np.int64],
    target_lengths: NDArray[np.int64],
    pair_scores: NDArray[np.float64] | None = None,
) -> list[Alignment]:
    if pair_scores is None:
        pair_scores = _coverage(pairs, source_lengths, target_lengths)
    linked = _links_with_scores(pairs, len(pair_scores))
    return [
        Alignment(links=tuple(scored), scores=tuple(scored.values()), score=score)
        for scored, score in zip(linked, pair_scores.tolist(), strict=True)
    ]


def _coverage(
    pairs: _WordPairs, source_lengths: NDArray[np.int64], target_lengths: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The score of each sentence pair; 0 for a pair of empty sentences. Shape: (batch,)."""
    best_of_source = np.zeros((len(source_lengths), source_lengths.max(initial=0)))
    best_of_target = np.zeros((len(target_lengths), target_lengths.max(initial=0)))
    np.maximum.at(best_of_source, (pairs.sentences, pairs.sources), pairs.scores)
    np.maximum.at(best_of_target, (pairs.sentences, pairs.targets), pairs.scores)
    score: NDArray[np.float64] = best_of_source.sum(1) + best_of_target.sum(1)
    score /= np.maximum(source_lengths + target_lengths, 1)
    return score
