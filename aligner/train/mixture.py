"""Corpora -> an endless stream of batches of examples, in an order that depends only on the seed.

Batch n is a pure function of (corpora, budget, temperature, seed, n). A resumed run skips to its place. Of n processes,
each takes every n-th batch of the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..input_shape import InputShape
from .collate import Example
from .corpus import Corpus
from .resplit import Resplitter

POOL = 4096  # pairs that are drawn together, sorted by length and cut into batches, per 4,096 subwords of the budget

Row = tuple[int, int]  # number of the corpus, number of the pair in it


@dataclass(frozen=True, eq=False)
class Mixture:
    """The corpora that batches are drawn from, and how they are drawn.

    `budget`: the most subwords in a batch, padding included; a longer pair is a batch of its own. `shape` decides how
    much padding there is. `temperature`: each corpus is drawn in proportion to its size to the power 1 / temperature.
    `resplitter`: replaces subwords by others; the budget does not count them.
    """

    corpora: Sequence[Corpus]
    budget: int
    shape: InputShape
    temperature: float
    seed: int
    resplitter: Resplitter | None = None

    def batches(self, skip: int = 0, process: int = 0, processes: int = 1) -> Iterator[list[Example]]:
        """The batches of one of `processes` processes, from batch `skip` on; a random half of the pairs is swapped."""
        number, pool = 0, 0
        while True:
            random = np.random.default_rng((self.seed, pool))
            for rows in self._cut(self.draw(pool), random):
                swapped = random.random(len(rows)) < 0.5
                if number >= skip and (number - skip) % processes == process:
                    examples = [
                        self.corpora[k].example(i, bool(swap))
                        for (k, i), swap in zip(rows, swapped, strict=True)
                    ]
                    if self.resplitter is not None:
                        splits = np.random.default_rng((self.seed, pool, number))
                        examples = [self.resplitter(each, splits) for each in examples]
                    yield examples
                number += 1
            pool += 1

    def draw(self, pool: int) -> list[Row]:
        """The rows of a pool: each corpus contributes one random permutation of itself after another."""
        weights = np.array([len(corpus) for corpus in self.corpora], dtype=np.float64) ** (
            1 / self.temperature
        )
        size = POOL * max(1, self.budget // 4096)
        shares = np.maximum(1, np.round(size * weights / weights.sum())).astype(int)
        rows = []
        for k, (corpus, share) in enumerate(zip(self.corpora, shares, strict=True)):
            epochs, places = np.divmod(np.arange(pool * share, (pool + 1) * share), len(corpus))
            for epoch in np.unique(epochs):
                order = np.random.default_rng((self.seed, k, int(epoch))).permutation(len(corpus))
                rows += [(k, int(i)) for i in order[places[epochs == epoch]]]
        return rows

    def _cut(self, rows: Sequence[Row], random: np.random.Generator) -> list[list[Row]]:
        """Sort by length, cut into batches within the budget, shuffle the batches."""
        costs = self._costs(rows)
        cut: list[list[Row]] = []
        batch: list[Row] = []
        for position in np.argsort(costs, kind="stable"):
            if batch and (len(batch) + 1) * costs[position] > self.budget:
                cut.append(batch)
                batch = []
            batch.append(rows[position])
        cut.append(batch)
        return [cut[i] for i in random.permutation(len(cut))]

    def _costs(self, rows: Sequence[Row]) -> NDArray[np.int64]:
        """Subwords of each row with its specials, in a batch of rows of its length. Shape: (rows,)"""
        sizes = [corpus.sizes for corpus in self.corpora]
        both = np.array([sizes[k][i] for k, i in rows])
        return self.shape.costs(both[:, 0], both[:, 1])
