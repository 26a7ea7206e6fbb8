"""The language of each position -> the positions of each language, for blocks with an adapter per language."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Region(NamedTuple):
    """The positions of one language: indices into the flattened input. Shape: (positions,)"""

    language: int
    positions: Tensor


Regions = tuple[Region, ...]


def regions(languages: Tensor, mask: Tensor) -> Regions:
    """The positions of each language that occurs; padding has none. Shape: any, the same for both arguments"""
    flat = languages.masked_fill(~mask, -1).flatten()
    present = torch.unique(languages[mask]).tolist()
    return tuple(Region(language, (flat == language).nonzero().squeeze(1)) for language in present)
