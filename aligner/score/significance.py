"""Counts of every sentence pair -> how much an AER depends on the choice of sentences.

    bootstrap_interval   draw as many pairs with replacement, sum, score; many times (Koehn, 2004)
    paired_test          for each pair, a coin decides whether two systems swap their counts; how often do the shuffled
                         systems differ as much as the real ones? (randomization test; Riezler & Maxwell, 2005)

The same seed gives the same figures. Does not: cover other kinds of text, languages or annotators.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError
from .aer import Counts

SAMPLES = 1000
SEED = 12345


class Interval(NamedTuple):
    """The lower and the upper end: AERs or differences of AERs, as fractions."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedTest:
    """`difference`: AER of the second system minus that of the first; negative where the second is better.

    `p_value`: how often two equally good systems differ at least this much. `interval`: of the difference, by bootstrap
    with the same draws for both systems.
    """

    difference: float
    p_value: float
    interval: Interval


def bootstrap_interval(
    counts: Sequence[Counts], confidence: float = 0.95, samples: int = SAMPLES, seed: int = SEED
) -> Interval:
    """The interval that contains the AERs of the middle `confidence` of the resampled corpora.

    >>> bootstrap_interval([Counts(1, 1, 1, 1)] * 10)
    Interval(low=0.0, high=0.0)
    """
    table = _table(counts)
    return _middle([_aer(weights @ table) for weights in _draws(len(table), samples, seed)], confidence)


def paired_test(
    first: Sequence[Counts],
    second: Sequence[Counts],
    confidence: float = 0.95,
    samples: int = SAMPLES,
    seed: int = SEED,
) -> PairedTest:
    """Compare two systems' counts of the same sentence pairs, in the same order."""
    if len(first) != len(second):
        raise OptionError(
            f"a paired test needs the same sentence pairs for both systems, got {len(first)} and {len(second)}"
        )
    one, other = _table(first), _table(second)
    difference = _aer(other.sum(0)) - _aer(one.sum(0))
    resampled = [_aer(weights @ other) - _aer(weights @ one) for weights in _draws(len(one), samples, seed)]
    shuffled = np.array(
        [
            _aer(other.sum(0) - swapped @ (other - one)) - _aer(one.sum(0) + swapped @ (other - one))
            for swapped in _coins(len(one), samples, seed)
        ]
    )
    # A small tolerance, so that rounding does not decide whether a shuffle is as extreme as the measured difference.
    as_extreme = int((np.abs(shuffled) >= abs(difference) - 1e-12).sum())
    return PairedTest(difference, (as_extreme + 1) / (samples + 1), _middle(resampled, confidence))


def _table(counts: Sequence[Counts]) -> NDArray[np.int64]:
    """Shape: (pairs, 4)"""
    return np.array([astuple(pair) for pair in counts], dtype=np.int64).reshape(-1, 4)


def _aer(totals: NDArray[np.int64]) -> float:
    """Shape: (4,)"""
    return Counts(*totals.tolist()).aer


def _draws(pairs: int, samples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each pair is drawn, with replacement. Shape of each: (pairs,)"""
    random = np.random.default_rng(seed)
    for _ in range(samples):
        yield np.bincount(random.integers(pairs, size=pairs), minlength=pairs)


def _coins(pairs: int, samples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """0 or 1 for each pair. Shape of each: (pairs,)"""
    random = np.random.default_rng(seed)
    for _ in range(samples):
        yield random.integers(2, size=pairs)


def _middle(values: Sequence[float], confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(float(low), float(high))
