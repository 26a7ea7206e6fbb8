"""TSV: source, target, Pharaoh links, perhaps the score of the pair, between tabs (XL-WA, OpusTrainer)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import FormatError
from ..links import Alignment
from ..text.sentences import SentencePair, words
from .entry import Entry, WriteOptions, alignment_of, number, shown
from .pharaoh import link_texts, pharaoh_rows

_SPACE = re.compile(r"[ \t\r\n]")
_NO_BREAK_SPACE = "\u00a0"


def tsv_entry(line: str, one_based: bool) -> Entry:
    """The links of a line, and its text.

    >>> print(tsv_entry("das Haus\\tthe house\\t0-0 1-1", one_based=False).alignment)
    0-0 1-1
    """
    fields = line.split("\t")
    if len(fields) not in (3, 4):
        found = f"{len(fields)} column{'s' * (len(fields) > 1)}: {shown(line)}"
        raise FormatError(f"expected source, target and links between tabs, found {found}")
    score = number(fields[3]) if len(fields) == 4 else None
    pair = SentencePair(words(fields[0]), words(fields[1]))
    return Entry(alignment_of(pharaoh_rows(fields[2], one_based), score), pair)


def write_tsv(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    columns = [column(pair.source), column(pair.target), " ".join(link_texts(alignment, options))]
    if options.scores and alignment.score is not None:
        columns.append(f"{alignment.score:.4f}")
    return "\t".join(columns) + "\n"


def column(words: Iterable[str]) -> str:
    """Words between spaces; a space within a word, which JSON lines allow, becomes a no-break space."""
    return " ".join([_SPACE.sub(_NO_BREAK_SPACE, word) or _NO_BREAK_SPACE for word in words])
