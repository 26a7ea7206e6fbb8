"""Similarity -> links, a batch at a time, on the device of the similarity.

Every method is `(similarity, source_mask, target_mask, *, threshold, **its own options) -> Links`; a mask is
true at real positions, and neither values nor amount of padding change a link. A link's score must lie above
the threshold, by default that of its `Extraction`; docs/methods.md says what the score is.

    argmax forward backward union itermax match     SimAlign (Jalili Sabet et al., 2020)
    softmax entmax                                  awesome-align (Dou & Neubig, 2021)
    agreement agreement-grow                        the product of both directions, after Liang et al. (2006)
    xlm-align sinkhorn unbalanced                   optimal transport, in transport.py

Ties go to the first position, as in numpy. Does not: turn subwords into words (words.py), or combine the
links of two directions (symmetrize.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .batch_links import (
    DirectedExtractor,
    Extractor,
    Links,
    above,
    combined,
    either,
    highest,
    mutual,
    real_pairs,
)
from .method import Extraction
from .transport import sinkhorn, unbalanced, xlm_align, xlm_align_directions

# Of `agreement_grow`, chosen for the bundled models (docs/methods.md).
SURE, NEARLY = 0.6, 0.5
USUAL = 12  # positions of a sentence up to which similarities count as they are


def argmax_directions(
    similarity: Tensor,
    source_mask: Tensor,
    target_mask: Tensor,
    *,
    threshold: float | None = None,
    distortion: float = 0.0,
) -> tuple[Links, Links]:
    """The most similar target of each source, and the most similar source of each target."""
    real = real_pairs(source_mask, target_mask)
    ranked = distort(similarity, source_mask, target_mask, distortion) if distortion else similarity
    ranked = ranked.masked_fill(~real, -torch.inf)
    return (
        above(threshold, Links(highest(ranked, 2) & real, similarity)),
        above(threshold, Links(highest(ranked, 1) & real, similarity)),
    )


def _by_probability(
    probabilities: Callable[[Tensor, int], Tensor], extraction: Extraction
) -> DirectedExtractor:
    """Every pair to which a distribution over targets, or over sources, gives more than the threshold.

    `probabilities`: of logits, over a dimension. `extraction`: has the default threshold.
    """

    def directions(
        similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
    ) -> tuple[Links, Links]:
        real = real_pairs(source_mask, target_mask)
        # The least finite value, not -inf: a row of padding alone must not become 0 / 0.
        logits = similarity.masked_fill(~real, torch.finfo(similarity.dtype).min)
        forward, backward = (
            above(threshold, Links(real, probabilities(logits, dimension)), extraction.threshold)
            for dimension in (2, 1)
        )
        return forward, backward

    return directions


def _softmax_scaled_by_length(logits: Tensor, dimension: int) -> Tensor:
    """Softmax over n positions, of logits times log(n) / log(`USUAL`) if n is larger than `USUAL`.

    The more positions there are, the less probable each becomes, and a long sentence would have too few links. The
    factor log(n) is that of Chiang & Cholak (2022, "Overcoming a Theoretical Limitation of Self-Attention") for
    attention, which flattens in the same way.
    """
    positions = (logits > torch.finfo(logits.dtype).min).sum(dimension, keepdim=True)
    scale = positions.to(logits.dtype).clamp(min=USUAL).log() / math.log(USUAL)
    return (scale * logits).softmax(dimension)


softmax_directions = _by_probability(torch.softmax, Extraction.SOFTMAX)
agreement_directions = _by_probability(torch.softmax, Extraction.AGREEMENT)
agreement_grow_directions = _by_probability(_softmax_scaled_by_length, Extraction.AGREEMENT_GROW)
entmax_directions = _by_probability(
    lambda logits, dimension: entmax15(logits.transpose(dimension, 2)).transpose(dimension, 2),
    Extraction.ENTMAX,
)


# --- both directions in one ---------------------------------------------------------------------------------

argmax = combined(argmax_directions, mutual)  # pairs that are each other's most similar
forward = combined(argmax_directions, lambda forward, _: forward)  # the most similar target of each source
backward = combined(argmax_directions, lambda _, backward: backward)  # the most similar source of each target
union = combined(argmax_directions, either)
softmax = combined(softmax_directions, mutual)  # probability above the threshold in both directions
entmax = combined(entmax_directions, mutual)


def agreement(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> Links:
    """Pairs for which the geometric mean of both softmax probabilities is above the threshold.

    The product of the posteriors of both directions, which Liang, Taskar and Klein (2006, "Alignment by Agreement")
    train for: a word that is one of several for its counterpart is linked if it is sure itself.
    """
    product = _product(*softmax_directions(similarity, source_mask, target_mask, threshold=0))
    return above(threshold, product, Extraction.AGREEMENT.threshold)


def agreement_grow(
    similarity: Tensor, source_mask: Tensor, target_mask: Tensor, *, threshold: float | None = None
) -> Links:
    """As `agreement`, scaled by length; then a word without a link joins its neighbour's, as parts of a compound do.

    "traffic" and "light" both translate "Verkehrsampel", whose probability is divided between the two, so that the
    geometric mean of one of them may be too low. That word joins if its own direction gives the counterpart `SURE` or
    more, and their score is above `NEARLY` times the threshold.
    """
    default = Extraction.AGREEMENT_GROW.threshold or 0.0
    threshold = default if threshold is None else threshold
    forward, backward = agreement_grow_directions(similarity, source_mask, target_mask, threshold=0)
    product = _product(forward, backward)
    links, nearly = (above(least, product).links for least in (threshold, NEARLY * threshold))
    targets = _joining(links, nearly & (backward.scores >= SURE))
    sources = _joining(links.mT, (nearly & (forward.scores >= SURE)).mT).mT
    return Links(links | targets | sources, product.scores)


def _product(forward: Links, backward: Links) -> Links:
    """Links of both directions, with the geometric mean of their two probabilities."""
    return Links(forward.links & backward.links, (forward.scores * backward.scores).sqrt())


def _joining(links: Tensor, likely: Tensor) -> Tensor:
    """Likely links of unlinked targets whose neighbour is linked to the same source. Shape: all as `links`."""
    beside = torch.zeros_like(links)
    beside[:, :, 1:] = links[:, :, :-1]
    beside[:, :, :-1] |= links[:, :, 1:]
    return likely & beside & ~links.any(1, keepdim=True)


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
    """Argmax, then again (`passes` - 1 times) for positions that still have no link.

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
    return above(threshold, Links(links, similarity))


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
    return above(threshold, Links(torch.from_numpy(links).to(similarity.device), similarity))


EXTRACTORS: dict[str, Extractor] = {
    Extraction.ARGMAX: argmax,
    Extraction.FORWARD: forward,
    Extraction.BACKWARD: backward,
    Extraction.UNION: union,
    Extraction.ITERMAX: itermax,
    Extraction.MATCH: match,
    Extraction.SOFTMAX: softmax,
    Extraction.ENTMAX: entmax,
    Extraction.AGREEMENT: agreement,
    Extraction.AGREEMENT_GROW: agreement_grow,
    Extraction.XLM_ALIGN: xlm_align,
    Extraction.SINKHORN: sinkhorn,
    Extraction.UNBALANCED: unbalanced,
}

DIRECTED: dict[Extraction, DirectedExtractor] = {
    Extraction.ARGMAX: argmax_directions,
    Extraction.SOFTMAX: softmax_directions,
    Extraction.ENTMAX: entmax_directions,
    Extraction.AGREEMENT: agreement_directions,
    Extraction.AGREEMENT_GROW: agreement_grow_directions,
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


def _relative_place(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """0 for a sentence's first real position to 1 for its last. Shape: (batch, n) -> (batch, n)."""
    rank = mask.cumsum(1) - 1
    return rank / (mask.sum(1, keepdim=True) - 1).clamp(min=1).to(dtype)


def _double(similarity: Tensor) -> Tensor:
    """Float64, in which SimAlign compares weighted similarities: in float32 some of them would tie."""
    # Apple GPUs have no float64.
    return similarity if similarity.device.type == "mps" else similarity.double()


def _mutual_highest(values: Tensor, real: Tensor) -> Tensor:
    """Real pairs that are the largest of their row and of their column. Shape: (batch, source, target)."""
    ranked = values.masked_fill(~real, -torch.inf)
    return highest(ranked, 2) & highest(ranked, 1) & real
