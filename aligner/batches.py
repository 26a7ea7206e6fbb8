"""Subwords of sentence pairs -> padded batches for the encoder, and the place of each subword's state in its output.

Pairs of similar length share a batch, so that there is little padding. A batch has at most `budget` subwords, padding
included. A sentence beyond the encoder's limit becomes overlapping windows (windows.py), a row each.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from .device import moved
from .encoder_input import EncoderInput
from .encoders.base import Encoder
from .input_shape import Framed, InputShape, Specials
from .layout import Side, lay_out
from .subwords import Subwords, runs
from .windows import Indices, Windows, cut, most_central


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """One side of the pairs of a batch: where the states of its subwords are, and to which words they belong.

    `places`: the place of each subword's state, counted through all rows of the encoder's input. `words`: the word of
    its sentence that it belongs to, -1 at padding. Shape of both: (batch, subwords). `punctuation`: which words are
    punctuation, False at padding. Shape: (batch, words). `lengths`: words of each sentence. Shape: (batch,).
    """

    places: Tensor
    words: Tensor
    punctuation: Tensor
    lengths: Indices

    @property
    def mask(self) -> Tensor:
        """True at real subwords. Shape: (batch, subwords)."""
        return self.words >= 0


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Sentence pairs that are encoded together.

    `inputs`: one for both sides in pair encoding, one for each side in separate encoding.
    """

    inputs: tuple[EncoderInput, ...]
    source: Located
    target: Located

    def to(self, device: torch.device) -> Batch:
        """The batch on `device`."""
        return moved(self, device)


@dataclass(frozen=True, slots=True)
class Geometry:
    """The properties of an encoder, and of its use, that decide the shape of its input."""

    shape: InputShape
    limit: int  # the room of a pair
    specials: Specials
    pad: int
    languages: tuple[int, int] | None = None  # ids of the source's and the target's

    @classmethod
    def of(cls, encoder: Encoder, shape: InputShape, languages: tuple[int, int] | None = None) -> Geometry:
        return cls(shape, encoder.limit, encoder.specials, encoder.pad_id, languages)


def plan(
    source: Subwords, target: Subwords, geometry: Geometry, budget: int, left_out: Collection[int] = ()
) -> list[Indices]:
    """Which pairs share a batch: numbers of pairs of similar length, at most `budget` subwords with padding.

    Pairs with an empty side are in no batch, since they have no links; nor are the pairs in `left_out`. A pair beyond
    the budget is a batch of its own.
    """
    shape, sizes = geometry.shape, (source.sizes, target.sizes)
    widths = shape.widths(*sizes)
    widths = np.where(shape.filled(*sizes) > geometry.limit, 2 * widths, widths)  # windows overlap by half
    order = np.argsort(widths, kind="stable")
    order = order[(sizes[0][order] > 0) & (sizes[1][order] > 0)]
    if left_out:
        order = order[~np.isin(order, list(left_out))]
    sequences = len(shape.sequences(geometry.specials))
    batches, first = [], 0
    for k, width in enumerate((widths[order] + geometry.specials.total).tolist()):
        if k > first and (k - first + 1) * width * sequences > budget:
            batches.append(order[first:k])
            first = k
    if first < len(order):
        batches.append(order[first:])
    return batches


def build(source: Subwords, target: Subwords, pairs: Indices, geometry: Geometry) -> Batch:
    """The batch of these pairs."""
    sequences = [
        _build_sequence((source, target), pairs, frames, geometry)
        for frames in geometry.shape.sequences(geometry.specials)
    ]
    source_side, target_side = (side for _, of_sequence in sequences for side in of_sequence)
    return Batch(tuple(each for each, _ in sequences), source_side, target_side)


def encode_within(encoder: Encoder, batch: EncoderInput, layers: Sequence[int], budget: int) -> Tensor:
    """The hidden states of `layers`; more than `budget` subwords, such as many windows, are encoded in parts.

    Shape: (layers, rows x subwords, width)
    """
    first, *rest = within_budget(batch, budget)
    states = encoder.encode(first, layers)
    if rest:
        # `cat` would need memory for all states twice.
        whole = states.new_empty(len(layers), *batch.ids.shape, states.shape[-1])
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


def _build_sequence(
    texts: Sequence[Subwords], pairs: Indices, frames: Sequence[Framed], geometry: Geometry
) -> tuple[EncoderInput, list[Located]]:
    """One of the sequences of each pair, in several rows if it does not fit, and where the states of its sides are."""
    texts = [texts[framed.side] for framed in frames]
    sides = [_side(texts[k], pairs, framed.side, geometry) for k, framed in enumerate(frames)]
    windows = cut([side.sizes for side in sides], geometry.shape, geometry.limit)
    rows = [_rows(side, of_side) for side, of_side in zip(sides, windows, strict=True)]
    layout = lay_out(rows, frames, geometry.pad)
    located = []
    for k, (text, side) in enumerate(zip(texts, sides, strict=True)):
        places = layout.places(k)
        if not windows[k].are_whole:
            places = _central_places(side, windows[k], places[:, 0].numpy())
        located.append(_located(text, pairs, side, places))
    return layout.input, located


def _side(text: Subwords, pairs: Indices, number: int, geometry: Geometry) -> Side:
    """The sentences of these pairs on side `number`."""
    sizes = text.sizes[pairs]
    chosen = runs(text.starts[pairs], sizes)
    language = None if geometry.languages is None else geometry.languages[number]
    return Side.of(text.ids[chosen], text.words[chosen], sizes, geometry.pad, language)


def _rows(side: Side, windows: Windows) -> Side:
    """The windows of all sentences, one after the other."""
    if windows.are_whole:
        return side
    starts, ends = windows.cuts.T
    return side.windows(np.repeat(np.arange(len(windows.counts)), windows.counts), starts, ends - starts)


def _central_places(side: Side, windows: Windows, starts: Indices) -> Tensor:
    """Where each subword's state is: of the rows of its sentence, in the one where it is furthest from a cut.

    `starts`: the place where the side begins in each row, counted through all rows. Shape: (rows,) -> (batch, subwords)
    """
    places = torch.zeros_like(side.ids)
    rows = np.cumsum(windows.counts) - windows.counts  # the first of each sentence
    for k, (size, row, count) in enumerate(zip(side.sizes, rows, windows.counts, strict=True)):
        cuts = windows.cuts[row : row + count]
        of_windows = starts[row : row + count] - cuts[:, 0]
        places[k, :size] = torch.from_numpy(of_windows[most_central(size, cuts)] + np.arange(size))
    return places


def _located(text: Subwords, pairs: Indices, side: Side, places: Tensor) -> Located:
    lengths = text.lengths[pairs]
    punctuation = np.arange(lengths.max()) < lengths[:, None]
    first_words = np.cumsum(text.lengths) - text.lengths
    punctuation[punctuation] = text.punctuation[runs(first_words[pairs], lengths)]
    return Located(places, side.words, torch.from_numpy(punctuation), lengths)
