"""The output of a model for a batch, and labels -> a loss; one function per objective (tlm has that of mlm).

A loss is a scalar in nats, except for `self_training` and `consistency`, where it is a negated share. Objectives on a
similarity use the one that is used for alignment (same layer, same level, same product), so that what is trained is
what is used. Masks are true at real positions; values at padding do not matter. Does not: encode, mask, or make labels
(learner.py).

Shape: similarity and links (batch, source, target), source_mask (batch, source), target_mask (batch, target)
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..batch_links import real_pairs


def guided(similarity: Tensor, links: Tensor, source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """Train on given links: their cross-entropy under the softmax of each direction.

    The target distribution of a linked source position is spread over the target positions that it is linked to, in
    proportion to the weights of the links; the same holds for linked target positions. Positions without links do not
    count. The weight of a position is that of its heaviest link: 1 with a sure link, less if all its links are
    possible. The form of Garg et al. (2019), equation 5, in both directions as in Dou and Neubig (2021), section 2.3.
    The links come from a file, made by a statistical aligner or by annotators.

    `links`: weights in [0, 1], 0 where there is no link. Returns the weighted mean over linked source positions plus
    the weighted mean over linked target positions; 0 if nothing is linked.
    """
    real = real_pairs(source_mask, target_mask)
    similarity = similarity.masked_fill(~real, torch.finfo(similarity.dtype).min)
    links = links.masked_fill(~real, 0)
    return _cross_entropy(similarity, links) + _cross_entropy(
        similarity.transpose(1, 2), links.transpose(1, 2)
    )


def self_training(similarity: Tensor, links: Tensor, source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """SO: strengthen the links that the model itself finds.

    Maximizes the softmax probability of the links, in both directions: per pair, the sum over links of the probability
    of target given source, divided by the length of the source, and the same for the other direction. Dou and Neubig
    (2021), section 2.3, "self-training objective". The links of the model have no gradient. They come from the preset's
    extraction; at level "subword" they cover all subwords of the linked words. It needs no labels, but a model that
    already aligns reasonably well.

    `links`: 1 where a link is, 0 elsewhere. Returns minus the mean over pairs, in [-2, 0].
    """
    forward, backward = _probabilities(similarity, source_mask, target_mask)
    of_source = (forward * links).sum((1, 2)) / _lengths(source_mask)
    of_target = (backward * links).sum((1, 2)) / _lengths(target_mask)
    return -(of_source + of_target).mean()


def consistency(similarity: Tensor, source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """CO: make the two directions agree.

    Per pair, the trace of the product of the two softmax matrices, target given source and source given target, divided
    by the length of the shorter side: 1 if each of its positions has one counterpart with certainty, in both
    directions. Dou and Neubig (2021), section 2.3, "consistency optimization", after the trace bonus of Cohn et al.
    (2016). It needs no labels. It raises recall and lowers precision, so combine it with another objective.

    Returns minus the mean over pairs, in [-1, 0].
    """
    forward, backward = _probabilities(similarity, source_mask, target_mask)
    shorter = torch.minimum(_lengths(source_mask), _lengths(target_mask))
    return -((forward * backward).sum((1, 2)) / shorter).mean()


def psi(scores: Tensor, parallel: Tensor) -> Tensor:
    """PSI, parallel sentence identification: tell translations from other pairs of sentences.

    A head with two classes reads the first state of two joined sentences, in either order. They are a pair, or one of
    them belongs to another pair. Dou and Neubig (2021), section 2.3, "parallel sentence identification". It needs only
    pairs of sentences, and trains the encoder to compare the two.

    Args:
        scores: of the classes "no translation" and "translation". Shape: (sequences, 2).
        parallel: 1 for a translation, else 0. Shape: (sequences,).
    """
    return functional.cross_entropy(scores.float(), parallel)


def mlm(scores: Tensor, subwords: Tensor, rows: Tensor, sequences: int) -> Tensor:
    """MLM and TLM: predict masked subwords from the rest of their sequence.

    MLM, masked language modelling: a sequence is a sentence. Devlin et al. (2019), section 3.1. It adapts the encoder
    to a domain, and keeps it a language model. TLM, translation language modelling: a sequence is a pair, in either
    order, so that a subword that cannot be predicted from its own sentence can be found in the translation. Conneau and
    Lample (2019), section 3.4. Each sequence has the same weight, however many of its subwords are masked, as in
    awesome-align.

    Args:
        scores: of the whole vocabulary at each masked position. Shape: (masked, vocabulary).
        subwords: the original subwords. Shape: (masked,).
        rows: the sequence of each masked position. Shape: (masked,).
        sequences: the number of sequences, including those without a masked position, whose loss is 0.
    """
    losses = functional.cross_entropy(scores.float(), subwords, reduction="none")
    masked = torch.bincount(rows, minlength=sequences).to(losses.dtype)
    return (losses / masked[rows]).sum() / sequences


def dwa(
    forward: Tensor, backward: Tensor, links: Tensor, masked_source: Tensor, masked_target: Tensor
) -> Tensor:
    """DWA, denoising word alignment: point from each masked subword to its counterpart.

    The core of XLM-Align: Chi et al. (2021), "denoising word alignment". The links are the model's own, found in the
    unmasked pair at a chosen layer, without gradient. In the masked pair, each masked subword that has a link points
    to the other side by attention (query from its state, keys from the other side). The target is the subword that it
    is linked to, or several in equal parts. Each direction is a mean (in the authors' program a sum), so that the
    weight relative to other objectives does not depend on the size of the batch. It helps once TLM has taught the
    encoder to align a little.

    `forward`, `backward`: scores of the targets for each source subword and of the sources for each target subword,
    about minus infinity at padding. Shape: (batch, source, target), (batch, target, source). `masked_source`,
    `masked_target`: which subwords are masked. Shape: (batch, source), (batch, target). Returns the mean over masked,
    linked source subwords plus the mean over masked, linked target subwords; 0 if there is none.
    """
    of_source = links * masked_source[:, :, None]
    of_target = links.transpose(1, 2) * masked_target[:, :, None]
    return _cross_entropy(forward, of_source) + _cross_entropy(backward, of_target)


def _cross_entropy(scores: Tensor, links: Tensor) -> Tensor:
    """The weighted mean of the cross-entropy of rows with links; the weight of a row is that of its heaviest link.

    Shape: (batch, rows, columns) both
    """
    mass = links.sum(dim=2)
    weight = links.amax(dim=2)
    losses = -(links * scores.log_softmax(dim=2)).sum(dim=2) / mass.clamp(min=1e-9)
    return (losses * weight).sum() / weight.sum().clamp(min=1e-9)


def _probabilities(similarity: Tensor, source_mask: Tensor, target_mask: Tensor) -> tuple[Tensor, Tensor]:
    """(target given source, source given target), 0 at padding. Shape: (batch, source, target) both."""
    real = real_pairs(source_mask, target_mask)
    scores = similarity.masked_fill(~real, torch.finfo(similarity.dtype).min)
    return scores.softmax(2).masked_fill(~real, 0), scores.softmax(1).masked_fill(~real, 0)


def _lengths(mask: Tensor) -> Tensor:
    """Shape: (batch, n) -> (batch,)"""
    return mask.sum(1).clamp(min=1)
