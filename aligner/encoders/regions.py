"""The language of every position -> where each language is, for blocks that have a part per language."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Region(NamedTuple):
    """Where one language is. `positions`: indices into the flattened input."""

    language: int
    positions: Tensor


Regions = tuple[Region, ...]


def regions(languages: Tensor, mask: Tensor) -> Regions:
    """Which positions belong to which language; padding belongs to none. Shapes: the same, any"""
    flat = languages.masked_fill(~mask, -1).flatten()
    present = torch.unique(languages[mask]).tolist()
    return tuple(Region(language, (flat == language).nonzero().squeeze(1)) for language in present)
