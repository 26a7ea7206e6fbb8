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
from .input_shape import Framed, InputShape
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

    shape: InputShape
    limit: int  # the room of a pair
    prefix: tuple[int, ...]
    separator: tuple[int, ...]
    suffix: tuple[int, ...]
    pad: int
    languages: tuple[int, int] | None = None  # ids of the source's and the target's

    @classmethod
    def of(cls, encoder: Encoder, shape: InputShape, languages: tuple[int, int] | None = None) -> Geometry:
        return cls(
            shape=shape,
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
    shape, sizes = geometry.shape, (source.sizes, target.sizes)
    widths = shape.widths(*sizes)
    widths = np.where(shape.filled(*sizes) > geometry.limit, 2 * widths, widths)  # windows overlap by half
    order = np.argsort(widths, kind="stable")
    order = order[(sizes[0][order] > 0) & (sizes[1][order] > 0)]
    if left_out:
        order = order[~np.isin(order, list(left_out))]
    specials = len(geometry.prefix) + len(geometry.separator) + len(geometry.suffix)
    sequences = len(shape.sequences(geometry))
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
    sequences = [
        _build_sequence((source, target), pairs, frames, geometry)
        for frames in geometry.shape.sequences(geometry)
    ]
    sides = [side for _, of_sequence in sequences for side in of_sequence]
    return Batch(tuple(each for each, _ in sequences), *sides)


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


def _build_sequence(
    texts: Sequence[Subwords], pairs: Indices, frames: Sequence[Framed], geometry: Geometry
) -> tuple[EncoderInput, list[Side]]:
    """One of the sequences of each pair, in several rows where it does not fit; and where its sides' states are."""
    of_sides = [texts[framed.side] for framed in frames]
    windows = _windows([text.sizes[pairs] for text in of_sides], geometry)
    parts = [_windowed(text, pairs, cut) for text, cut in zip(of_sides, windows, strict=True)]
    encoder_input, columns = _encoder_input(parts, frames, geometry)
    width = encoder_input.ids.shape[1]
    places = zip(of_sides, windows, columns, strict=True)
    return encoder_input, [_side(text, pairs, cut, column, width) for text, cut, column in places]


def _windows(sizes: Sequence[Indices], geometry: Geometry) -> Sequence[Windows]:
    if len(sizes) > 1:
        source, target = sizes
        return _windows_together(source, target, geometry)
    return [_windows_alone(sizes[0], geometry.limit)]


def _windows_together(source: Indices, target: Indices, geometry: Geometry) -> tuple[Windows, Windows]:
    """Of pairs with so many subwords a side; nearly always all of them fit."""
    if geometry.shape.filled(source, target).max() <= geometry.limit:
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
    parts: Sequence[Piece], frames: Sequence[Framed], geometry: Geometry
) -> tuple[EncoderInput, list[Indices]]:
    """Rows of sides in their frames, one after the other, and the columns at which each side's subwords begin.

    Shape of columns: (rows,) each
    """
    rows = len(parts[0].sizes)
    pieces = [
        piece
        for part, (_, before, after) in zip(parts, frames, strict=True)
        for piece in (_repeated(before, rows), part, _repeated(after, rows))
    ]
    sizes = [piece.sizes for piece in pieces]
    bounds = np.cumsum([np.zeros_like(sizes[0]), *sizes], axis=0)
    ends = bounds[-1]
    ids = np.full((rows, int(ends.max())), geometry.pad, dtype=np.int64)
    numbers = np.arange(ids.shape[1])
    for piece, start, end in zip(pieces, bounds[:-1], bounds[1:], strict=True):
        if len(piece.ids):
            ids[(numbers >= start[:, None]) & (numbers < end[:, None])] = piece.ids
    mask = numbers < ends[:, None]
    second_starts = bounds[3] if len(parts) > 1 else ends
    sides = (mask & (numbers >= second_starts[:, None])).astype(np.int64)
    languages = geometry.languages and np.array([geometry.languages[framed.side] for framed in frames])
    encoder_input = EncoderInput(
        ids=torch.from_numpy(ids),
        mask=torch.from_numpy(mask),
        sides=torch.from_numpy(sides),
        languages=None if languages is None else torch.from_numpy(languages[sides]),
        padded=bool(ends.min() < ids.shape[1]),
    )
    return encoder_input, list(bounds[1::3])


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

    >>> pair = InputShape(encode=Encoding.PAIR)
    >>> g = Geometry(pair, limit=8, prefix=(), separator=(), suffix=(), pad=0)
    >>> pair_windows(4, 4, g)
    [((0, 4), (0, 4))]
    >>> pair_windows(8, 8, g)
    [((0, 4), (0, 4)), ((2, 6), (2, 6)), ((4, 8), (4, 8))]
    """
    source_width, target_width = geometry.shape.shares(source, target, geometry.limit)
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
