"""Bal: both directions of a pair in three lines, as Moses' giza2bal writes them for symal; read only.

    1                        how often the pair occurs in the corpus
    2 the house # 1 2        target words; for each the number of its source word, 0 for none
    2 das Haus # 1 2         source words; for each the number of its target word

Does not: write. Each word has at most one partner here, so that many alignments cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..errors import FormatError
from ..links import Alignment
from ..text.sentences import SentencePair, words
from .entry import Entry, shown


class Directions(NamedTuple):
    """`forward`: the link of each target word. `backward`: the link of each source word. Both are source-target."""

    pair: SentencePair
    forward: Alignment
    backward: Alignment


def read_directions(lines: Iterable[str], one_based: bool = True) -> Iterator[Directions]:
    """Both directions of each pair.

    >>> [found] = read_directions(["1", "2 the house # 1 1", "2 das Haus # 1 0"])
    >>> str(found.forward), str(found.backward)
    ('0-0 0-1', '0-0')
    """
    base = int(one_based)
    numbered = ((k, line) for k, line in enumerate(lines, start=1) if line.strip())
    for k, count in numbered:
        if not count.strip().isdecimal():
            raise FormatError(
                f"line {k}: expected how often the pair occurs, such as 1, found {shown(count)}"
            )
        target, sources = _side(*next(numbered, (k + 1, "")), base)
        source, targets = _side(*next(numbered, (k + 2, "")), base)
        yield Directions(
            SentencePair(source, target),
            Alignment.of((partner, own) for own, partner in enumerate(sources) if partner >= 0),
            Alignment.of((own, partner) for own, partner in enumerate(targets) if partner >= 0),
        )


def _side(k: int, line: str, base: int) -> tuple[tuple[str, ...], list[int]]:
    """The words of a side, and the number of each word's partner, -1 for none."""
    size, *fields = words(line) or ("",)
    length = int(size) if size.isdecimal() and len(size) < 10 else -1
    partners = fields[length + 1 :]
    if len(fields) != 2 * length + 1 or fields[length] != "#" or not all(map(str.isdecimal, partners)):
        raise FormatError(
            f'line {k}: expected "2 das Haus # 1 2", with as many numbers as words, found {shown(line)}'
        )
    return tuple(fields[:length]), [int(partner[:9]) - base for partner in partners]


def read_bal(lines: Iterable[str], one_based: bool) -> Iterator[Entry]:
    """The union of both directions; `xalign symmetrize` combines them by other rules."""
    for found in read_directions(lines, one_based):
        yield Entry(Alignment.of((*found.forward.links, *found.backward.links)), found.pair)
