"""Sentences as subwords -> the encoder's input: each sentence alone, or a pair in one sequence, in either order.

Works on the device of the tensors: on the host for alignment, and on the device for training, where a batch is also
laid out in other ways (masked, target first, or one side exchanged for that of another pair). Does not: decide which
sides share a sequence (input_shape.py), or cut long sentences into windows (windows.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .encoder_input import EncoderInput
from .encoders.base import Encoder
from .input_shape import Framed


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

    @classmethod
    def of(
        cls,
        ids: NDArray[np.integer],
        words: NDArray[np.integer],
        sizes: NDArray[np.int64],
        pad: int,
        language: int | None = None,
    ) -> Side:
        """A side from the concatenated subwords of all sentences, and their language id if the encoder needs one.

        Shape: ids and words (subwords of all sentences,), sizes (batch,)
        """
        real = np.arange(sizes.max()) < sizes[:, None]
        padded = np.full((2, *real.shape), [[[pad]], [[-1]]], dtype=np.int64)
        padded[0, real], padded[1, real] = ids, words
        languages = None if language is None else torch.full((len(sizes),), language)
        return cls(torch.from_numpy(padded[0]), torch.from_numpy(padded[1]), sizes, languages)

    @property
    def mask(self) -> Tensor:
        """True at real subwords. Shape: (batch, subwords)."""
        return self.words >= 0

    @property
    def numbers(self) -> Tensor:
        """Each subword's number in its sentence, -1 at padding. Shape: (batch, subwords)."""
        numbers = torch.arange(self.ids.shape[1], device=self.ids.device)
        return torch.where(self.mask, numbers, -1)

    def cut(self, size: int) -> Side:
        """At most the first `size` subwords of each sentence."""
        sizes = np.minimum(self.sizes, size)
        return replace(self, ids=self.ids[:, :size], words=self.words[:, :size], sizes=sizes)

    def windows(
        self, sentences: NDArray[np.int64], starts: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> Side:
        """Parts of sentences: which sentence, from which subword on, how many of them. Shape of each: (parts,)"""
        numbers = np.arange(sizes.max())
        real = numbers < sizes[:, None]
        rows = torch.from_numpy(sentences)[:, None]
        index = torch.from_numpy(np.where(real, starts[:, None] + numbers, 0))
        words = self.words[rows, index].masked_fill(torch.from_numpy(~real), -1)
        languages = None if self.languages is None else self.languages[rows[:, 0]]
        return Side(self.ids[rows, index], words, sizes, languages)

    def pick(self, rows: NDArray[np.int64]) -> Side:
        """The sentences with these numbers, in this order."""
        index = torch.from_numpy(rows).to(self.ids.device)
        languages = None if self.languages is None else self.languages[index]
        return Side(self.ids[index], self.words[index], self.sizes[rows], languages)

    def followed_by(self, other: Side) -> Side:
        """These sentences, followed by those of the other side, as one side."""
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
    """An input of the encoder, the sides in it, and the positions of each side's subwords.

    `columns`: positions in the sequence, per side in their order; past the end at padding. Shape of each: (batch,
    subwords).
    """

    input: EncoderInput
    sides: tuple[Side, ...]
    columns: tuple[Tensor, ...]

    def place(self, side: int, values: Tensor) -> Tensor:
        """The values of a side at the positions of the sequence, -1 elsewhere.

        Shape: (batch, subwords of the side) -> (batch, subwords of the sequence)
        """
        rows, width = self.input.ids.shape
        columns = self.columns[side]
        placed = torch.full((rows, width + 1), -1, dtype=values.dtype, device=values.device)
        return placed.scatter_(1, columns, values[:, : columns.shape[1]])[:, :width]

    def places(self, side: int) -> Tensor:
        """The place of each subword of a side, counted through all rows; 0 at padding. Shape: (batch, subwords)"""
        rows, width = self.input.ids.shape
        columns = self.columns[side]
        first = torch.arange(0, rows * width, width, device=columns.device)[:, None]
        return (columns + first).masked_fill_(columns == width, 0)

    def pick(self, side: int, states: Tensor) -> tuple[Tensor, Tensor]:
        """(the states of a side's subwords, which of them are real).

        Shape: (batch, subwords of the sequence, width) -> (batch, subwords of the side, width), (batch, subwords)
        """
        columns, last = self.columns[side], states.shape[1] - 1
        index = columns.clamp(max=last)[:, :, None].expand(-1, -1, states.shape[2])
        return states.gather(1, index), columns <= last


def lay_out(sides: Sequence[Side], frames: Sequence[Framed], pad: int) -> Layout:
    """One sequence of these sides in their order, each between the special subwords of its frame."""
    rows, device = len(sides[0].sizes), sides[0].ids.device
    totals = np.sum([side.sizes for side in sides], axis=0) + _specials(frames)
    width = int(totals.max())
    # One column more than needed, for the padding of the sides.
    ids = torch.full((rows, width + 1), pad, dtype=torch.int64, device=device)
    end = torch.zeros(rows, 1, dtype=torch.int64, device=device)
    columns, starts = [], []
    for side, (_, before, after) in zip(sides, frames, strict=True):
        starts.append(end)
        for special in before:
            ids.scatter_(1, end, special)
            end = end + 1
        real = side.mask
        places = torch.where(real, end + torch.arange(real.shape[1], device=device), width)
        ids.scatter_(1, places, side.ids)
        columns.append(places)
        end = end + real.sum(1, keepdim=True)
        for special in after:
            ids.scatter_(1, end, special)
            end = end + 1
    numbers = torch.arange(width, device=device)
    mask = numbers < end
    second = mask & (numbers >= starts[1]) if len(sides) > 1 else torch.zeros_like(mask)
    inputs = EncoderInput(
        ids=ids[:, :width].contiguous(),
        mask=mask,
        sides=second.long(),
        languages=_languages(sides, second),
        padded=bool(totals.min() < width),
    )
    return Layout(inputs, tuple(sides), tuple(columns))


def laid_out(pair: tuple[Side, Side], encoder: Encoder) -> tuple[Layout, ...]:
    """The sequences in which the encoder reads pairs: one for both sides, or one for each."""
    return tuple(
        lay_out([pair[framed.side] for framed in frames], frames, encoder.pad_id)
        for frames in encoder.input.sequences(encoder.specials)
    )


def alone(side: Side, encoder: Encoder) -> Layout:
    """Each sentence as a sequence of its own, `<s> a </s>`."""
    return lay_out([side], [Framed(0, encoder.specials.before, encoder.specials.after)], encoder.pad_id)


def joined(first: Side, second: Side, encoder: Encoder) -> Layout:
    """Two sentences in one sequence, whatever the encoder's input shape, for objectives that need it.

    If the shape has two sequences, one follows the other, `[CLS] a [SEP] [CLS] b [SEP]`, as in awesome-align. If any
    two sentences are too long for one sequence, all sentences are cut to half of its length.
    """
    frames = list(chain(*encoder.input.sequences(encoder.specials)))
    room = encoder.limit - _specials(frames) + encoder.specials.total
    if int(encoder.input.joined.filled(first.sizes, second.sizes).max()) > room:
        first, second = first.cut(room // 2), second.cut(room // 2)
    return lay_out([first, second], frames, encoder.pad_id)


def _specials(frames: Sequence[Framed]) -> int:
    return sum(len(framed.before + framed.after) for framed in frames)


def _languages(sides: Sequence[Side], second: Tensor) -> Tensor | None:
    first, last = sides[0].languages, sides[-1].languages
    if first is None or last is None:
        return None
    return torch.where(second, last[:, None], first[:, None])


def _widened(values: Tensor, width: int, fill: int) -> Tensor:
    return torch.nn.functional.pad(values, (0, width - values.shape[1]), value=fill)
