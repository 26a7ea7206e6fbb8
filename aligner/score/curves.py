"""Links and gold -> how quality depends on the threshold, on the length of sentences, and on the scores of links.

plots.py draws these curves. Precision and recall are those of aer.py: precision counts the possible links of the gold,
which include the sure ones, and recall counts the sure ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..text.sentences import SentencePair
from .aer import Counts, total
from .evaluation import Gold, Hypothesis
from .significance import Interval, bootstrap_interval

LENGTHS = (1, 6, 11, 16, 21, 31, 41, 61)  # the fewest words of each class of source sentences
BINS = 10


class Threshold(NamedTuple):
    """Precision and recall of the links whose score is at least `threshold`, as fractions."""

    threshold: float
    precision: float
    recall: float


class Length(NamedTuple):
    """The AER of sentence pairs whose source has `fewest` to `most` words; None: any number."""

    fewest: int
    most: int | None
    pairs: int
    aer: float
    interval: Interval


class Bin(NamedTuple):
    """Links whose scores lie between `low` and `high`: how many, their mean score, and the share that is right."""

    low: float
    high: float
    links: int
    score: float
    right: float


def by_threshold(hypothesis: Hypothesis, gold: Gold) -> list[Threshold]:
    """One entry per score that occurs, from the highest to the lowest; empty if links have no scores."""
    scores, sure, possible = _scored(hypothesis, gold)
    if not len(scores):
        return []
    order = np.argsort(-scores, kind="stable")
    scores, sure, possible = scores[order], sure[order].cumsum(), possible[order].cumsum()
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    of_gold = max(1, sum(len(alignment.sure) for alignment in gold.alignments))
    return [Threshold(float(scores[k]), possible[k] / (k + 1), sure[k] / of_gold) for k in last.tolist()]


def by_length(counts: Sequence[Counts], text: Sequence[SentencePair]) -> list[Length]:
    """One entry per class of lengths of the source sentence, in words; classes without pairs are left out."""
    lengths = np.array([len(pair.source) for pair in text])
    found = []
    for fewest, next_fewest in zip(LENGTHS, [*LENGTHS[1:], None], strict=True):
        most = None if next_fewest is None else next_fewest - 1
        inside = (lengths >= fewest) & (lengths <= (np.inf if most is None else most))
        chosen = [counts[k] for k in np.flatnonzero(inside).tolist()]
        if chosen:
            found.append(Length(fewest, most, len(chosen), total(chosen).aer, bootstrap_interval(chosen)))
    return found


def reliability(hypothesis: Hypothesis, gold: Gold, bins: int = BINS) -> list[Bin]:
    """One entry per bin of equal width over [0, 1]; a link is right if it is possible in the gold.

    Bins without links are left out. Empty if scores are not in [0, 1], as those of argmax: they are no probabilities.
    """
    scores, _, possible = _scored(hypothesis, gold)
    if ((scores < 0) | (scores > 1)).any():
        return []
    numbers = np.clip((scores * bins).astype(int), 0, bins - 1)
    return [
        Bin(
            k / bins,
            (k + 1) / bins,
            len(inside),
            float(scores[inside].mean()),
            float(possible[inside].mean()),
        )
        for k in range(bins)
        if len(inside := np.flatnonzero(numbers == k))
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error (Naeini et al., 2015): the distance of scores from the share of links that is right.

    >>> calibration_error([Bin(0.0, 0.5, 1, 0.25, 0.5), Bin(0.5, 1.0, 3, 0.75, 0.75)])
    0.0625
    """
    links = sum(each.links for each in bins)
    return sum(each.links * abs(each.score - each.right) for each in bins) / max(1, links)


def _scored(
    hypothesis: Hypothesis, gold: Gold
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """(score, whether it is sure in the gold, whether it is possible) of each link. Shape of each: (links,)"""
    rows = list(_rows(hypothesis, gold))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return columns[0], columns[1].astype(bool), columns[2].astype(bool)


def _rows(hypothesis: Hypothesis, gold: Gold) -> Iterator[tuple[float, bool, bool]]:
    for found, expected in zip(hypothesis.alignments, gold.alignments, strict=True):
        sure, possible = expected.sure, frozenset(expected.links)
        for link, score in zip(found.links, found.scores or (), strict=False):
            yield score, link in sure, link in possible
