"""Sentences of a training batch -> what the encoder reads: each alone, a pair in one sequence, in either order.

Done with tensors, so that a batch can be laid out in another way on the device where it lies: masked, the target
first, one side exchanged for another pair's. Does not: cut long sentences into windows, as batches.py does for
aligning; training takes what fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..device import moved
from ..encoder import Encoder, EncoderInput
from ..input_shape import Framed


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The sentences of one side, without specials.

    `ids`, `words`: the subwords, and the word of its sentence that each belongs to, -1 at padding. Shape: (batch,
    subwords). `sizes`: real subwords of each sentence, on the host. Shape: (batch,). `languages`: the language id of
    each sentence, for encoders that need one. Shape: (batch,).
    """

    ids: Tensor
    words: Tensor
    sizes: NDArray[np.int64]
    languages: Tensor | None = None

    @property
    def mask(self) -> Tensor:
        """True at real subwords. Shape: (batch, subwords)."""
        return self.words >= 0

    @property
    def numbers(self) -> Tensor:
        """Each subword's number in its sentence, -1 at padding. Shape: (batch, subwords)."""
        numbers = torch.arange(self.ids.shape[1], device=self.ids.device)
        return torch.where(self.mask, numbers, -1)

    def to(self, device: torch.device) -> Side:
        languages = None if self.languages is None else moved(self.languages, device)
        return Side(moved(self.ids, device), moved(self.words, device), self.sizes, languages)

    def cut(self, size: int) -> Side:
        """At most the first `size` subwords of each sentence."""
        sizes = np.minimum(self.sizes, size)
        return replace(self, ids=self.ids[:, :size], words=self.words[:, :size], sizes=sizes)

    def pick(self, rows: NDArray[np.int64]) -> Side:
        """The sentences with these numbers, in this order."""
        index = torch.from_numpy(rows).to(self.ids.device)
        languages = None if self.languages is None else self.languages[index]
        return Side(self.ids[index], self.words[index], self.sizes[rows], languages)

    def followed_by(self, other: Side) -> Side:
        """These sentences and then the other's, as one side."""
        width = max(self.ids.shape[1], other.ids.shape[1])
        languages = None
        if self.languages is not None and other.languages is not None:
            languages = torch.cat([self.languages, other.languages])
        return Side(
            ids=torch.cat([_widened(self.ids, width, 0), _widened(other.ids, width, 0)]),
            words=torch.cat([_widened(self.words, width, -1), _widened(other.words, width, -1)]),
            sizes=np.concatenate([self.sizes, other.sizes]),
            languages=languages,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """An input of the encoder, the sides in it, and at which of its positions each side's subwords stand.

    `columns`: per side, in the order in which they stand; past the end at padding. Shape of each: (batch, subwords).
    """

    input: EncoderInput
    sides: tuple[Side, ...]
    columns: tuple[Tensor, ...]

    def place(self, side: int, values: Tensor) -> Tensor:
        """What each position of the sequence has of a side's values, -1 elsewhere.

        Shape: (batch, subwords of the side) -> (batch, subwords of the sequence)
        """
        rows, width = self.input.ids.shape
        columns = self.columns[side]
        placed = torch.full((rows, width + 1), -1, dtype=values.dtype, device=values.device)
        return placed.scatter_(1, columns, values[:, : columns.shape[1]])[:, :width]

    def pick(self, side: int, states: Tensor) -> tuple[Tensor, Tensor]:
        """(the states of a side's subwords, which of them are real).

        Shape: (batch, subwords of the sequence, width) -> (batch, subwords of the side, width), (batch, subwords)
        """
        columns, last = self.columns[side], states.shape[1] - 1
        index = columns.clamp(max=last)[:, :, None].expand(-1, -1, states.shape[2])
        return states.gather(1, index), columns <= last


def laid_out(pair: tuple[Side, Side], encoder: Encoder) -> tuple[Layout, ...]:
    """The sequences that the encoder reads pairs in: one for both sides, or one each."""
    return tuple(
        _lay_out([pair[framed.side] for framed in frames], frames, encoder.pad_id)
        for frames in encoder.input.sequences(encoder)
    )


def alone(side: Side, encoder: Encoder) -> Layout:
    """Each sentence as a sequence of its own, `<s> a </s>`."""
    return _lay_out([side], [Framed(0, encoder.prefix, encoder.suffix)], encoder.pad_id)


def joined(first: Side, second: Side, encoder: Encoder) -> Layout:
    """Two sentences in one sequence, whatever the encoder's input shape, for objectives that need it.

    Where the shape has two sequences they go one after the other, `[CLS] a [SEP] [CLS] b [SEP]`, as awesome-align joins
    them. If any two are too long for one sequence, all sentences are cut to half of its length.
    """
    frames = list(chain(*encoder.input.sequences(encoder)))
    room = encoder.limit - _specials(frames) + len(encoder.prefix + encoder.separator + encoder.suffix)
    if int(encoder.input.joined.filled(first.sizes, second.sizes).max()) > room:
        first, second = first.cut(room // 2), second.cut(room // 2)
    return _lay_out([first, second], frames, encoder.pad_id)


def _specials(frames: Sequence[Framed]) -> int:
    return sum(len(framed.before + framed.after) for framed in frames)


def _lay_out(sides: Sequence[Side], frames: Sequence[Framed], pad: int) -> Layout:
    rows, device = len(sides[0].sizes), sides[0].ids.device
    totals = np.sum([side.sizes for side in sides], axis=0) + _specials(frames)
    width = int(totals.max())
    # One column more than there are, for what stands at the sides' padding.
    ids = torch.full((rows, width + 1), pad, dtype=torch.int64, device=device)
    end = torch.zeros(rows, 1, dtype=torch.int64, device=device)
    columns, starts = [], []
    for side, (_, before, after) in zip(sides, frames, strict=True):
        starts.append(end)
        for special in before:
            ids.scatter_(1, end, special)
            end = end + 1
        places = torch.where(side.mask, end + side.numbers, width)
        ids.scatter_(1, places, side.ids)
        columns.append(places)
        end = end + side.mask.sum(1, keepdim=True)
        for special in after:
            ids.scatter_(1, end, special)
            end = end + 1
    numbers = torch.arange(width, device=device)
    mask = numbers < end
    second = mask & (numbers >= starts[1]) if len(sides) > 1 else torch.zeros_like(mask)
    inputs = EncoderInput(
        ids=ids[:, :width],
        mask=mask,
        sides=second.long(),
        languages=_languages(sides, second),
        padded=bool(totals.min() < width),
    )
    return Layout(inputs, tuple(sides), tuple(columns))


def _languages(sides: Sequence[Side], second: Tensor) -> Tensor | None:
    first, last = sides[0].languages, sides[-1].languages
    if first is None or last is None:
        return None
    return torch.where(second, last[:, None], first[:, None])


def _widened(values: Tensor, width: int, fill: int) -> Tensor:
    return torch.nn.functional.pad(values, (0, width - values.shape[1]), value=fill)
