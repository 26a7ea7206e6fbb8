"""Similarity matrix + what is known of a pair -> loss, one function per objective.

A loss is a scalar in nats. Objectives see the similarity that alignment will see (same layer, same level, same
dot product), so what is trained is what is used.
"""

from __future__ import annotations

import torch
from torch import Tensor


def guided(similarity: Tensor, links: Tensor, source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """Cross-entropy of given links under the softmax of each direction.

    Every linked source word spreads its probability evenly over the target words it is linked to, every linked target
    word likewise; words without links say nothing. The form of Garg et al. (2019), equation 5, taken both ways as in
    Dou and Neubig (2021), section 2.3.

    Args:
        similarity: Shape: (batch, source, target).
        links: 1 where a link is, 0 elsewhere; values between count as partly linked. Shape: (batch, source, target).
        source_mask: true for real positions. Shape: (batch, source).
        target_mask: true for real positions. Shape: (batch, target).

    Returns:
        The mean over linked source words plus the mean over linked target words.
    """
    padding = ~(source_mask[:, :, None] & target_mask[:, None, :])
    similarity = similarity.masked_fill(padding, torch.finfo(similarity.dtype).min)
    return _directed(similarity, links) + _directed(similarity.transpose(1, 2), links.transpose(1, 2))


def _directed(similarity: Tensor, links: Tensor) -> Tensor:
    mass = links.sum(dim=2)
    linked = mass > 0
    log_probabilities = similarity.log_softmax(dim=2)
    loss = -(links * log_probabilities).sum(dim=2) / mass.clamp(min=1e-9)
    return loss[linked].sum() / linked.sum().clamp(min=1)
