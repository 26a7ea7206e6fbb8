"""Scores of pairs: links below --min-score are dropped, and a warning is given if the text looks shuffled."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import isnan, log
from statistics import StatisticsError, correlation, fmean
from typing import TYPE_CHECKING

from xalign.errors import OptionError

if TYPE_CHECKING:
    from xalign.links import Alignment
    from xalign.text.sentences import SentencePair

LOOKED_AT = 1_000  # pairs
FEWEST = 100  # where the text is shorter
SHUFFLED = 0.2  # a mean score below this may mean that the text is shuffled
# Correlation of the lengths of both sides, which translations have even in languages that the model does not know.
CORRELATED = 0.5
logger = logging.getLogger("xalign")


def expect_possible(least: float | None, calibrated: bool) -> None:
    """OptionError if no pair can have a score as high as `least`. `calibrated`: scores are probabilities."""
    if least is not None and (isnan(least) or (calibrated and least > 1)):
        expected = (
            "the scores of this model are probabilities, from 0 to 1" if calibrated else "give a number"
        )
        raise OptionError(f"--min-score is {least:g}: {expected}")


class Screening:
    """Aligned pairs pass through this, and are counted.

    `least`: pairs with a lower score lose their links; None keeps all. `warns`: whether to warn of text that looks
    shuffled, for which scores must be probabilities.
    """

    def __init__(self, least: float | None, warns: bool) -> None:
        self.below = self.pairs = 0
        self._least, self._warns = least, warns
        self._seen: list[tuple[float, float, float]] = []  # score, and the length of both sides

    def __call__(
        self, aligned: Iterable[tuple[SentencePair, Alignment]]
    ) -> Iterator[tuple[SentencePair, Alignment]]:
        """The same number of pairs, some without links."""
        for pair, alignment in aligned:
            score = alignment.score or 0.0
            if self._warns and pair.source and pair.target:
                self._seen.append((score, _letters(pair.source), _letters(pair.target)))
                if len(self._seen) == LOOKED_AT:
                    self._tell()
            self.pairs += 1
            if self._least is not None and score < self._least:
                self.below += 1
                alignment = replace(alignment, links=(), possible=frozenset(), scores=())
            yield pair, alignment
        if self._warns and len(self._seen) >= FEWEST:
            self._tell()

    def _tell(self) -> None:
        """Warn if the text looks shuffled; this is called once."""
        self._warns = False
        scores, sources, targets = zip(*self._seen, strict=True)
        if fmean(scores) < SHUFFLED and _correlation(sources, targets) < CORRELATED:
            logger.warning(
                "the first %s pairs score %.2f on average, as sentences do that do not translate each other: "
                "does line i of one side belong to line i of the other?",
                f"{len(scores):,}",
                fmean(scores),
            )

    @property
    def outcome(self) -> str:
        """How many pairs lost their links."""
        pairs = "1 pair has" if self.below == 1 else f"{self.below:,} pairs have"
        return f"{pairs} no links, of {self.pairs:,}: scores below {self._least:g}"


def _letters(words: Sequence[str]) -> float:
    return log(1 + sum(map(len, words)))


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    try:
        return correlation(one, other)
    except StatisticsError:  # all have the same length
        return 1.0
