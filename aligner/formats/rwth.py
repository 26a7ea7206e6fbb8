"""RWTH: "SENT: 0" before the links of a pair, then one line per link, "S 1 1" or "P 2 3", words numbered from 1.

The format of RWTH Aachen's gold sets, German-English Europarl among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..errors import FormatError
from ..links import Alignment
from ..text.sentences import SentencePair
from .entry import NUMBER, Entry, Row, WriteOptions, alignment_of, linked, shown

HEADER = re.compile(r"SENT:\s*(\d{1,9})", re.ASCII)
_LINE = re.compile(rf"([SP])\s+({NUMBER})\s+({NUMBER})", re.ASCII)


def read_rwth(lines: Iterable[str], one_based: bool = True) -> Iterator[Entry]:
    """The pairs in the order of the file, including those without links. Word 0 on one side is the NULL word.

    FormatError if a number is not one more than the last: every pair has its number, also without links.

    >>> [str(entry.alignment) for entry in read_rwth(["SENT: 0", "S 1 1", "P 2 1", "SENT: 1", "S 1 2"])]
    ['0-0 1p0', '0-1']
    """
    pair: int | None = None
    rows: list[Row] = []
    for k, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        if header := HEADER.fullmatch(text):
            number = int(header[1])
            if pair is not None:
                if number != pair + 1:
                    raise FormatError(f'line {k}: expected "SENT: {pair + 1}", found {shown(text)}')
                yield Entry(alignment_of(rows))
            pair, rows = number, []
            continue
        match = _LINE.fullmatch(text)
        if match is None or pair is None:
            expected = '"SENT: 0"' if pair is None else '"S 1 1", "P 1 2" or "SENT: 1"'
            raise FormatError(f"line {k}: expected {expected}, found {shown(text)}")
        if (link := linked(match[2], match[3], one_based)) is not None:
            rows.append(Row(link, match[1] == "P"))
    if pair is not None:
        yield Entry(alignment_of(rows))


def write_rwth(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """Pairs count from 0, words from 1. The format has no place for scores."""
    lines = (
        f"{'P' if link in alignment.possible else 'S'} {link.source + 1} {link.target + 1}\n"
        for link in alignment.links
    )
    return f"SENT: {number - 1}\n{''.join(lines)}"
