"""NAACL: one line per link: pair, source word, target word, S or P, score (WPT 2003; Mihalcea & Pedersen)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from ..errors import FormatError
from ..files import each_line
from ..links import Alignment
from ..text.sentences import SentencePair
from .entry import NUMBER, SCORE, Entry, Row, WriteOptions, alignment_of, linked, number, shown

LINE = re.compile(rf"(\d{{1,9}})\s+({NUMBER})\s+({NUMBER})(?:\s+([SP]))?(?:\s+({SCORE}))?", re.ASCII)


def parse_naacl(lines: Iterable[str], one_based: bool = True) -> dict[int, Alignment]:
    """Read links by the number of their pair, in the order in which numbers appear.

    Word 0 on one side is the NULL word if words count from 1; such a line is not a link.

    >>> parse_naacl(["0007 1 1 S", "0007 2 1 P", "0009 1 0"])[7].sure
    frozenset({Link(source=0, target=0)})
    """
    pairs: dict[int, list[Row]] = {}
    for pair, row in each_line(partial(_row, one_based=one_based), lines):
        if pair is not None:
            pairs.setdefault(pair, []).extend([] if row is None else [row])
    return {pair: alignment_of(rows) for pair, rows in pairs.items()}


def _row(line: str, one_based: bool) -> tuple[int | None, Row | None]:
    """(number of the pair, None for an empty line; the link, None for a link to NULL)"""
    if not line.strip():
        return None, None
    match = LINE.fullmatch(line.strip())
    if match is None:
        raise FormatError(f'expected "pair source target [S|P]", found {shown(line)}')
    pair, source, target, kind, score = match.groups()
    link = linked(source, target, one_based)
    if link is None:
        return int(pair), None
    return int(pair), Row(link, kind == "P", None if score is None else number(score))


def read_naacl(lines: Iterable[str], one_based: bool) -> Iterator[Entry]:
    for pair, alignment in parse_naacl(lines, one_based).items():
        yield Entry(alignment, number=pair)


def write_naacl(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """Words count from 1, as always in this format; the score of a link is the fifth column."""
    scores = alignment.scores if options.scores else None
    ends = [""] * len(alignment.links) if scores is None else [f" {score:.4f}" for score in scores]
    return "".join(
        f"{number} {link.source + 1} {link.target + 1} {'P' if link in alignment.possible else 'S'}{end}\n"
        for link, end in zip(alignment.links, ends, strict=True)
    )
