"""Hidden states -> the similarity of each source position and each target position.

Dot is the inner product, which awesome-align (Dou & Neubig, 2021) and XLM-Align (Chi et al., 2021) use. Cosine is
SimAlign's (1 + cos) / 2, in [0, 1] (Jalili Sabet et al., 2020), which its itermax relies on. A position is a subword,
or a word after `pool_words`. Does not: mask. Rows and columns of padding are arbitrary; extraction takes the masks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from .method import Similarity
from .options import chosen


class Units(NamedTuple):
    """The units of one side that are compared: subwords, or words as the mean of theirs.

    `states`: Shape: (batch, units, width). `words`: the word that each unit belongs to, -1 at padding. Shape: (batch,
    units). `punctuation`: whether that word is punctuation. Shape: (batch, units).
    """

    states: Tensor
    words: Tensor
    punctuation: Tensor

    @property
    def mask(self) -> Tensor:
        return self.words >= 0


def dot(source: Tensor, target: Tensor) -> Tensor:
    """Inner products. Shape: (batch, source, width), (batch, target, width) -> (batch, source, target)."""
    return source @ target.transpose(1, 2)


def cosine(source: Tensor, target: Tensor) -> Tensor:
    """(1 + cosine) / 2, in [0, 1]. Shape: as `dot`."""
    return (1 + dot(functional.normalize(source, dim=-1), functional.normalize(target, dim=-1))) / 2


MEASURES: dict[Similarity, Callable[[Tensor, Tensor], Tensor]] = {
    Similarity.DOT: dot,
    Similarity.COSINE: cosine,
}


def similarity(source: Tensor, target: Tensor, method: str) -> Tensor:
    """Compare all positions by "dot" or "cosine", in float32 whatever the dtype of the states.

    Shape: (batch, source, width), (batch, target, width) -> (batch, source, target)
    """
    return MEASURES[chosen("similarity", method, Similarity)](source.float(), target.float())


def pool_places(states: Tensor, places: Tensor, word_index: Tensor, words: int) -> tuple[Tensor, Tensor]:
    """As `pool_words`, for the states at `places`: several times as fast, but without gradient.

    The subwords of a word must be consecutive, and words in order.

    Shape: (places, width), (batch, subwords), (batch, subwords) -> (batch, words, width), (batch, words)
    """
    rows, real = len(places), word_index >= 0
    slots = (torch.arange(rows, device=places.device)[:, None] * words + word_index)[real]
    sizes = torch.bincount(slots, minlength=rows * words)
    starts = sizes.cumsum(0) - sizes
    pooled = functional.embedding_bag(places[real], states.float(), starts, mode="mean")
    return pooled.view(rows, words, -1), sizes.view(rows, words) > 0


def pool_words(states: Tensor, word_index: Tensor, words: int) -> tuple[Tensor, Tensor]:
    """Average each word's subwords: (states of words in float32, mask of the words that have any subword).

    `word_index`: the word that each subword belongs to, -1 at padding. `words`: the number of words, padding included.

    Shape: (batch, subwords, width), (batch, subwords) -> (batch, words, width), (batch, words)
    """
    numbers = torch.arange(words, device=states.device)
    membership = (word_index[:, None, :] == numbers[None, :, None]).float()  # (batch, words, subwords)
    sizes = membership.sum(-1)
    # A product, not index_add: its order of summation, and so its result, is the same in every run on a GPU.
    # Padding is cleared because 0 x (whatever an encoder leaves there, NaN included) must be 0.
    states = states.float().masked_fill((word_index < 0)[:, :, None], 0)
    return membership @ states / sizes.clamp(min=1)[:, :, None], sizes > 0
