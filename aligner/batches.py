"""Subwords of sentence pairs -> padded batches for the encoder, and where each subword's state will be found.

Pairs of like length go together, so that little is padded, and a batch holds at most a budget of padded subwords.
A sentence beyond the encoder's limit goes in as overlapping windows, a row each; every subword takes its state from the
window in which it stands furthest from a cut. Windows of a pair encoded together move through both sides in step.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .device import moved
from .encoder import Encoder, EncoderInput
from .subwords import Subwords, runs

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of the pairs of a batch.

    `places`: where the state of each subword is among the encoder's, counted through all rows of its input.
    `words`: the word of its sentence that it belongs to, -1 at padding. Shape of both: (batch, subwords).
    `punctuation`: which words are, False at padding. Shape: (batch, words). `lengths`: words of each sentence.
    Shape: (batch,).
    """

    places: Tensor
    words: Tensor
    punctuation: Tensor
    lengths: Indices

    @property
    def mask(self) -> Tensor:
        """True at real subwords. Shape: (batch, subwords)."""
        return self.words >= 0

    def to(self, device: torch.device) -> Side:
        return Side(
            moved(self.places, device),
            moved(self.words, device),
            moved(self.punctuation, device),
            self.lengths,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Sentence pairs that are encoded together.

    `inputs`: one for both sides in pair encoding, one for each side in separate encoding.
    """

    inputs: tuple[EncoderInput, ...]
    source: Side
    target: Side

    def to(self, device: torch.device) -> Batch:
        """The batch on `device`."""
        inputs = tuple(each.to(device) for each in self.inputs)
        return Batch(inputs, self.source.to(device), self.target.to(device))


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


def plan(
    source: Subwords, target: Subwords, geometry: Geometry, budget: int, left_out: Collection[int] = ()
) -> list[Indices]:
    """Which pairs go together: numbers of pairs, each batch of like lengths and within `budget` padded subwords.

    A pair with a side of no subwords is in no batch: it has no links. Nor are those of `left_out`. A pair beyond the
    budget is a batch of its own.
    """
    sizes = np.stack([source.sizes, target.sizes])
    widths = sizes.sum(axis=0) if geometry.encode == "pair" else sizes.max(axis=0)
    limited = widths if geometry.encode == "pair" and not geometry.restart else sizes.max(axis=0)
    widths = np.where(limited > geometry.limit, 2 * widths, widths)  # windows overlap by half
    order = np.argsort(widths, kind="stable")
    order = order[(sizes[:, order] > 0).all(axis=0)]
    if left_out:
        order = order[~np.isin(order, list(left_out))]
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
    source_input, source_side = _build_alone(source, pairs, geometry, side=0)
    target_input, target_side = _build_alone(target, pairs, geometry, side=1)
    return Batch((source_input, target_input), source_side, target_side)


def encode_within(encoder: Encoder, batch: EncoderInput, layers: Sequence[int], budget: int) -> Tensor:
    """The hidden states of `layers` from at most `budget` padded subwords at once: many windows go through in parts.

    Shape: (layers, rows x subwords, width)
    """
    first, *rest = within_budget(batch, budget)
    states = encoder.encode(first, layers)
    if rest:
        whole = states.new_empty(
            len(layers), *batch.ids.shape, states.shape[-1]
        )  # `cat` would hold all states twice
        done = 0
        for part in chain([states], (encoder.encode(each, layers) for each in rest)):
            whole[:, done : done + part.shape[1]] = part
            done += part.shape[1]
        states = whole
    return states.flatten(1, 2)


def within_budget(batch: EncoderInput, budget: int) -> list[EncoderInput]:
    """The same rows in parts of at most `budget` padded subwords; a row beyond it is a part of its own."""
    rows, size = len(batch.ids), rows_at_once(batch, budget)
    if rows == size:
        return [batch]
    return [batch.rows(start, start + size) for start in range(0, rows, size)]


def rows_at_once(batch: EncoderInput, budget: int) -> int:
    """How many rows go through the encoder together: at least one."""
    rows, width = batch.ids.shape
    return min(rows, max(1, budget // width))


Span = tuple[int, int]  # subwords from, up to


class Windows(NamedTuple):
    """The parts of sentences that are encoded, a row each, sentence by sentence: `counts` of them.

    `cuts`: subwords from, up to. Shape: cuts (rows, 2), counts (sentences,)
    """

    cuts: Indices
    counts: Indices

    @classmethod
    def whole(cls, sizes: Indices) -> Windows:
        """Sentences of these sizes in one piece each."""
        return cls(np.stack([np.zeros_like(sizes), sizes], axis=1), np.ones_like(sizes))

    @classmethod
    def of(cls, windows: Sequence[Sequence[Span]]) -> Windows:
        cuts = np.array([span for of_sentence in windows for span in of_sentence])
        return cls(cuts, np.array([len(of_sentence) for of_sentence in windows]))


class Piece(NamedTuple):
    """What each row of an input has at one place, end to end. Shape: ids (all subwords,), sizes (rows,)."""

    ids: Indices
    sizes: Indices


def _build_together(source: Subwords, target: Subwords, pairs: Indices, geometry: Geometry) -> Batch:
    source_windows, target_windows = _windows_together(source.sizes[pairs], target.sizes[pairs], geometry)
    source_part = _windowed(source, pairs, source_windows)
    target_part = _windowed(target, pairs, target_windows)
    rows = len(source_part.sizes)
    pieces = [
        _repeated(geometry.prefix, rows),
        source_part,
        _repeated(geometry.separator, rows),
        target_part,
        _repeated(geometry.suffix, rows),
    ]
    encoder_input, columns = _encoder_input(pieces, geometry, geometry.languages)
    width = encoder_input.ids.shape[1]
    return Batch(
        (encoder_input,),
        _side(source, pairs, source_windows, columns[1], width),
        _side(target, pairs, target_windows, columns[3], width),
    )


def _build_alone(text: Subwords, pairs: Indices, geometry: Geometry, side: int) -> tuple[EncoderInput, Side]:
    windows = _windows_alone(text.sizes[pairs], geometry.limit)
    languages = None if geometry.languages is None else (geometry.languages[side],) * 2
    part = _windowed(text, pairs, windows)
    rows = len(part.sizes)
    pieces = [_repeated(geometry.prefix, rows), part, _repeated(geometry.suffix, rows)]
    encoder_input, columns = _encoder_input(pieces, geometry, languages)
    return encoder_input, _side(text, pairs, windows, columns[1], encoder_input.ids.shape[1])


def _windows_together(source: Indices, target: Indices, geometry: Geometry) -> tuple[Windows, Windows]:
    """Of pairs with so many subwords a side; nearly always all of them fit."""
    longest = np.maximum(source, target) if geometry.restart else source + target
    if longest.max() <= geometry.limit:
        return Windows.whole(source), Windows.whole(target)
    windows = [pair_windows(s, t, geometry) for s, t in zip(source.tolist(), target.tolist(), strict=True)]
    source_windows, target_windows = ([[each[k] for each in of_pair] for of_pair in windows] for k in (0, 1))
    return Windows.of(source_windows), Windows.of(target_windows)


def _windows_alone(sizes: Indices, limit: int) -> Windows:
    if sizes.max() <= limit:
        return Windows.whole(sizes)
    return Windows.of([spans(size, min(size, limit), window_count(size, limit)) for size in sizes.tolist()])


def _windowed(text: Subwords, pairs: Indices, windows: Windows) -> Piece:
    """The subwords of all windows, in the order of their rows."""
    starts, ends = windows.cuts.T
    sizes = ends - starts
    return Piece(text.ids[runs(np.repeat(text.starts[pairs], windows.counts) + starts, sizes)], sizes)


def _encoder_input(
    pieces: Sequence[Piece], geometry: Geometry, languages: tuple[int, int] | None
) -> tuple[EncoderInput, list[Indices]]:
    """Rows of these pieces, side by side, and the columns at which each of them begins.

    The target side begins after the third piece, where there are so many. Shape of columns: (rows,) each
    """
    sizes = [piece.sizes for piece in pieces]
    bounds = np.cumsum([np.zeros_like(sizes[0]), *sizes], axis=0)
    ends = bounds[-1]
    ids = np.full((len(ends), int(ends.max())), geometry.pad, dtype=np.int64)
    numbers = np.arange(ids.shape[1])
    for piece, start, end in zip(pieces, bounds[:-1], bounds[1:], strict=True):
        ids[(numbers >= start[:, None]) & (numbers < end[:, None])] = piece.ids
    mask = numbers < ends[:, None]
    target_starts = bounds[3] if len(pieces) > 3 else ends
    sides = (mask & (numbers >= target_starts[:, None])).astype(np.int64)
    encoder_input = EncoderInput(
        ids=torch.from_numpy(ids),
        mask=torch.from_numpy(mask),
        sides=torch.from_numpy(sides),
        languages=None if languages is None else torch.from_numpy(np.array(languages)[sides]),
        padded=bool(ends.min() < ids.shape[1]),
    )
    return encoder_input, list(bounds)


def _repeated(special: tuple[int, ...], rows: int) -> Piece:
    return Piece(np.tile(np.array(special, dtype=np.int64), rows), np.full(rows, len(special)))


def _side(text: Subwords, pairs: Indices, windows: Windows, columns: Indices, width: int) -> Side:
    """`columns`: where the side's subwords begin in each row, of `width`."""
    sizes = text.sizes[pairs]
    real = np.arange(sizes.max()) < sizes[:, None]
    words = np.full(real.shape, -1, dtype=np.int64)
    words[real] = text.words[runs(text.starts[pairs], sizes)]
    places = np.where(real, _places(sizes, windows, columns, width), 0)
    lengths = text.lengths[pairs]
    punctuation = np.arange(lengths.max()) < lengths[:, None]
    first_words = np.cumsum(text.lengths) - text.lengths
    punctuation[punctuation] = text.punctuation[runs(first_words[pairs], lengths)]
    return Side(torch.from_numpy(places), torch.from_numpy(words), torch.from_numpy(punctuation), lengths)


def _places(sizes: Indices, windows: Windows, columns: Indices, width: int) -> Indices:
    """Where each subword's state is: in its sentence's only row, or in the row where it is furthest from a cut.

    Shape: (batch, subwords)
    """
    counts = windows.counts
    starts = np.arange(len(columns)) * width + columns  # where each row's subwords of this side begin
    rows = counts.cumsum() - counts  # the first of each sentence
    numbers = np.arange(sizes.max())
    places = starts[rows, None] + numbers
    for k in np.flatnonzero(counts > 1):
        size, of_sentence = int(sizes[k]), slice(rows[k], rows[k] + counts[k])
        cuts = windows.cuts[of_sentence]
        of_windows = starts[of_sentence] - cuts[:, 0]
        places[k, :size] = of_windows[most_central(size, cuts)] + numbers[:size]
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
