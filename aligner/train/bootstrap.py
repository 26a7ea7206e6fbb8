"""Links with errors + the model's probabilities -> links to train on."""

from __future__ import annotations

import torch
from torch import Tensor

from ..batch_links import real_pairs
from ..extract import agreement

LIKELY = 0.35  # a label's weight must be above it


def bootstrapped(
    similarity: Tensor, links: Tensor, source_mask: Tensor, target_mask: Tensor, share: float
) -> Tensor:
    """Labels for `guided` that combine given links with the model's own probabilities.

    The weight of a link is (1 - share) times its given weight plus share times the model's probability, which is the
    geometric mean of the softmax probabilities of both directions. Pairs whose weight is at most `LIKELY` are not
    links. So the model can reject a weak link, and add one of which it is certain. At a share of one half it cannot
    overrule a link that is given as certain. This is the soft bootstrapping of Reed et al. (2015), section 3.2, for
    links. No gradient flows through the labels.

    `links`: weights in [0, 1], 0 where there is no link. `share`: the weight of the model, from 0 to 1. The result has
    weights in [0, 1], 0 at padding.

    Shape: (batch, source, target) twice, (batch, source), (batch, target) -> (batch, source, target)
    """
    with torch.no_grad():
        likely = agreement(similarity, source_mask, target_mask, threshold=0)
        weights = (1 - share) * links + share * likely.scores
        real = real_pairs(source_mask, target_mask)
        return weights.masked_fill(~real | (weights <= LIKELY), 0)
