"""GIZA: three lines per pair, as GIZA++ and MGIZA write them to *.A3.final.

The third line holds the source words, NULL first, each with the numbers of the target words linked to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..errors import FormatError
from ..links import Alignment, Link
from ..text.sentences import SentencePair, words
from .entry import Entry, Row, WriteOptions, alignment_of, shown
from .tsv import column

HEADER = re.compile(r"# Sentence pair \((\d{1,9})\)", re.ASCII)
_WORD = re.compile(r"(\S+) \(\{((?: \d{1,9})*) \}\)\s*", re.ASCII)


def read_giza(lines: Iterable[str], one_based: bool = True) -> Iterator[Entry]:
    """The pairs, sorted by number: MGIZA writes them out of order and repeats some."""
    pairs: dict[int, Entry] = {}
    numbered = enumerate(lines, start=1)
    for k, line in numbered:
        if not line.strip():
            continue
        header = HEADER.match(line)
        if header is None:
            raise FormatError(f'line {k}: expected "# Sentence pair (1) ...", found {shown(line)}')
        _, target = next(numbered, (k, ""))
        k, text = next(numbered, (k, ""))
        try:
            source, rows = _words_and_rows(text, int(one_based))
        except FormatError as error:
            raise FormatError(f"line {k}: {error}") from None
        pair = int(header[1])
        entry = Entry(alignment_of(rows), SentencePair(source, words(target)), pair)
        if pairs.setdefault(pair, entry).alignment != entry.alignment:
            raise FormatError(f"line {k}: pair {pair} is repeated with other links")
    yield from (entry for _, entry in sorted(pairs.items()))


def _words_and_rows(text: str, base: int) -> tuple[tuple[str, ...], list[Row]]:
    position = 0
    source: list[str] = []  # the NULL word first
    rows: list[Row] = []
    while match := _WORD.match(text, position):
        if source:
            rows += (Row(Link(len(source) - 1, int(target) - base)) for target in match[2].split())
        position = match.end()
        source.append(match[1])
    if position == 0 or position < len(text.rstrip()):
        raise FormatError(f'expected "NULL ({{ 3 }}) word ({{ 1 2 }}) ...", found {shown(text[position:])}')
    return tuple(source[1:]), rows


def write_giza(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """NULL gets the target words without a link. Unlike in GIZA++, a target word may have several source words.

    The score is that of the pair, or 1 if it is not known, or not wanted.
    """
    targets: list[list[int]] = [[] for _ in pair.source]
    for link in alignment.links:
        targets[link.source].append(link.target + 1)
    linked = {link.target for link in alignment.links}
    free = [target + 1 for target in range(len(pair.target)) if target not in linked]
    words = ("NULL", *(column([word]) for word in pair.source))
    fields = [
        f"{word} ({{{''.join(f' {target}' for target in numbers)} }})"
        for word, numbers in zip(words, (free, *targets), strict=True)
    ]
    score = alignment.score if options.scores and alignment.score is not None else 1.0
    lengths = f"source length {len(pair.source)} target length {len(pair.target)}"
    header = f"# Sentence pair ({number}) {lengths} alignment score : {score:.6g}"
    return f"{header}\n{column(pair.target)}\n{' '.join(fields)}\n"
