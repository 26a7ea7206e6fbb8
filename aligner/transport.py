"""Optimal transport: similarity -> how much of each position's mass goes to each counterpart -> links.

XLM-Align's normalisation rounds (Chi et al., 2021) divide the similarity by column sums, then by row sums, without
exponential or temperature. In effect this corrects for positions that are similar to everything. Entropic transport
(Cuturi, 2013) and its unbalanced form, in which some mass may remain untransported (Chizat et al., 2018), run in log
space; OTAlign (Arase et al., 2023) aligns words with both. The methods look like those of extract.py.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .batch_links import Links, above, combined, highest, mutual, real_pairs
from .method import Extraction

SWEEPS = 50
SWEEP_TOLERANCE = 1e-2
"""Where transport stops if only links are wanted: exact plans take ten times as long, for nearly the same links."""

POSITIVE = 1e-6
"""XLM-Align's replacement for similarities that are not positive, so that shares lie in [0, 1]."""

CHECK_EVERY = 10
"""Sweeps between two checks for convergence; each check makes the host wait for the device."""


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
    best_of_source, best_of_target = highest(rows, 2), highest(columns, 1)
    return (
        above(threshold, Links(best_of_source & real, _lead(rows, best_of_source, 2))),
        above(threshold, Links(best_of_target & real, _lead(columns, best_of_target, 1))),
    )


xlm_align = combined(xlm_align_directions, mutual)
"""Pairs that are each other's largest share after XLM-Align's normalisation rounds."""


def sinkhorn(
    similarity: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    threshold: float | None = None,
    epsilon: float = 0.05,
) -> Links:
    """Pairs between which entropic transport carries more than the threshold of what could flow."""
    flow = _flow(similarity, source_mask, target_mask, epsilon)
    return above(threshold, flow, Extraction.SINKHORN.threshold)


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
    flow = _flow(similarity, source_mask, target_mask, epsilon, tau)
    return above(threshold, flow, Extraction.UNBALANCED.threshold)


def _flow(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, epsilon: float, tau: float | None = None
) -> Links:
    """Every real pair, with its transported share as score."""
    masks = source_mask, target_mask
    cost = scaled_cost(similarity, *masks)
    plan = transport_plan(
        cost, *masks, epsilon=epsilon, tau=tau, tolerance=SWEEP_TOLERANCE, iterations=SWEEPS
    )
    return Links(real_pairs(*masks), transported_share(plan, *masks))


# --- plans --------------------------------------------------------------------------------------------------


def xlm_align_rounds(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, rounds: int = 2
) -> tuple[Tensor, Tensor]:
    """Normalise columns, then rows, `rounds` times: (row shares, column shares), zero at padding.

    Row shares sum to 1 over the targets of a source; column shares, taken just before the last row
    normalisation, sum to 1 over the sources of a target.

    Shape: (batch, source, target), (batch, source), (batch, target) -> twice (batch, source, target)
    """
    positive = torch.where(similarity > 0, similarity, POSITIVE)
    rows = columns = torch.where(real_pairs(source_mask, target_mask), positive, 0)
    for _ in range(rounds):
        columns = rows / rows.sum(1, keepdim=True).masked_fill(~target_mask[:, None, :], 1)
        rows = columns / columns.sum(2, keepdim=True).masked_fill(~source_mask[:, :, None], 1)
    return rows, columns


def scaled_cost(similarity: Tensor, source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """Cost in [0, 1]: 0 for the most similar positions of a pair, 1 for the least similar ones, 0 at padding.

    Each sentence pair is scaled by its own range, so that epsilon means the same for every encoder and similarity.

    Shape: (batch, source, target), (batch, source), (batch, target) -> (batch, source, target)
    """
    real = real_pairs(source_mask, target_mask)
    most = similarity.masked_fill(~real, -torch.inf).amax((1, 2), keepdim=True)
    least = similarity.masked_fill(~real, torch.inf).amin((1, 2), keepdim=True)
    spread = (most - least).clamp(min=torch.finfo(similarity.dtype).tiny)
    return ((most - similarity) / spread).masked_fill(~real, 0)


def transport_plan(
    cost: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    epsilon: float,
    tau: float | None = None,
    tolerance: float = 1e-9,
    iterations: int = 1000,
) -> Tensor:
    """Entropic transport between uniform masses: min <plan, cost> + epsilon * KL(plan | source x target).

    Without `tau` all mass must move. With it, mass may be lost or created at a cost of tau * KL(sums | uniform) per
    side: the larger tau, the closer to balanced transport; the smaller, the more words remain without a counterpart.

    Generalised Sinkhorn scaling in log space (Chizat et al., 2018, algorithm 1). A pair is done when none of its
    scalings changes by more than `tolerance` (relative) in one sweep, or after `iterations` sweeps. From then on it is
    frozen, so that its plan does not depend on the rest of the batch.

    Shape: (batch, source, target), (batch, source), (batch, target) -> (batch, source, target), zero at
    padding
    """
    exponent = 1.0 if tau is None else tau / (tau + epsilon)
    # A pair with an empty side has nothing to transport. Masking its other side too keeps its sums finite.
    source_mask = source_mask & target_mask.any(1, keepdim=True)
    target_mask = target_mask & source_mask.any(1, keepdim=True)
    log_source = _uniform(source_mask, cost.dtype).log()
    log_target = _uniform(target_mask, cost.dtype).log()
    log_kernel = log_source[:, :, None] + log_target[:, None, :] - cost / epsilon
    log_kernel = log_kernel.masked_fill(~real_pairs(source_mask, target_mask), -torch.inf)

    source_scale = torch.zeros_like(cost[:, :, 0])
    target_scale = torch.zeros_like(cost[:, 0, :])
    settled = torch.zeros_like(source_mask[:, :1])
    for sweep in range(iterations):
        reached = _log_sum(log_kernel + source_scale[:, :, None], 1)
        new_target = (exponent * (log_target - reached)).masked_fill(~target_mask, 0)
        reached = _log_sum(log_kernel + new_target[:, None, :], 2)
        new_source = (exponent * (log_source - reached)).masked_fill(~source_mask, 0)
        moved = (new_source - source_scale).abs().amax(1, keepdim=True)
        source_scale = torch.where(settled, source_scale, new_source)
        target_scale = torch.where(settled, target_scale, new_target)
        settled = settled | (moved < tolerance)
        if sweep % CHECK_EVERY == 0 and bool(settled.all()):
            break
    return (log_kernel + source_scale[:, :, None] + target_scale[:, None, :]).exp()


def transported_share(plan: Tensor, source_mask: Tensor, target_mask: Tensor) -> Tensor:
    """The share of the mass that could flow between two positions which does flow, in [0, 1].

    That is the plan divided by the smaller mass of the two. The mass of a position is its uniform share of the
    sentence, or what an unbalanced plan sends through it if that is more.

    Shape: (batch, source, target), (batch, source), (batch, target) -> (batch, source, target)
    """
    source_mass = torch.maximum(plan.sum(2), _uniform(source_mask, plan.dtype))
    target_mass = torch.maximum(plan.sum(1), _uniform(target_mask, plan.dtype))
    return plan / torch.minimum(source_mass[:, :, None], target_mass[:, None, :])


def _uniform(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """The mass of each position of a sentence whose mass is 1. Shape: (batch, n) -> (batch, 1)."""
    return 1 / mask.sum(1, keepdim=True).clamp(min=1).to(dtype)


def _log_sum(exponents: Tensor, dimension: int) -> Tensor:
    """torch.logsumexp in less than half the time, if padding makes terms underflow.

    On a CPU exp is twenty times slower if its result underflows. So terms below e^-80 of the largest term count as
    e^-80 of it, which does not change the sum. Sums over padding alone are NaN; the caller clears them.
    """
    largest = exponents.amax(dimension, keepdim=True)
    return (exponents - largest).clamp(min=-80).exp().sum(dimension).log() + largest.squeeze(dimension)


def _lead(shares: Tensor, best: Tensor, dimension: int) -> Tensor:
    """How far the best share is ahead of the next: 0 for a tie, 1 where there is no other. Shape: kept."""
    largest = shares.amax(dimension, keepdim=True).clamp(min=torch.finfo(shares.dtype).tiny)
    next_largest = shares.masked_fill(best, 0).amax(dimension, keepdim=True)
    return (1 - next_largest / largest).expand_as(shares)
