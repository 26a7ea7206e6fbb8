"""Similarity -> links, a batch at a time, on the device where the similarity lies.

Every method is `(similarity, source_mask, target_mask, *, threshold, **its own options) -> Links`; a mask is
true at real positions, and neither values nor amount of padding change a link. A link's score must lie above
the threshold, by default that of its `Extraction`; docs/methods.md says what the score is.

    argmax forward backward union itermax match     SimAlign (Jalili Sabet et al., 2020)
    softmax entmax                                  awesome-align (Dou & Neubig, 2021)
    agreement                                       the product of both directions, after Liang et al. (2006)
    xlm-align                                       XLM-Align (Chi et al., 2021)
    sinkhorn unbalanced                             optimal transport, as OTAlign (Arase et al., 2023) uses it

Ties go to the first position, as in numpy. Does not: turn subwords into words (words.py), or add links by
their neighbours (symmetrize.py).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from .method import Extraction
from .transport import (
    real_pairs,
    scaled_cost,
    sinkhorn_plan,
    transported_share,
    unbalanced_plan,
    xlm_align_rounds,
)

SWEEPS = 50
SWEEP_TOLERANCE = 1e-2
"""Where transport stops if only links are wanted: exact plans take ten times as long, for the same links."""


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


# --- each direction on its own ------------------------------------------------------------------------------


def argmax_directions(
    similarity: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    threshold: float | None = None,
    distortion: float = 0.0,
) -> tuple[Links, Links]:
    """Each source's most alike target, and each target's most alike source."""
    real = real_pairs(source_mask, target_mask)
    ranked = distort(similarity, source_mask, target_mask, distortion) if distortion else similarity
    ranked = ranked.masked_fill(~real, -torch.inf)
    return (
        _above(threshold, Links(_highest(ranked, 2) & real, similarity)),
        _above(threshold, Links(_highest(ranked, 1) & real, similarity)),
    )


def softmax_directions(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> tuple[Links, Links]:
    """Every pair to which a softmax over targets, or over sources, gives more than the threshold."""
    real = real_pairs(source_mask, target_mask)
    # The least finite value, not -inf: a row of padding alone must not become 0 / 0.
    logits = similarity.masked_fill(~real, torch.finfo(similarity.dtype).min)
    return (
        _above(threshold, Links(real, logits.softmax(2)), Extraction.SOFTMAX.threshold),
        _above(threshold, Links(real, logits.softmax(1)), Extraction.SOFTMAX.threshold),
    )


def agreement_directions(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> tuple[Links, Links]:
    """As `softmax_directions`, with the threshold of `agreement`."""
    threshold = Extraction.AGREEMENT.threshold if threshold is None else threshold
    return softmax_directions(similarity, source_mask, target_mask, threshold=threshold)


def entmax_directions(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> tuple[Links, Links]:
    """As softmax, with 1.5-entmax, which gives most pairs exactly 0."""
    real = real_pairs(source_mask, target_mask)
    logits = similarity.masked_fill(~real, torch.finfo(similarity.dtype).min)
    by_source, by_target = entmax15(logits), entmax15(logits.transpose(1, 2)).transpose(1, 2)
    return (
        _above(threshold, Links(real, by_source), Extraction.ENTMAX.threshold),
        _above(threshold, Links(real, by_target), Extraction.ENTMAX.threshold),
    )


def xlm_align_directions(
    similarity: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    threshold: float | None = None,
    rounds: int = 2,
) -> tuple[Links, Links]:
    """Each source's largest row share, and each target's largest column share, after the rounds."""
    real = real_pairs(source_mask, target_mask)
    rows, columns = xlm_align_rounds(similarity, source_mask, target_mask, rounds)
    best_of_source, best_of_target = _highest(rows, 2), _highest(columns, 1)
    return (
        _above(threshold, Links(best_of_source & real, _lead(rows, best_of_source, 2))),
        _above(threshold, Links(best_of_target & real, _lead(columns, best_of_target, 1))),
    )


# --- both directions agreed ---------------------------------------------------------------------------------


def argmax(
    similarity: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    threshold: float | None = None,
    distortion: float = 0.0,
) -> Links:
    """Pairs that are each other's most alike; `distortion` in [0, 1] favours the diagonal (see `distort`)."""
    return _mutual(
        *argmax_directions(similarity, source_mask, target_mask, threshold=threshold, distortion=distortion)
    )


def forward(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> Links:
    """Each source's most alike target."""
    return argmax_directions(similarity, source_mask, target_mask, threshold=threshold)[0]


def backward(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> Links:
    """Each target's most alike source."""
    return argmax_directions(similarity, source_mask, target_mask, threshold=threshold)[1]


def union(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> Links:
    """The links of `forward` and those of `backward`."""
    one, other = argmax_directions(similarity, source_mask, target_mask, threshold=threshold)
    return Links(one.links | other.links, one.scores)


def softmax(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> Links:
    """Pairs whose softmax probability is above the threshold in both directions."""
    return _mutual(*softmax_directions(similarity, source_mask, target_mask, threshold=threshold))


def entmax(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> Links:
    """Pairs whose 1.5-entmax probability is above the threshold in both directions."""
    return _mutual(*entmax_directions(similarity, source_mask, target_mask, threshold=threshold))


def agreement(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> Links:
    """Pairs for which the geometric mean of both softmax probabilities is above the threshold.

    The product of the posteriors of both directions, which Liang, Taskar and Klein (2006, "Alignment by Agreement")
    train for: a word that is one of several for its counterpart is linked if it is sure itself.
    """
    one, other = softmax_directions(similarity, source_mask, target_mask, threshold=0)
    product = Links(one.links & other.links, (one.scores * other.scores).sqrt())
    return _above(threshold, product, Extraction.AGREEMENT.threshold)


def xlm_align(
    similarity: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    threshold: float | None = None,
    rounds: int = 2,
) -> Links:
    """Pairs that are each other's largest share after XLM-Align's normalisation rounds."""
    return _mutual(
        *xlm_align_directions(similarity, source_mask, target_mask, threshold=threshold, rounds=rounds)
    )


# --- the matrix as a whole ----------------------------------------------------------------------------------


def itermax(
    similarity: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    threshold: float | None = None,
    passes: int = 2,
    discount: float = 0.9,
) -> Links:
    """Argmax, then again (`passes` - 1 times) for positions that are still without link.

    In a later pass a pair counts in full if neither position is linked, `discount` of it if one is, and not
    at all if both are. As in SimAlign there is no later pass once a side is fully linked, or where a side has
    two positions or fewer. Meant for similarities in [0, 1].
    """
    real = real_pairs(source_mask, target_mask)
    values = _double(similarity)
    links = _mutual_highest(values, real)
    long_enough = (source_mask.sum(1) > 2) & (target_mask.sum(1) > 2)
    for _ in range(passes - 1):
        free_source = source_mask & ~links.any(2)
        free_target = target_mask & ~links.any(1)
        goes_on = long_enough & free_source.any(1) & free_target.any(1)
        one_free = free_source[:, :, None] | free_target[:, None, :]
        both_free = free_source[:, :, None] & free_target[:, None, :]
        weighted = torch.where(both_free, values, discount * values).masked_fill(~one_free, 0)
        links = links | (_mutual_highest(weighted, real) & one_free & goes_on[:, None, None])
    return _above(threshold, Links(links, similarity))


def match(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> Links:
    """The one-to-one links with the largest sum of similarities that link the whole shorter side.

    Found sentence by sentence on the CPU: the assignment problem is sequential by nature.
    """
    from scipy.optimize import linear_sum_assignment  # here: nobody else should wait for its import

    links = np.zeros(similarity.shape, dtype=bool)
    values = similarity.cpu().numpy()
    masks = zip(source_mask.cpu().numpy(), target_mask.cpu().numpy(), strict=True)
    for number, (source_real, target_real) in enumerate(masks):
        sources, targets = np.flatnonzero(source_real), np.flatnonzero(target_real)
        rows, columns = linear_sum_assignment(values[number][np.ix_(sources, targets)], maximize=True)
        links[number, sources[rows], targets[columns]] = True
    return _above(threshold, Links(torch.from_numpy(links).to(similarity.device), similarity))


def sinkhorn(
    similarity: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    threshold: float | None = None,
    epsilon: float = 0.05,
) -> Links:
    """Pairs between which entropic transport carries more than the threshold of what could flow."""
    cost = scaled_cost(similarity, source_mask, target_mask)
    plan = sinkhorn_plan(
        cost, source_mask, target_mask, epsilon=epsilon, tolerance=SWEEP_TOLERANCE, iterations=SWEEPS
    )
    share = transported_share(plan, source_mask, target_mask)
    return _above(
        threshold, Links(real_pairs(source_mask, target_mask), share), Extraction.SINKHORN.threshold
    )


def unbalanced(
    similarity: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    threshold: float | None = None,
    epsilon: float = 0.05,
    tau: float = 0.5,
) -> Links:
    """As `sinkhorn`, but words without counterpart may keep their mass."""
    cost = scaled_cost(similarity, source_mask, target_mask)
    plan = unbalanced_plan(
        cost,
        source_mask,
        target_mask,
        epsilon=epsilon,
        tau=tau,
        tolerance=SWEEP_TOLERANCE,
        iterations=SWEEPS,
    )
    share = transported_share(plan, source_mask, target_mask)
    return _above(
        threshold, Links(real_pairs(source_mask, target_mask), share), Extraction.UNBALANCED.threshold
    )


EXTRACTORS: dict[Extraction, Extractor] = {
    Extraction.ARGMAX: argmax,
    Extraction.FORWARD: forward,
    Extraction.BACKWARD: backward,
    Extraction.UNION: union,
    Extraction.ITERMAX: itermax,
    Extraction.MATCH: match,
    Extraction.SOFTMAX: softmax,
    Extraction.ENTMAX: entmax,
    Extraction.AGREEMENT: agreement,
    Extraction.XLM_ALIGN: xlm_align,
    Extraction.SINKHORN: sinkhorn,
    Extraction.UNBALANCED: unbalanced,
}

DIRECTED: dict[Extraction, DirectedExtractor] = {
    Extraction.ARGMAX: argmax_directions,
    Extraction.SOFTMAX: softmax_directions,
    Extraction.ENTMAX: entmax_directions,
    Extraction.AGREEMENT: agreement_directions,
    Extraction.XLM_ALIGN: xlm_align_directions,
}


# --- what they are made of ----------------------------------------------------------------------------------


def distort(similarity: Tensor, source_mask: Tensor, target_mask: Tensor, ratio: float) -> Tensor:
    """Lower the similarity of pairs far from the diagonal: times 1 - ratio * (difference of places)^2.

    The first position of a sentence is at 0, the last at 1. A pair with a side of fewer than two positions is
    left as it is (Jalili Sabet et al., 2020).

    Shape: (batch, source, target), (batch, source), (batch, target) -> (batch, source, target), float64
    """
    similarity = _double(similarity)
    source_place = _relative_place(source_mask, similarity.dtype)
    target_place = _relative_place(target_mask, similarity.dtype)
    distance = source_place[:, :, None] - target_place[:, None, :]
    has_diagonal = (source_mask.sum(1) > 1) & (target_mask.sum(1) > 1)
    return torch.where(has_diagonal[:, None, None], similarity * (1 - ratio * distance**2), similarity)


def entmax15(logits: Tensor) -> Tensor:
    """1.5-entmax over the last dimension, exact (Peters et al., 2019, algorithm 2).

    Probabilities are (z - t)^2 where z = logits / 2 lies above the one t that makes them sum to 1, and 0
    elsewhere.
    """
    halves = (logits - logits.amax(-1, keepdim=True)) / 2
    # The largest is now 0, so t >= -1 and nothing at or below -1 has a share: clamping keeps squares small.
    halves = halves.clamp(min=-1)
    ordered = halves.sort(-1, descending=True).values
    sizes = torch.arange(1, ordered.shape[-1] + 1, device=logits.device, dtype=logits.dtype)
    mean = ordered.cumsum(-1) / sizes
    mean_square = ordered.square().cumsum(-1) / sizes
    # The t that each size of support would give; the true support is the largest that lies above its t.
    candidates = mean - ((1 / sizes - (mean_square - mean.square())).clamp(min=0)).sqrt()
    support = (candidates <= ordered).sum(-1, keepdim=True)
    bound = candidates.gather(-1, support - 1)
    return torch.where(halves > -1, halves - bound, 0).clamp(min=0).square()


def apart(links: Links, source: Tensor, target: Tensor) -> Links:
    """The links between punctuation and punctuation, and between other words and other words.

    A comma that nothing translates and a verb that nothing translates are the most alike of what is left in their
    sentences; of such links nearly all are wrong (docs/methods.md).

    Args:
        links: Shape: (batch, source, target).
        source: which positions are of punctuation. Shape: (batch, source).
        target: Shape: (batch, target).
    """
    return Links(links.links & (source[:, :, None] == target[:, None, :]), links.scores)


def _relative_place(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """0 for a sentence's first real position to 1 for its last. Shape: (batch, n) -> (batch, n)."""
    rank = mask.cumsum(1) - 1
    return rank / (mask.sum(1, keepdim=True) - 1).clamp(min=1).to(dtype)


def _double(similarity: Tensor) -> Tensor:
    """Float64, in which SimAlign compares weighted similarities: in float32 some of them would tie."""
    return (
        similarity if similarity.device.type == "mps" else similarity.double()
    )  # Apple GPUs have no float64


def _highest(values: Tensor, dimension: int) -> Tensor:
    """Mark the first largest value along a dimension. Shape: (batch, source, target), kept; bool."""
    best = values.max(dimension, keepdim=True).indices  # as argmax; on a CPU three times as fast down columns
    return torch.zeros_like(values, dtype=torch.bool).scatter_(dimension, best, True)


def _mutual_highest(values: Tensor, real: Tensor) -> Tensor:
    """Real pairs that are the largest of their row and of their column. Shape: (batch, source, target)."""
    ranked = values.masked_fill(~real, -torch.inf)
    return _highest(ranked, 2) & _highest(ranked, 1) & real


def _lead(shares: Tensor, best: Tensor, dimension: int) -> Tensor:
    """How far the best share is ahead of the next: 0 for a tie, 1 where there is no other. Shape: kept."""
    largest = shares.amax(dimension, keepdim=True).clamp(min=torch.finfo(shares.dtype).tiny)
    next_largest = shares.masked_fill(best, 0).amax(dimension, keepdim=True)
    return (1 - next_largest / largest).expand_as(shares)


def _mutual(one: Links, other: Links) -> Links:
    """Links of both directions, with the smaller of their two scores."""
    return Links(one.links & other.links, torch.minimum(one.scores, other.scores))


def _above(threshold: float | None, links: Links, default: float | None = None) -> Links:
    """Keep links that score above the threshold, or else above the method's default, if it has one."""
    threshold = default if threshold is None else threshold
    return links if threshold is None else Links(links.links & (links.scores > threshold), links.scores)
