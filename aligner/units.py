"""The units of a batch that are compared with each other: subwords, or words as the mean of theirs."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Units(NamedTuple):
    """The units of one side.

    `states`: Shape: (batch, units, width). `words`: the word that each unit belongs to, -1 at padding. Shape: (batch,
    units). `punctuation`: whether that word is punctuation. Shape: (batch, units).
    """

    states: Tensor
    words: Tensor
    punctuation: Tensor

    @property
    def mask(self) -> Tensor:
        return self.words >= 0
