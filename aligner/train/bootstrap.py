"""Links that are not to be trusted + what the model says of them -> links to learn from."""

from __future__ import annotations

import torch
from torch import Tensor

from ..extract import agreement
from ..transport import real_pairs

LIKELY = 0.35  # what is left weighs more


def bootstrapped(
    similarity: Tensor, links: Tensor, source_mask: Tensor, target_mask: Tensor, share: float
) -> Tensor:
    """Labels for `guided` that count in what the model itself holds likely.

    A link weighs (1 - share) times what it is given as plus share times what the model says, which is the geometric
    mean of the softmax probabilities of both directions; what then weighs no more than `LIKELY` is no link. So the
    model can reject a weak link, and find one that is missing, where it is sure; at a share of half it never outweighs
    a link that is given as certain. The soft bootstrapping of Reed et al. (2015), section 3.2, of links. No gradient
    leads through the labels.

    Args:
        similarity: Shape: (batch, source, target).
        links: weights in [0, 1], 0 where there is no link. Shape: (batch, source, target).
        source_mask: Shape: (batch, source).
        target_mask: Shape: (batch, target).
        share: of the model, from 0 to 1.

    Returns:
        Weights in [0, 1], 0 at padding. Shape: (batch, source, target).
    """
    with torch.no_grad():
        likely = agreement(similarity, source_mask, target_mask, threshold=0)
        weights = (1 - share) * links + share * likely.scores
        real = real_pairs(source_mask, target_mask)
        return weights.masked_fill(~real | (weights <= LIKELY), 0)
