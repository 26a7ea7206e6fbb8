"""Subwords of sentence pairs -> padded batches for the encoder, and where each subword's state will be found.

Pairs of like length go together, so that little is padded, and a batch holds at most a budget of padded subwords.
A sentence beyond the encoder's limit goes in as overlapping windows, a row each; every subword takes its state from the
window in which it stands furthest from a cut. Windows of a pair encoded together move through both sides in step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xalign.encoder import Encoder, EncoderInput
from xalign.subwords import Subwords

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of the pairs of a batch.

    `places`: where the state of each subword is among the encoder's, counted through all rows of its input.
    `words`: the word of its sentence that it belongs to, -1 at padding. Shape of both: (batch, subwords).
    `lengths`: words of each sentence. Shape: (batch,).
    """

    places: Tensor
    words: Tensor
    lengths: Indices

    @property
    def mask(self) -> Tensor:
        """True at real subwords. Shape: (batch, subwords)."""
        return self.words >= 0

    def to(self, device: torch.device) -> Side:
        return Side(_moved(self.places, device), _moved(self.words, device), self.lengths)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Sentence pairs that are encoded together.

    `inputs`: one for both sides in pair encoding, one for each side in separate encoding.
    """

    inputs: tuple[EncoderInput, ...]
    source: Side
    target: Side

    def to(self, device: torch.device) -> Batch:
        """The batch on `device`; the copy of pinned memory does not wait."""
        inputs = tuple(
            EncoderInput(
                ids=_moved(each.ids, device),
                mask=_moved(each.mask, device),
                sides=_moved(each.sides, device),
                languages=None if each.languages is None else _moved(each.languages, device),
                padded=each.padded,
            )
            for each in self.inputs
        )
        return Batch(inputs, self.source.to(device), self.target.to(device))


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    return tensor if tensor.device == device else tensor.pin_memory().to(device, non_blocking=True)


@dataclass(frozen=True, slots=True)
class Geometry:
    """What of an encoder, and of how it is used, decides the shape of its input."""

    encode: str  # "pair" or "separate"
    restart: bool  # positions restart on the target side: the limit holds for each side
    limit: int
    prefix: tuple[int, ...]
    separator: tuple[int, ...]
    suffix: tuple[int, ...]
    pad: int
    languages: tuple[int, int] | None = None  # ids of the source's and the target's

    @classmethod
    def of(cls, encoder: Encoder, encode: str, languages: tuple[int, int] | None = None) -> Geometry:
        return cls(
            encode=encode,
            restart=encoder.preset.positions == "restart",
            limit=encoder.limit,
            prefix=encoder.prefix,
            separator=encoder.separator,
            suffix=encoder.suffix,
            pad=encoder.pad_id,
            languages=languages,
        )


def plan(source: Subwords, target: Subwords, geometry: Geometry, budget: int) -> list[Indices]:
    """Which pairs go together: numbers of pairs, each batch of like lengths and within `budget` padded subwords.

    A pair with a side of no subwords is in no batch: it has no links. A pair beyond the budget is a batch of its own.
    """
    sizes = np.stack([source.sizes, target.sizes])
    widths = sizes.sum(axis=0) if geometry.encode == "pair" else sizes.max(axis=0)
    order = np.argsort(widths, kind="stable")
    order = order[(sizes[:, order] > 0).all(axis=0)]
    specials = len(geometry.prefix) + len(geometry.separator) + len(geometry.suffix)
    sequences = 1 if geometry.encode == "pair" else 2
    batches, first = [], 0
    for k, width in enumerate((widths[order] + specials).tolist()):
        if k > first and (k - first + 1) * width * sequences > budget:
            batches.append(order[first:k])
            first = k
    if first < len(order):
        batches.append(order[first:])
    return batches


def build(source: Subwords, target: Subwords, pairs: Indices, geometry: Geometry) -> Batch:
    """The batch of the pairs with these numbers."""
    if geometry.encode == "pair":
        return _build_together(source, target, pairs, geometry)
    source_input, source_places = _build_alone(source, pairs, geometry, side=0)
    target_input, target_places = _build_alone(target, pairs, geometry, side=1)
    return Batch(
        (source_input, target_input),
        _side(source, pairs, source_places),
        _side(target, pairs, target_places),
    )


def within_budget(batch: EncoderInput, budget: int) -> list[EncoderInput]:
    """The same rows in parts of at most `budget` padded subwords; a row beyond it is a part of its own."""
    rows, width = batch.ids.shape
    size = max(1, budget // width)
    if rows <= size:
        return [batch]
    return [
        EncoderInput(
            ids=batch.ids[start : start + size],
            mask=batch.mask[start : start + size],
            sides=batch.sides[start : start + size],
            languages=None if batch.languages is None else batch.languages[start : start + size],
            padded=batch.padded,
        )
        for start in range(0, rows, size)
    ]


Span = tuple[int, int]  # subwords from, up to


def _build_together(source: Subwords, target: Subwords, pairs: Indices, geometry: Geometry) -> Batch:
    sizes = zip(source.sizes[pairs].tolist(), target.sizes[pairs].tolist(), strict=True)
    windows = [pair_windows(s, t, geometry) for s, t in sizes]
    rows = [(k, *window) for k, of_pair in enumerate(windows) for window in of_pair]
    prefix, separator, suffix = geometry.prefix, geometry.separator, geometry.suffix
    width = max(b - a + d - c for _, (a, b), (c, d) in rows) + len(prefix) + len(separator) + len(suffix)
    ids = np.full((len(rows), width), geometry.pad, dtype=np.int64)
    sides = np.zeros((len(rows), width), dtype=np.int64)
    ends = []
    columns: list[tuple[int, int]] = []  # where the source's and the target's subwords begin
    for row, (k, (a, b), (c, d)) in enumerate(rows):
        source_start, target_start = source.starts[pairs[k]], target.starts[pairs[k]]
        begin = len(prefix)
        middle = begin + b - a + len(separator)
        end = middle + d - c + len(suffix)
        ids[row, :begin] = prefix
        ids[row, begin : begin + b - a] = source.ids[source_start + a : source_start + b]
        ids[row, middle - len(separator) : middle] = separator
        ids[row, middle : middle + d - c] = target.ids[target_start + c : target_start + d]
        ids[row, end - len(suffix) : end] = suffix
        sides[row, middle:end] = 1
        columns.append((begin, middle))
        ends.append(end)
    source_places = _places(
        source.sizes[pairs], [[s for s, _ in each] for each in windows], [c for c, _ in columns], width
    )
    target_places = _places(
        target.sizes[pairs], [[t for _, t in each] for each in windows], [c for _, c in columns], width
    )
    encoder_input = _encoder_input(ids, sides, ends, geometry.languages)
    return Batch((encoder_input,), _side(source, pairs, source_places), _side(target, pairs, target_places))


def _build_alone(
    text: Subwords, pairs: Indices, geometry: Geometry, side: int
) -> tuple[EncoderInput, Indices]:
    sizes = text.sizes[pairs]
    windows = [
        spans(size, min(size, geometry.limit), window_count(size, geometry.limit)) for size in sizes.tolist()
    ]
    rows = [(k, span) for k, of_sentence in enumerate(windows) for span in of_sentence]
    prefix, suffix = geometry.prefix, geometry.suffix
    width = max(b - a for _, (a, b) in rows) + len(prefix) + len(suffix)
    ids = np.full((len(rows), width), geometry.pad, dtype=np.int64)
    ends = []
    for row, (k, (a, b)) in enumerate(rows):
        start, end = text.starts[pairs[k]], len(prefix) + b - a + len(suffix)
        ids[row, :end] = np.concatenate([prefix, text.ids[start + a : start + b], suffix])
        ends.append(end)
    places = _places(sizes, windows, [len(prefix)] * len(rows), width)
    language = None if geometry.languages is None else (geometry.languages[side],) * 2
    return _encoder_input(ids, np.zeros_like(ids), ends, language), places


def _encoder_input(
    ids: Indices, sides: Indices, ends: list[int], languages: tuple[int, int] | None
) -> EncoderInput:
    mask = np.arange(ids.shape[1]) < np.array(ends)[:, None]
    return EncoderInput(
        ids=torch.from_numpy(ids),
        mask=torch.from_numpy(mask),
        sides=torch.from_numpy(sides),
        languages=None if languages is None else torch.from_numpy(np.array(languages)[sides]),
        padded=min(ends) < ids.shape[1],
    )


def _side(text: Subwords, pairs: Indices, places: Indices) -> Side:
    words = np.full(places.shape, -1, dtype=np.int64)
    for k, pair in enumerate(pairs):
        start, end = text.starts[pair], text.starts[pair + 1]
        words[k, : end - start] = text.words[start:end]
    return Side(torch.from_numpy(places), torch.from_numpy(words), text.lengths[pairs])


def _places(sizes: Indices, windows: list[list[Span]], columns: list[int], width: int) -> Indices:
    """Where each subword's state is: in its sentence's only row, or in the row where it is furthest from a cut.

    `columns`: where the side's subwords begin in each row; padding points to place 0. Shape: (batch, subwords)
    """
    places = np.zeros((len(sizes), int(sizes.max())), dtype=np.int64)
    row = 0
    for k, (size, of_sentence) in enumerate(zip(sizes.tolist(), windows, strict=True)):
        numbers = np.arange(size)
        chosen = most_central(size, of_sentence) if len(of_sentence) > 1 else 0
        starts = np.array([(row + n) * width + columns[row + n] - a for n, (a, _) in enumerate(of_sentence)])
        places[k, :size] = starts[chosen] + numbers
        row += len(of_sentence)
    return places


def pair_windows(source: int, target: int, geometry: Geometry) -> list[tuple[Span, Span]]:
    """The parts of a pair that are encoded together: all of it if it fits, else windows that move in step.

    >>> g = Geometry("pair", False, limit=8, prefix=(), separator=(), suffix=(), pad=0)
    >>> pair_windows(4, 4, g)
    [((0, 4), (0, 4))]
    >>> pair_windows(8, 8, g)
    [((0, 4), (0, 4)), ((2, 6), (2, 6)), ((4, 8), (4, 8))]
    """
    if geometry.restart:
        source_width, target_width = min(source, geometry.limit), min(target, geometry.limit)
    else:
        source_width, target_width = share_limit(source, target, geometry.limit)
    count = max(window_count(source, source_width), window_count(target, target_width))
    return list(zip(spans(source, source_width, count), spans(target, target_width, count), strict=True))


def share_limit(source: int, target: int, limit: int) -> tuple[int, int]:
    """How many subwords of each side go into one window: in proportion, but a short side goes in whole.

    >>> share_limit(10, 500, 512), share_limit(10, 600, 512), share_limit(1000, 1000, 512)
    ((10, 500), (10, 502), (256, 256))
    """
    if source + target <= limit:
        return source, target
    short = limit // 4
    if source <= short:
        return source, limit - source
    if target <= short:
        return limit - target, target
    share = min(max(limit * source // (source + target), short), limit - short)
    return min(share, source), min(limit - share, target)


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


def most_central(size: int, windows: list[Span]) -> Indices:
    """For each subword the window in which it is furthest from a cut; the ends of a sentence are no cuts.

    A sentence that is whole in every window has no cuts: its subwords take the windows in turn.

    >>> most_central(8, [(0, 4), (2, 6), (4, 8)])
    array([0, 0, 0, 1, 1, 2, 2, 2])

    Shape: (size,)
    """
    numbers = np.arange(size)
    starts, ends = np.array(windows).T
    if starts[-1] == 0:
        return numbers * len(windows) // size
    halfway: Indices = (starts[1:] + ends[:-1] - 1) // 2  # as far from the cut of one window as of the next
    return np.searchsorted(halfway, numbers)
