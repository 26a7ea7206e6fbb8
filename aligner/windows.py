"""Sentences beyond the encoder's limit -> overlapping windows, and the window that each subword takes its state from.

Neighbours overlap by half. Windows of a pair in one sequence move through both sides in step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .input_shape import InputShape

Indices = NDArray[np.int64]
Span = tuple[int, int]  # subwords from, up to


class Windows(NamedTuple):
    """The parts of sentences that are encoded, a row each, sentence by sentence: `counts` of them.

    `cuts`: subwords from, up to. Shape: cuts (rows, 2), counts (sentences,)
    """

    cuts: Indices
    counts: Indices

    @property
    def are_whole(self) -> bool:
        """Whether each sentence is in one piece."""
        return len(self.cuts) == len(self.counts)

    @classmethod
    def whole(cls, sizes: Indices) -> Windows:
        """Sentences of these sizes in one piece each."""
        return cls(np.stack([np.zeros_like(sizes), sizes], axis=1), np.ones_like(sizes))

    @classmethod
    def of(cls, windows: Sequence[Sequence[Span]]) -> Windows:
        cuts = np.array([span for of_sentence in windows for span in of_sentence])
        return cls(cuts, np.array([len(of_sentence) for of_sentence in windows]))


def cut(sizes: Sequence[Indices], shape: InputShape, limit: int) -> list[Windows]:
    """The windows of each side in a sequence, of one side or both; nearly always all sentences are whole.

    `sizes`: subwords of each sentence, per side. `limit`: the room of a pair. Shape of each: (sentences,)
    """
    if len(sizes) == 1:
        [alone] = sizes
        if alone.max() <= limit:
            return [Windows.whole(alone)]
        return [
            Windows.of([spans(size, min(size, limit), window_count(size, limit)) for size in alone.tolist()])
        ]
    source, target = sizes
    if shape.filled(source, target).max() <= limit:
        return [Windows.whole(source), Windows.whole(target)]
    of_pairs = [
        pair_windows(s, t, shape, limit) for s, t in zip(source.tolist(), target.tolist(), strict=True)
    ]
    return [Windows.of([[each[k] for each in of_pair] for of_pair in of_pairs]) for k in (0, 1)]


def pair_windows(source: int, target: int, shape: InputShape, limit: int) -> list[tuple[Span, Span]]:
    """The parts of a pair that are encoded together: all of it if it fits, else windows that move in step.

    >>> pair = InputShape(encode="pair")
    >>> pair_windows(4, 4, pair, 8)
    [((0, 4), (0, 4))]
    >>> pair_windows(8, 8, pair, 8)
    [((0, 4), (0, 4)), ((2, 6), (2, 6)), ((4, 8), (4, 8))]
    """
    source_width, target_width = shape.shares(source, target, limit)
    count = max(window_count(source, source_width), window_count(target, target_width))
    return list(zip(spans(source, source_width, count), spans(target, target_width, count), strict=True))


def window_count(size: int, width: int) -> int:
    """How many windows it takes so that neighbours overlap by half."""
    return 1 if size <= width else 1 + -(-(size - width) // max(1, width // 2))


def spans(size: int, width: int, count: int) -> list[Span]:
    """`count` spans of `width` subwords, spread evenly from the first subword to the last.

    >>> spans(10, 4, 4)
    [(0, 4), (2, 6), (4, 8), (6, 10)]
    """
    starts = [n * (size - width) // max(1, count - 1) for n in range(count)]
    return [(start, start + width) for start in starts]


def most_central(size: int, cuts: Indices) -> Indices:
    """For each subword the window in which it is furthest from a cut; the ends of a sentence are no cuts.

    A sentence that is whole in every window has no cuts: its subwords take the windows in turn.

    >>> most_central(8, np.array([(0, 4), (2, 6), (4, 8)]))
    array([0, 0, 0, 1, 1, 2, 2, 2])

    Shape: (windows, 2) -> (size,)
    """
    numbers = np.arange(size)
    starts, ends = cuts.T
    if starts[-1] == 0:
        return numbers * len(cuts) // size
    halfway: Indices = (starts[1:] + ends[:-1] - 1) // 2  # as far from the cut of one window as of the next
    return np.searchsorted(halfway, numbers)
