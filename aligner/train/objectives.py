"""What a model says of a batch + what is known of it -> loss, one function per objective.

A loss is a scalar in nats, but for `self_training` and `consistency`: theirs is a share, negated.
Objectives that read a similarity see the one that alignment will see (same layer, same level, same product), so that
what is trained is what is used. Masks are true at real positions; values at padding change nothing. Does not: encode,
mask, or make labels (learner.py does).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from ..transport import real_pairs


def guided(similarity: Tensor, links: Tensor, source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """Learn given links: their cross-entropy under the softmax of each direction.

    Every linked source position spreads its probability over the target positions it is linked to, in proportion to the
    links' weights, every linked target position likewise; positions without links say nothing. A position counts as
    much as its heaviest link weighs: one with a sure link (weight 1) in full, one whose links are all possible (say,
    0.5) accordingly less. The form of Garg et al. (2019), equation 5, taken both ways as in Dou and Neubig (2021),
    section 2.3. The links come from a file: a statistical aligner's, or people's.

    Args:
        similarity: Shape: (batch, source, target).
        links: weights in [0, 1], 0 where there is no link. Shape: (batch, source, target).
        source_mask: Shape: (batch, source).
        target_mask: Shape: (batch, target).

    Returns:
        The weighted mean over linked source positions plus the weighted mean over linked target positions; 0 if nothing
        is linked.
    """
    real = real_pairs(source_mask, target_mask)
    similarity = similarity.masked_fill(~real, torch.finfo(similarity.dtype).min)
    links = links.masked_fill(~real, 0)
    return _cross_entropy(similarity, links) + _cross_entropy(
        similarity.transpose(1, 2), links.transpose(1, 2)
    )


def self_training(similarity: Tensor, links: Tensor, source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """SO: strengthen the links that the model itself finds.

    The softmax probability, in both directions, that falls on the links is to be large: per pair, the sum over links of
    the probability of target given source, divided by the length of the source, and the same the other way round. Dou
    and Neubig (2021), section 2.3, "self-training objective". The model's own links carry no gradient; they come from
    the preset's way of extracting, at level "subword" spread over all subwords of the linked words. Sharpens what is
    there already: it needs a model that aligns passably, and no labels at all.

    Args:
        similarity: Shape: (batch, source, target).
        links: 1 where a link is, 0 elsewhere. Shape: (batch, source, target).
        source_mask: Shape: (batch, source).
        target_mask: Shape: (batch, target).

    Returns:
        Minus the mean over pairs, in [-2, 0].
    """
    forward, backward = _probabilities(similarity, source_mask, target_mask)
    of_source = (forward * links).sum((1, 2)) / _lengths(source_mask)
    of_target = (backward * links).sum((1, 2)) / _lengths(target_mask)
    return -(of_source + of_target).mean()


def consistency(similarity: Tensor, source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """CO: make the two directions agree.

    Per pair, the trace of the product of the two softmax matrices, target given source and source given target, divided
    by the length of the shorter side: 1 if every position of it is certain, both ways, of one counterpart. Dou and
    Neubig (2021), section 2.3, "consistency optimization", after the trace bonus of Cohn et al. (2016). Needs no
    labels; raises recall and lowers precision, so it goes with another objective.

    Args:
        similarity: Shape: (batch, source, target).
        source_mask: Shape: (batch, source).
        target_mask: Shape: (batch, target).

    Returns:
        Minus the mean over pairs, in [-1, 0].
    """
    forward, backward = _probabilities(similarity, source_mask, target_mask)
    shorter = torch.minimum(_lengths(source_mask), _lengths(target_mask))
    return -((forward * backward).sum((1, 2)) / shorter).mean()


def psi(scores: Tensor, parallel: Tensor) -> Tensor:
    """PSI, parallel sentence identification: tell translations from sentences that are none.

    A head of two classes reads the first state of two joined sentences, which are a pair, or of which one is another
    pair's; they stand in either order. Dou and Neubig (2021), section 2.3, "parallel sentence identification". Needs
    pairs of sentences alone, and teaches the encoder to look across the two.

    Args:
        scores: of the classes "no translation" and "translation". Shape: (sequences, 2).
        parallel: 1 for a translation, else 0. Shape: (sequences,).

    Returns:
        The mean cross-entropy.
    """
    return functional.cross_entropy(scores.float(), parallel)


def mlm(scores: Tensor, subwords: Tensor, rows: Tensor, sequences: int) -> Tensor:
    """MLM: fill in masked subwords from their own sentence.

    Masked language modelling, Devlin et al. (2019), section 3.1: keeps an encoder what it was, and fits it to a domain.
    Each sequence counts the same, however many of its subwords are masked, as in awesome-align.

    Args:
        scores: of the whole vocabulary at each masked position. Shape: (masked, vocabulary).
        subwords: what stood there. Shape: (masked,).
        rows: the sequence that each masked position is in. Shape: (masked,).
        sequences: how many there are, those without a masked position included.

    Returns:
        The mean over sequences of the mean cross-entropy of their masked positions, 0 for a sequence without any.
    """
    losses = functional.cross_entropy(scores.float(), subwords, reduction="none")
    masked = torch.bincount(rows, minlength=sequences).to(losses.dtype)
    return (losses / masked[rows]).sum() / sequences


def tlm(scores: Tensor, subwords: Tensor, rows: Tensor, sequences: int) -> Tensor:
    """TLM: fill in masked subwords of a pair in one sequence, where the other side helps.

    Translation language modelling, Conneau and Lample (2019), section 3.4: what a subword cannot be guessed from in its
    own sentence is to be looked up in its translation. Of the same form as `mlm`, whose arguments it takes; taken in
    both orders of the pair.
    """
    return mlm(scores, subwords, rows, sequences)


def dwa(
    forward: Tensor, backward: Tensor, links: Tensor, masked_source: Tensor, masked_target: Tensor
) -> Tensor:
    """DWA, denoising word alignment: point from each masked subword to its counterpart.

    The core of XLM-Align: Chi et al. (2021), "denoising word alignment". The links are the model's own, found in the
    unmasked pair at a chosen layer, without gradient. In the masked pair, each masked subword that has a link points
    into the other side by attention (query from its state, keys from the other side's), and is to point at the subword
    it is linked to, in equal parts where there are several. Each direction is a mean where the authors' program has a
    sum, so that the weight beside other objectives does not depend on the size of the batch. Starts to help once TLM
    has taught the encoder to align a little.

    Args:
        forward: what source subwords make of the targets, minus infinity or nearly at padding. Shape: (batch, source,
            target).
        backward: what target subwords make of the sources, likewise. Shape: (batch, target, source).
        links: 1 where a link is, 0 elsewhere. Shape: (batch, source, target).
        masked_source: which subwords are masked. Shape: (batch, source).
        masked_target: which subwords are masked. Shape: (batch, target).

    Returns:
        The mean over masked, linked source subwords plus the mean over masked, linked target subwords; 0 if there is
        none.
    """
    of_source = links * masked_source[:, :, None]
    of_target = links.transpose(1, 2) * masked_target[:, :, None]
    return _cross_entropy(forward, of_source) + _cross_entropy(backward, of_target)


OBJECTIVES: dict[str, Callable[..., Tensor]] = {
    "guided": guided,
    "so": self_training,
    "co": consistency,
    "psi": psi,
    "mlm": mlm,
    "tlm": tlm,
    "dwa": dwa,
}
"""By the names that options and logs use."""


def _cross_entropy(scores: Tensor, links: Tensor) -> Tensor:
    """The weighted mean, over rows with links, of their cross-entropy; a row weighs what its heaviest link does.

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
