"""Sequences of subword ids as an encoder takes them: a padded batch, on any device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """Sequences of subword ids, padded to the longest.

    `ids`, `sides`: int64, `mask`: bool (True = a real subword). Shape of each: (batch, subwords).
    `sides`: 0 on the source side with its special subwords, 1 on the target side (pair encoding).
    `languages`: the language id of every position, for families that need one. Shape: (batch, subwords).
    `padded`: False promises that `mask` is True everywhere, so that no attention mask is computed; whoever
    builds the batch knows this without waiting for the device.
    """

    ids: Tensor
    mask: Tensor
    sides: Tensor
    languages: Tensor | None = None
    padded: bool = True

    def rows(self, first: int, end: int) -> EncoderInput:
        """Some of the sequences, as wide as all of them."""
        chosen = slice(first, end)
        languages = None if self.languages is None else self.languages[chosen]
        return EncoderInput(self.ids[chosen], self.mask[chosen], self.sides[chosen], languages, self.padded)

    @property
    def restarting_positions(self) -> Tensor:
        """Positions from 0 that start again with the target side; 0 for padding. Shape: (batch, subwords)

        >>> sides, mask = torch.tensor([[0, 0, 0, 1, 1, 0]]), torch.tensor([[True] * 5 + [False]])
        >>> EncoderInput(ids=sides, mask=mask, sides=sides).restarting_positions
        tensor([[0, 1, 2, 0, 1, 0]])
        """
        source_length = ((self.sides == 0) & self.mask).sum(dim=1, keepdim=True)
        positions = torch.arange(self.sides.shape[1], device=self.sides.device)
        return (positions - self.sides * source_length) * self.mask
