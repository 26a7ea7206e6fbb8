"""A sentence pair and a link as they are read from a file, and how they are written; shared by all formats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from ..errors import FormatError
from ..links import Alignment, Link
from ..text.sentences import SentencePair

NUMBER = r"-?\d{1,9}"  # longer ones are not word numbers, and int() refuses those of thousands of digits
SCORE = r"-?\d[\d.eE+-]*"


class Row(NamedTuple):
    """One link, already numbered from 0."""

    link: Link
    possible: bool = False
    score: float | None = None


class Entry(NamedTuple):
    """One sentence pair: its links, and its words and its number if the format has them."""

    alignment: Alignment
    pair: SentencePair | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """`scores`: write the scores of links and of the pair, if there are any. `one_based`: count words from 1."""

    scores: bool = False
    one_based: bool = False


PLAIN = WriteOptions()


class Writer(Protocol):
    """Writes a pair with its alignment as complete lines. `number`: of the pair, counted from 1."""

    def __call__(
        self, pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions
    ) -> str: ...


def alignment_of(rows: Iterable[Row], score: float | None = None) -> Alignment:
    """The alignment with these links; scores are kept if all links of the pair have one."""
    rows = list(rows)
    sure = (row.link for row in rows if not row.possible)
    possible = (row.link for row in rows if row.possible)
    alignment = Alignment.of(sure, possible)
    scores = {row.link: row.score for row in rows if row.score is not None}
    if not scores or len(scores) < len(alignment.links):
        return alignment if score is None else replace(alignment, score=score)
    return replace(alignment, scores=tuple(scores[link] for link in alignment.links), score=score)


def linked(source: str, target: str, one_based: bool) -> Link | None:
    """The link between two words given by number; None if one of them is the NULL word: 0 if words count from 1.

    A zero on both sides cannot mean NULL. It becomes a link to word -1, about which plausibility.py warns.
    """
    link = Link(int(source) - one_based, int(target) - one_based)
    is_null = one_based and (link.source == -1) != (link.target == -1)
    return None if is_null else link


def number(text: str) -> float:
    """A score; FormatError if the text is not a number."""
    try:
        return float(text)
    except ValueError:
        raise FormatError(f"expected a score, found {shown(text)}") from None


def shown(text: str) -> str:
    """The start of what was found, for a message of one line."""
    text = text.strip()
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
