"""Pharaoh: one line per pair, "0-0 1-2" sure, "1p2" possible, "0-0:0.93 ||| 0.81" with scores.

fast_align's variants with text and score beside the links are read too, and two other ways to write a link: "1?2"
possible, and "0-0/0.93" with a score. Talp is Pharaoh with words numbered from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..errors import FormatError
from ..links import Alignment, Link
from ..text.sentences import SentencePair, words
from .entry import NUMBER, PLAIN, SCORE, Entry, Row, WriteOptions, alignment_of, number, shown

# Most lines of most files have this form; a fast path for them pays on whole corpora.
_PLAIN_LINKS = re.compile(r"\d{1,9}-\d{1,9}(?: \d{1,9}-\d{1,9})*\s*", re.ASCII)
LINK = re.compile(rf"({NUMBER})([-p?])({NUMBER})(?:[:/]({SCORE}))?", re.ASCII)


def parse_pharaoh(line: str, one_based: bool = False) -> Alignment:
    """Read one line of links.

    >>> parse_pharaoh("1p2 0-0").possible
    frozenset({Link(source=1, target=2)})
    >>> parse_pharaoh("das Haus ||| the house ||| 0-0 1-1 ||| -3.5").score
    -3.5

    Raises:
        FormatError: the line has another form.
    """
    return pharaoh_entry(line, one_based).alignment


def pharaoh_entry(line: str, one_based: bool) -> Entry:
    """The links of a line, and its text if it has one."""
    if _PLAIN_LINKS.fullmatch(line):
        numbers = [int(text) - one_based for text in line.replace("-", " ").split()]
        return Entry(Alignment(tuple(sorted(set(map(Link, numbers[::2], numbers[1::2]))))))
    fields = line.split("|||")
    if len(fields) > 4:
        raise FormatError(f'expected "links", or "source ||| target ||| links", found {len(fields)} fields')
    links = fields[0] if len(fields) < 3 else fields[2]
    score = number(fields[-1]) if len(fields) in (2, 4) else None
    pair = SentencePair(words(fields[0]), words(fields[1])) if len(fields) > 2 else None
    return Entry(alignment_of(pharaoh_rows(links, one_based), score), pair)


def pharaoh_rows(links: str, one_based: bool) -> Iterator[Row]:
    """The links between spaces."""
    base = int(one_based)
    for text in links.split():
        match = LINK.fullmatch(text)
        if match is None:
            raise FormatError(f"expected links such as 0-0 or 1p2, found {shown(text)}")
        source, kind, target, score = match.groups()
        link = Link(int(source) - base, int(target) - base)
        yield Row(link, kind != "-", None if score is None else number(score))


def format_pharaoh(alignment: Alignment, options: WriteOptions = PLAIN) -> str:
    """The line that `parse_pharaoh` reads, without a newline; empty if there are no links, whatever the score.

    >>> format_pharaoh(Alignment.of([(0, 0)], [(1, 2)]))
    '0-0 1p2'
    """
    links = " ".join(link_texts(alignment, options))
    if links and options.scores and alignment.score is not None:
        return f"{links} ||| {alignment.score:.4f}"
    return links


def link_texts(alignment: Alignment, options: WriteOptions) -> list[str]:
    """The text of each link."""
    base = int(options.one_based)
    possible = alignment.possible
    links = [
        f"{link.source + base}{'p' if link in possible else '-'}{link.target + base}"
        for link in alignment.links
    ]
    if not options.scores or alignment.scores is None:
        return links
    return [f"{link}:{score:.4f}" for link, score in zip(links, alignment.scores, strict=True)]


def write_pharaoh(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    return format_pharaoh(alignment, options) + "\n"


def write_talp(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    return format_pharaoh(alignment, replace(options, one_based=True)) + "\n"
