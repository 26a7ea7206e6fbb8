"""TsinghuaAligner's format: one line per pair, "1:1/1 2:3/0", words numbered from 1.

The number after the slash is 1 for a sure and 0 for a possible link, or the probability of the link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import FormatError
from ..links import Alignment, Link
from ..text.sentences import SentencePair
from .entry import NUMBER, SCORE, Entry, Row, WriteOptions, alignment_of, number, shown

LINK = re.compile(rf"({NUMBER}):({NUMBER})/({SCORE})", re.ASCII)


def tsinghua_entry(line: str, one_based: bool = True) -> Entry:
    """Read one line of links. The numbers are marks if all of them are 0 or 1, else probabilities.

    >>> tsinghua_entry("1:1/1 2:3/0").alignment.possible
    frozenset({Link(source=1, target=2)})
    >>> tsinghua_entry("1:1/1 2:3/0.5").alignment.scores
    (1.0, 0.5)
    """
    rows = list(_rows(line, int(one_based)))
    if all(text in ("0", "1") for _, text in rows):
        return Entry(alignment_of(Row(link, text == "0") for link, text in rows))
    return Entry(alignment_of(Row(link, score=number(text)) for link, text in rows))


def _rows(line: str, base: int) -> Iterator[tuple[Link, str]]:
    for text in line.split():
        match = LINK.fullmatch(text)
        if match is None:
            raise FormatError(f"expected links such as 1:1/1, found {shown(text)}")
        yield Link(int(match[1]) - base, int(match[2]) - base), match[3]


def write_tsinghua(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """Write marks, or scores if they are wanted: a line can only have one of the two."""
    if options.scores and alignment.scores is not None:
        values = [f"{score:.4f}" for score in alignment.scores]
    else:
        values = [str(int(link not in alignment.possible)) for link in alignment.links]
    links = zip(alignment.links, values, strict=True)
    return " ".join(f"{link.source + 1}:{link.target + 1}/{value}" for link, value in links) + "\n"
