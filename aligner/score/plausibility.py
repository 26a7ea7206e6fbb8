"""Gold, hypothesis and, if known, the text -> a message about a probable mistake.

Two mistakes make a score meaningless without an error: word numbers that count from 0 instead of 1 or vice versa, and
source and target in the wrong order. Links to words that do not exist are a sign of both. But gold sets contain a few
of them, too, so they are only reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..links import Alignment, Link
from .aer import count, total

if TYPE_CHECKING:
    from ..text.sentences import SentencePair

# A wrong base or order costs tens of points of AER. Changing a right one cannot improve AER by this much.
MARGIN = 0.1
# Fewer links can fit any reading by chance.
FEWEST_LINKS = 10


def out_of_range(alignments: Sequence[Alignment], pairs: Sequence[SentencePair] | None = None) -> str | None:
    """A message about links to words that the sentences do not have; without text, to words below 0.

    >>> out_of_range([Alignment.of([(0, 0)]), Alignment.of([(2, -100)])])
    '1 link to a word that does not exist, first 2--100 (counted from 0) in pair 2'
    """
    wrong = list(_out_of_range(alignments, pairs))
    if not wrong:
        return None
    number, link = wrong[0]
    where = f"first {link.source}-{link.target} (counted from 0) in pair {number}"
    return f"{links_to_no_word(len(wrong))}, {where}{_base_hint(alignments)}"


def links_to_no_word(count: int) -> str:
    """How many links there are to words that do not exist, for a message."""
    return f"{'1 link' if count == 1 else f'{count} links'} to a word that does not exist"


def _out_of_range(
    alignments: Sequence[Alignment], pairs: Sequence[SentencePair] | None
) -> Iterator[tuple[int, Link]]:
    """(number of the pair from 1, link)"""
    for number, alignment in enumerate(alignments, start=1):
        for link in alignment.links:
            beyond = pairs is not None and (
                link.source >= len(pairs[number - 1].source) or link.target >= len(pairs[number - 1].target)
            )
            if beyond or min(link) < 0:
                yield number, link


def _base_hint(alignments: Sequence[Alignment]) -> str:
    """The probable reason, judged by the lowest word number of a file with links out of range."""
    lowest = min(min(link) for alignment in alignments for link in alignment.links)
    if lowest == 1:
        return ": the file probably counts words from 1"
    return ": the file probably counts words from 0" if lowest == -1 else ""


class Reading(NamedTuple):
    """Another way to read the hypothesis: source and target swapped, `base` added to the word numbers."""

    base: int
    reverse: bool

    def __call__(self, alignment: Alignment) -> Alignment:
        links = alignment.reversed().links if self.reverse else alignment.links
        return Alignment(tuple(Link(source + self.base, target + self.base) for source, target in links))


class BetterReading(NamedTuple):
    reading: Reading
    aer: float


_OTHER_READINGS = (Reading(-1, False), Reading(1, False), *(Reading(base, True) for base in (0, -1, 1)))


def better_reading(hypothesis: Sequence[Alignment], gold: Sequence[Alignment]) -> BetterReading | None:
    """The reading of the hypothesis that fits the gold best, if it fits much better than the links as they are.

    This cannot show which of the two was misread, the hypothesis or the gold.

    >>> gold = [Alignment.of([(i, i + 5) for i in range(10)])]
    >>> better_reading([gold[0].reversed()], gold)
    BetterReading(reading=Reading(base=0, reverse=True), aer=0.0)
    """
    counts = total(map(count, hypothesis, gold))
    if counts.hypothesis < FEWEST_LINKS:
        return None
    candidates = []
    for reading in _OTHER_READINGS:
        reread = [reading(alignment) for alignment in hypothesis]
        candidates.append(BetterReading(reading, total(map(count, reread, gold)).aer))
    best = min(candidates, key=lambda candidate: candidate.aer)
    return best if best.aer <= counts.aer - MARGIN else None
