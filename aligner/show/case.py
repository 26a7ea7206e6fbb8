"""A sentence pair, the links of one or several systems, and the gold -> marks: links, each with a verdict."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..links import Alignment, Link
from ..score.evaluation import Gold, Hypothesis
from ..text.sentences import SentencePair


class Verdict(StrEnum):
    """A link compared with gold.

    `LINK`: there is no gold. `RIGHT`, `POSSIBLE`, `WRONG`: the link is sure, possible, or not in the gold. `MISSING`: a
    sure link of the gold that is not found. `OPEN`: a possible link that is not found, which is no error.
    """

    LINK = "link"
    RIGHT = "right"
    POSSIBLE = "possible"
    WRONG = "wrong"
    MISSING = "missing"
    OPEN = "open"


class Mark(NamedTuple):
    """A cell to mark in the grid. `score`: of the link, if it has one."""

    source: int
    target: int
    verdict: Verdict
    score: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One sentence pair with the links to show.

    `number`: of the pair, counted from 1. `alignments`: one per system. `similarity`: of the words, by the model of the
    first system; NaN for words without subwords. Shape: (source words, target words).
    """

    number: int
    pair: SentencePair
    alignments: tuple[Alignment, ...]
    gold: Alignment | None = None
    similarity: NDArray[np.float32] | None = None

    def marks(self, system: int) -> list[Mark]:
        """The links of a system and those that it misses, in order, without links to words that do not exist."""
        return marks(self.alignments[system], self.gold, self.pair)


def marks(alignment: Alignment, gold: Alignment | None, pair: SentencePair) -> list[Mark]:
    """The links and those of the gold that are missing, in order, without links to words that the pair does not have.

    >>> gold = Alignment.of(sure=[(0, 0), (1, 1)], possible=[(0, 1)])
    >>> [str(mark.verdict) for mark in marks(Alignment.of([(0, 0), (1, 0)]), gold, SentencePair.of("a b", "c d"))]
    ['right', 'open', 'wrong', 'missing']
    """
    scores: Sequence[float | None] = alignment.scores or [None] * len(alignment.links)
    linked = [
        Mark(*link, _verdict(link, gold), score) for link, score in zip(alignment.links, scores, strict=True)
    ]
    left = () if gold is None else set(gold.links) - set(alignment.links)
    unlinked = [
        Mark(*link, Verdict.OPEN if gold and link in gold.possible else Verdict.MISSING) for link in left
    ]
    return sorted(mark for mark in linked + unlinked if _exists(mark, pair))


def _verdict(link: Link, gold: Alignment | None) -> Verdict:
    if gold is None:
        return Verdict.LINK
    if link in gold.possible:
        return Verdict.POSSIBLE
    return Verdict.RIGHT if link in gold.links else Verdict.WRONG


def _exists(mark: Mark, pair: SentencePair) -> bool:
    return 0 <= mark.source < len(pair.source) and 0 <= mark.target < len(pair.target)


def is_right_to_left(words: Iterable[str]) -> bool:
    """Whether the first letter with a direction is written from right to left.

    >>> is_right_to_left(["(1)", "שלום"]), is_right_to_left(["peace", "שלום"])
    (True, False)
    """
    for character in "".join(words):
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


@dataclass(frozen=True, slots=True)
class Exhibit:
    """The cases of a text. `systems`: the names of the systems, in the order of their links. `gold`: its name."""

    systems: tuple[str, ...]
    gold: str | None
    cases: Sequence[Case]

    @classmethod
    def of(
        cls,
        pairs: Sequence[SentencePair],
        systems: Sequence[Hypothesis],
        gold: Gold | None = None,
        similarities: Sequence[NDArray[np.float32]] | None = None,
        numbers: Sequence[int] | None = None,
    ) -> Exhibit:
        """Combine the links of several systems, by pair. `numbers`: of the pairs, by default from 1."""
        cases = [
            Case(
                number=number,
                pair=pair,
                alignments=tuple(system.alignments[k] for system in systems),
                gold=None if gold is None else gold.alignments[k],
                similarity=None if similarities is None else similarities[k],
            )
            for k, (pair, number) in enumerate(zip(pairs, numbers or range(1, len(pairs) + 1), strict=True))
        ]
        return cls(tuple(system.name for system in systems), None if gold is None else gold.name, cases)
