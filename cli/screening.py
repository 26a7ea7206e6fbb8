"""What the scores of pairs tell: pairs below --min-score lose their links; text that looks shuffled is told, once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xalign.links import Alignment
    from xalign.text.sentences import SentencePair

LOOKED_AT = 1_000  # pairs
FEWEST = 100  # where the text is shorter
SHUFFLED = (
    0.2  # mean score below which they are told; that of shuffled text and of true text: docs/filtering.md
)
logger = logging.getLogger("xalign")


class Screening:
    """Aligned pairs on their way out, with what was seen of them.

    `least`: the score below which a pair loses its links; None keeps all. `told`: whether text that looks shuffled is
    told; it needs scores that are probabilities.
    """

    def __init__(self, least: float | None, told: bool) -> None:
        self.below = self.pairs = 0
        self._least, self._told = least, told

    def __call__(
        self, aligned: Iterable[tuple[SentencePair, Alignment]]
    ) -> Iterator[tuple[SentencePair, Alignment]]:
        """The pairs, line for line."""
        total, seen = 0.0, 0
        for pair, alignment in aligned:
            score = alignment.score or 0.0
            if self._told and pair.source and pair.target:
                total, seen = total + score, seen + 1
                if seen == LOOKED_AT:
                    self._tell(total, seen)
            self.pairs += 1
            if self._least is not None and score < self._least:
                self.below += 1
                alignment = replace(alignment, links=(), possible=frozenset(), scores=())
            yield pair, alignment
        if self._told and seen >= FEWEST:
            self._tell(total, seen)

    def _tell(self, total: float, seen: int) -> None:
        """Tell it now, or never."""
        self._told = False
        if total < SHUFFLED * seen:
            logger.warning(
                "the first %s pairs score %.2f on average, as sentences do that do not translate each other: "
                "does line i of one side belong to line i of the other?",
                f"{seen:,}",
                total / seen,
            )

    @property
    def outcome(self) -> str:
        """How many pairs lost their links."""
        pairs = "1 pair has" if self.below == 1 else f"{self.below:,} pairs have"
        return f"{pairs} no links, of {self.pairs:,}: scores below {self._least:g}"
