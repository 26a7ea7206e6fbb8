"""A long pair -> passages that translate each other, each short enough to be aligned by itself, and their links as one.

Models that learned from sentences get lost in a text of many, even if it fits into the encoder. So a long pair is first
aligned in windows that move along its diagonal, half over each other. Their links say where it can be cut: where no
link crosses the cut, best after punctuation on both sides. Then every passage is aligned like a pair of its own. There
are no links between passages. Does not: run a model.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .comparison import Compared
from .lexicon import Directions
from .links import Alignment, Link
from .text.sentences import SentencePair
from .windows import Span, spans

PASSAGE = 7 / 16  # of a window
NEAR = 40  # words around a cut whose links can cross it
CUT = 0.2  # the cost of a cut, measured in links that cross it
OVER = 0.3  # the cost of each word of a passage beyond its size
# The cost of a cut after a full stop on both sides, after other punctuation, and between words.
AFTER_END, AFTER_PUNCTUATION, BETWEEN_WORDS = 0.0, 2.0, 4.0
_ENDS = frozenset(".!?…。！？।؟۔")

Value = TypeVar("Value")


class Passage(NamedTuple):
    """Words of both sides, from and up to."""

    source: Span
    target: Span

    def of(self, pair: SentencePair) -> SentencePair:
        return SentencePair(pair.source[slice(*self.source)], pair.target[slice(*self.target)])


def windows(source: int, target: int, size: int) -> list[Passage]:
    """Windows of `size` words of the longer side along the diagonal; neighbours overlap by half.

    >>> [tuple(each) for each in windows(8, 4, 4)]
    [((0, 4), (0, 2)), ((2, 6), (1, 3)), ((4, 8), (2, 4))]
    """
    longer = max(source, target)
    count = 1 if longer <= size else 1 + -(-2 * (longer - size) // size)
    widths = (min(side, max(1, -(-size * side // longer))) for side in (source, target))
    source_spans, target_spans = (
        spans(side, width, count) for side, width in zip((source, target), widths, strict=True)
    )
    return list(map(Passage, source_spans, target_spans))


def passages(
    pair: SentencePair, links: Collection[Link], size: int, within_sentences: bool = True
) -> list[Passage]:
    """Passages of about `size` words of their longer side, which together are the pair.

    `within_sentences`: also where no sentence ends; without it a pair of a single sentence is one passage.

    Cuts are chosen together, by dynamic programming, so that they cost least: for links that cross them, for a lack of
    punctuation before them, for passages that are too long.
    """
    cuts = _cuts(pair, links, within_sentences)
    costs, before = [0.0], [0]
    for k, cut in enumerate(cuts[1:], start=1):
        best, last = np.inf, 0
        for j in range(k - 1, -1, -1):
            longer = max(cut.source - cuts[j].source, cut.target - cuts[j].target)
            if longer > 3 * size and best < np.inf:
                break
            if cuts[j].source < cut.source and cuts[j].target < cut.target:
                cost = costs[j] + CUT + OVER * max(0, longer - size)
                best, last = min((best, last), (cost, j))
        costs.append(best + cut.cost)
        before.append(last)
    chosen = [len(cuts) - 1]
    while chosen[-1]:
        chosen.append(before[chosen[-1]])
    return [
        Passage((a.source, b.source), (a.target, b.target))
        for a, b in pairwise(cuts[k] for k in reversed(chosen))
    ]


class _Cut(NamedTuple):
    """A place before a word of either side, and what it costs to cut there."""

    source: int
    target: int
    cost: float


def _cuts(pair: SentencePair, links: Collection[Link], within_sentences: bool) -> list[_Cut]:
    """Beginning and end of the pair, and between them the places behind its links, in order."""
    first, last = _Cut(0, 0, 0.0), _Cut(len(pair.source), len(pair.target), 0.0)
    sources, targets = np.array(sorted(links), dtype=np.int64).reshape(-1, 2).T
    cuts = []
    for link in sorted(links):
        source, target = link.source + 1, link.target + 1
        if source == last.source or target == last.target:
            continue
        near = (abs(sources - source) <= NEAR) | (abs(targets - target) <= NEAR)
        crossing = near & ((sources < source) != (targets < target))
        kind = max(_kind(pair.source[link.source]), _kind(pair.target[link.target]))
        if within_sentences or kind == AFTER_END:
            cuts.append(_Cut(source, target, int(crossing.sum()) + kind))
    return [first, *cuts, last]


def _kind(word: str) -> float:
    """What a cut after this word costs."""
    if word[-1] in _ENDS:
        return AFTER_END
    return AFTER_PUNCTUATION if unicodedata.category(word[-1]).startswith("P") else BETWEEN_WORDS


# What is found in passages -> what is found in the pair. None is found in a passage that does not fit into the memory.

Join = Callable[[SentencePair, Sequence[Passage], Sequence[Value | None]], Value]


def joined_alignment(
    pair: SentencePair, passages: Sequence[Passage], found: Sequence[Alignment | None]
) -> Alignment:
    """The links of all passages; the score is the mean of theirs, weighed by their words.

    A link of passages that overlap, as windows do, has the score that the first of them gives it.
    """
    links: dict[Link, float] = {}
    score = words = 0.0
    for passage, alignment in zip(passages, found, strict=True):
        (source, source_end), (target, target_end) = passage
        size = source_end - source + target_end - target
        words += size
        if alignment is not None:
            for link, value in zip(alignment.links, alignment.scores or (), strict=True):
                links.setdefault(Link(link.source + source, link.target + target), value)
            score += size * (alignment.score or 0.0)
    ordered = tuple(sorted(links))
    return Alignment(links=ordered, scores=tuple(links[link] for link in ordered), score=score / words)


def joined_comparison(
    pair: SentencePair, passages: Sequence[Passage], found: Sequence[Compared | None]
) -> Compared:
    """The alignment, and the similarities within passages; NaN between words of different ones."""
    alignment = joined_alignment(pair, passages, [each and each.alignment for each in found])
    return Compared(alignment, _placed(pair, passages, [each and each.similarity for each in found], np.nan))


def joined_directions(
    pair: SentencePair, passages: Sequence[Passage], found: Sequence[Directions | None]
) -> Directions:
    """The probabilities within passages; 0 between words of different ones."""
    forward = _placed(pair, passages, [each and each.forward for each in found], 0)
    backward = _placed(pair, passages, [each and each.backward for each in found], 0)
    return Directions(forward, backward)


def _placed(
    pair: SentencePair,
    passages: Sequence[Passage],
    matrices: Sequence[NDArray[np.float32] | None],
    fill: float,
) -> NDArray[np.float32]:
    """Shape: (source words, target words)"""
    whole = np.full((len(pair.source), len(pair.target)), fill, np.float32)
    for (source, target), matrix in zip(passages, matrices, strict=True):
        if matrix is not None:
            whole[slice(*source), slice(*target)] = matrix
    return whole
