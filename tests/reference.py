"""Every extraction method once more, for one matrix, in plain loops: slow, and obviously right.

Written from the papers (docs/methods.md), not from aligner/: what a test compares must not share its faults.
A matrix is a numpy array (source, target); links are a set of (source, target).
"""

from __future__ import annotations

import math

import numpy as np

Matrix = np.ndarray
Pairs = set[tuple[int, int]]


def forward(similarity: Matrix) -> Pairs:
    """Each source's most alike target, the first of several."""
    sources, targets = similarity.shape
    return {(i, max(range(targets), key=lambda j: (similarity[i, j], -j))) for i in range(sources) if targets}


def backward(similarity: Matrix) -> Pairs:
    """Each target's most alike source, the first of several."""
    return {(i, j) for j, i in forward(similarity.T)}


def argmax(similarity: Matrix, distortion: float = 0.0) -> Pairs:
    distorted = distort(similarity, distortion)
    return forward(distorted) & backward(distorted)


def union(similarity: Matrix) -> Pairs:
    return forward(similarity) | backward(similarity)


def distort(similarity: Matrix, ratio: float) -> Matrix:
    """times 1 - ratio * (x - y)^2, x and y from 0 at the first position to 1 at the last."""
    sources, targets = similarity.shape
    result = similarity.astype(float)
    if sources < 2 or targets < 2:
        return result
    for i in range(sources):
        for j in range(targets):
            result[i, j] *= 1 - ratio * (i / (sources - 1) - j / (targets - 1)) ** 2
    return result


def itermax(similarity: Matrix, passes: int = 2, discount: float = 0.9) -> Pairs:
    sources, targets = similarity.shape
    links = argmax(similarity)
    if min(sources, targets) <= 2:
        return links
    for _ in range(passes - 1):
        linked_sources, linked_targets = {i for i, _ in links}, {j for _, j in links}
        if len(linked_sources) == sources or len(linked_targets) == targets:
            return links
        weighted = similarity.astype(float)
        for i in range(sources):
            for j in range(targets):
                linked = (i in linked_sources) + (j in linked_targets)
                weighted[i, j] *= [1.0, discount, 0.0][linked]
        links |= {(i, j) for i, j in argmax(weighted) if i not in linked_sources or j not in linked_targets}
    return links


def match_weight(similarity: Matrix) -> float:
    """The weight of the best assignment of the whole shorter side, over all sets of targets used so far."""
    if similarity.shape[0] > similarity.shape[1]:
        similarity = similarity.T
    best = {frozenset[int](): 0.0}
    for row in similarity:
        longer: dict[frozenset[int], float] = {}
        for used, weight in best.items():
            for j, value in enumerate(row):
                if j not in used:
                    key = used | {j}
                    longer[key] = max(longer.get(key, -math.inf), weight + float(value))
        best = longer
    return max(best.values())


def softmax(similarity: Matrix, threshold: float = 0.001) -> Pairs:
    return {pair for pair, both in _posteriors(similarity).items() if min(both) > threshold}


def agreement(similarity: Matrix, threshold: float = 0.4) -> Pairs:
    return {pair for pair, (one, other) in _posteriors(similarity).items() if one * other > threshold**2}


def agreement_grow(similarity: Matrix, threshold: float = 0.4) -> Pairs:
    by_source, by_target = (_posteriors(_length_scale(n) * similarity) for n in reversed(similarity.shape))
    posteriors = {pair: (by_source[pair][0], by_target[pair][1]) for pair in by_source}
    found = {pair for pair, (one, other) in posteriors.items() if one * other > threshold**2}
    linked_sources, linked_targets = ({pair[side] for pair in found} for side in (0, 1))
    grown = set(found)
    for (i, j), (one, other) in posteriors.items():
        if one * other > (0.5 * threshold) ** 2:
            if i not in linked_sources and one >= 0.6 and {(i - 1, j), (i + 1, j)} & found:
                grown.add((i, j))
            if j not in linked_targets and other >= 0.6 and {(i, j - 1), (i, j + 1)} & found:
                grown.add((i, j))
    return grown


def _length_scale(words: int) -> float:
    return max(1.0, math.log(words) / math.log(12))


def _posteriors(similarity: Matrix) -> dict[tuple[int, int], tuple[float, float]]:
    """Of each pair: the target's probability given the source, and the source's given the target."""
    sources, targets = similarity.shape
    found = {}
    for i in range(sources):
        for j in range(targets):
            row = sum(math.exp(similarity[i, k] - similarity[i, j]) for k in range(targets))
            column = sum(math.exp(similarity[k, j] - similarity[i, j]) for k in range(sources))
            found[i, j] = 1 / row, 1 / column
    return found


def entmax15(logits: list[float]) -> list[float]:
    """The definition: (x / 2 - t)^2 above t, with t found by bisection so that the sum is 1."""
    low, high = max(logits) / 2 - 1, max(logits) / 2
    for _ in range(100):
        t = (low + high) / 2
        total = sum(max(x / 2 - t, 0) ** 2 for x in logits)
        low, high = (t, high) if total > 1 else (low, t)
    return [max(x / 2 - low, 0) ** 2 for x in logits]


def entmax(similarity: Matrix) -> Pairs:
    """Both probabilities above 0; above 1e-20 here, since bisection ends a hair beside the true bound."""
    sources, targets = similarity.shape
    rows = [entmax15(list(similarity[i])) for i in range(sources)]
    columns = [entmax15(list(similarity[:, j])) for j in range(targets)]
    return {
        (i, j) for i in range(sources) for j in range(targets) if rows[i][j] > 1e-20 and columns[j][i] > 1e-20
    }


def xlm_align_rounds(similarity: Matrix, rounds: int = 2) -> tuple[Matrix, Matrix]:
    """From pi = S, 1e-6 where S <= 0: xi = pi / its column sums, then pi = xi / its row sums; (pi, xi)."""
    sources, targets = similarity.shape
    pi = similarity.copy()
    for i in range(sources):
        for j in range(targets):
            if pi[i, j] <= 0:
                pi[i, j] = 1e-6
    xi = pi
    for _ in range(rounds):
        xi = np.empty_like(pi)
        for j in range(targets):
            total = sum(pi[i, j] for i in range(sources))
            for i in range(sources):
                xi[i, j] = pi[i, j] / total
        pi = np.empty_like(xi)
        for i in range(sources):
            total = sum(xi[i, j] for j in range(targets))
            for j in range(targets):
                pi[i, j] = xi[i, j] / total
    return pi, xi


def xlm_align(similarity: Matrix, rounds: int = 2) -> Pairs:
    """(i, j) where j is the largest of pi's row i, and i the largest of xi's column j."""
    pi, xi = xlm_align_rounds(similarity, rounds)
    return forward(pi) & backward(xi)


def words(links: Pairs, source_words: list[int], target_words: list[int]) -> Pairs:
    """Two words are linked if any of their subwords are."""
    return {(source_words[i], target_words[j]) for i, j in links}
