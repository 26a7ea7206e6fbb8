"""The links of a batch: which positions of each sentence pair are linked, with scores, on the device.

Positions are subwords, or words where words are compared. These are the parts of every method of `extract.py` and
`transport.py`: masks, thresholds, both directions in one. Does not: choose links, or hold those of one pair (links.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, ParamSpec, Protocol

import torch
from torch import Tensor

P = ParamSpec("P")


class Links(NamedTuple):
    """Which positions are linked, and each link's score (without meaning where there is no link).

    Shape: both (batch, source, target), bool and floating
    """

    links: Tensor
    scores: Tensor


class Extractor(Protocol):
    """What every method looks like to its caller."""

    def __call__(
        self, similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
    ) -> Links:
        """Shape: (batch, source, target), (batch, source), (batch, target) -> (batch, source, target)."""


class DirectedExtractor(Protocol):
    """A method that decides for each direction on its own: (forward, backward)."""

    def __call__(
        self, similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
    ) -> tuple[Links, Links]:
        """Shape: (batch, source, target), (batch, source), (batch, target) -> (batch, source, target)."""


def real_pairs(source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """Where both positions are real. Shape: (batch, source), (batch, target) -> (batch, source, target)."""
    return source_mask[:, :, None] & target_mask[:, None, :]


def highest(values: Tensor, dimension: int) -> Tensor:
    """Mark the first largest value along a dimension. Shape: (batch, source, target), kept; bool."""
    best = values.max(dimension, keepdim=True).indices  # as argmax; on a CPU three times as fast down columns
    return torch.zeros_like(values, dtype=torch.bool).scatter_(dimension, best, True)


def above(threshold: float | None, links: Links, default: float | None = None) -> Links:
    """Keep links that score above the threshold, or else above the method's default, if it has one."""
    threshold = default if threshold is None else threshold
    return links if threshold is None else Links(links.links & (links.scores > threshold), links.scores)


def mutual(forward: Links, backward: Links) -> Links:
    """Links of both directions, with the smaller of their two scores."""
    return Links(forward.links & backward.links, torch.minimum(forward.scores, backward.scores))


def either(forward: Links, backward: Links) -> Links:
    """Links of one direction or the other, where both give the same score."""
    return Links(forward.links | backward.links, forward.scores)


def combined(
    directions: Callable[P, tuple[Links, Links]], combine: Callable[[Links, Links], Links]
) -> Callable[P, Links]:
    """The method that makes one set of links from those of both directions."""

    def extract(*args: P.args, **options: P.kwargs) -> Links:
        return combine(*directions(*args, **options))

    return extract


def apart(links: Links, source: Tensor, target: Tensor) -> Links:
    """The links between punctuation and punctuation, and between other words and other words.

    If a sentence has a comma that the other does not translate, it is often most similar to a word that is not
    translated either. Nearly all links between the two are wrong (docs/methods.md).

    Args:
        links: Shape: (batch, source, target).
        source: which positions are punctuation. Shape: (batch, source).
        target: Shape: (batch, target).
    """
    return Links(links.links & (source[:, :, None] == target[:, None, :]), links.scores)
