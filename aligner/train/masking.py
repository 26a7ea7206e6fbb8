"""Subwords -> the same with some of them masked, and which of them.

Masking follows BERT (Devlin et al., 2019, section 3.1). Each subword is chosen with the same probability. Of the chosen
ones, 80 % become the mask, 10 % become another subword, and 10 % stay as they are. Special subwords are never chosen,
and never replace others. For TLM, both sides of a pair are masked at once (Conneau and Lample, 2019; XLM-Align), or one
side while the other is complete (awesome-align), which takes a pass of the encoder per side.

Random numbers come from torch's global generator, so that a seed repeats them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..encoders.base import Encoder
from ..errors import OptionError
from ..layout import Side
from .options import MASK_RATE, MaskedSides

BECOMES_MASK, BECOMES_OTHER = 0.8, 0.1

SIDES = {MaskedSides.BOTH: ((True, True),), MaskedSides.EACH: ((True, False), (False, True))}
"""Which sides (source, target) are masked in each pass of TLM: both at once, or each while the other is complete."""


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A side after masking. `asked`: the subwords to predict, -1 at all other positions. Shape: (batch, subwords)."""

    side: Side
    asked: Tensor

    @property
    def chosen(self) -> Tensor:
        """True at subwords to predict. Shape: (batch, subwords)."""
        return self.asked >= 0


class Masker:
    """Masks the sentences of one encoder's vocabulary.

    Raises:
        OptionError: the vocabulary has no mask, or the encoder only reads from left to right.
    """

    def __init__(self, encoder: Encoder, rate: float = MASK_RATE) -> None:
        vocabulary = encoder.vocabulary
        if vocabulary.mask is None:
            raise OptionError(
                f"{encoder.preset.name}: its vocabulary has no mask, which the objectives mlm, tlm and dwa need"
            )
        if encoder.causal:
            raise OptionError(
                f"{encoder.preset.name} reads from left to right alone and cannot fill in what is masked, which the "
                "objectives mlm, tlm and dwa ask for: take one that was trained with MLM or TLM, or objective so or co"
            )
        self.mask_id = vocabulary.mask
        self.rate = rate
        self._ordinary = torch.tensor([n for n in range(vocabulary.size) if n not in vocabulary.specials])

    def __call__(self, side: Side) -> Masked:
        """Mask some subwords of each sentence."""
        device = side.ids.device
        self._ordinary = self._ordinary.to(device)
        chosen = side.mask & (torch.rand(side.ids.shape, device=device) < self.rate)
        fate = torch.rand(side.ids.shape, device=device)
        others = self._ordinary[torch.randint(len(self._ordinary), side.ids.shape, device=device)]
        ids = side.ids.masked_fill(chosen & (fate < BECOMES_MASK), self.mask_id)
        becomes_other = chosen & (fate >= BECOMES_MASK) & (fate < BECOMES_MASK + BECOMES_OTHER)
        masked = replace(side, ids=torch.where(becomes_other, others, ids))
        return Masked(masked, asked=torch.where(chosen, side.ids, -1))


def unmasked(side: Side) -> Masked:
    """The side unchanged, without subwords to predict."""
    return Masked(side, asked=torch.full_like(side.ids, -1))
