"""A file of links and its text -> sentence pairs with their alignments, checked against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from ..errors import FormatError, InputError
from ..files import name_of
from ..links import Alignment
from ..options import expect_one_of
from ..text.sentences import SentencePair
from .entry import Entry
from .files import FORMATS, detected, naming, parsed, placed

OUTSIDE = ("error", "drop")

Aligned = tuple[SentencePair | None, Alignment]


def iter_aligned(
    path: Path | str,
    pairs: Iterable[SentencePair] | None = None,
    format: str = "auto",
    one_based: bool | None = None,
    outside: str = "error",
) -> Iterator[Aligned]:
    """Each sentence pair with its alignment; the pair is None if there is no text.

    Streams, except for naacl and giza, whose pairs may come in any order.

    Args:
        path: the links, in a format of `READABLE`.
        pairs: the text. None takes it from the file, in formats that have it.
        format, one_based: as in `iter_alignments`.
        outside: what to do with a link to a word that the pair does not have: raise an "error", or "drop" it.

    Raises:
        FormatError: the file is not of the format, has another number of pairs than the text, or a link is outside.
        OptionError: `format` or `outside` is unknown.
    """
    expect_one_of("outside", outside, OUTSIDE)
    name, lines = detected(path, format)
    with naming(path):
        entries = parsed(name, lines, one_based)
        unit = "line" if FORMATS[name].by_line else "pair"
        for number, aligned in enumerate(_side_by_side(name, entries, pairs), start=1):
            try:
                yield _checked(*aligned, outside)
            except InputError as error:
                raise FormatError(f"{unit} {number}: {error}") from None


def iter_with_text(
    path: Path | str,
    pairs: Iterable[SentencePair] | None = None,
    format: str = "auto",
    one_based: bool | None = None,
    outside: str = "error",
) -> Iterator[tuple[SentencePair, Alignment]]:
    """As `iter_aligned`, with a text for every pair; FormatError if there is none."""
    for pair, alignment in iter_aligned(path, pairs, format, one_based, outside):
        if pair is None:
            raise FormatError(f"{name_of(path)} contains no text: give source and target as well")
        yield pair, alignment


def _side_by_side(
    name: str, entries: Iterator[Entry], pairs: Iterable[SentencePair] | None
) -> Iterator[Aligned]:
    if pairs is None:
        for entry in _without_gaps(placed(name, entries, None)) if FORMATS[name].numbered else entries:
            yield entry.pair, entry.alignment
        return
    given: Iterable[Entry] = entries
    if FORMATS[name].numbered:
        pairs = list(pairs)
        given = placed(name, entries, len(pairs))
    for number, (pair, found) in enumerate(zip_longest(pairs, given), start=1):
        if pair is None:
            raise FormatError(f"goes on after pair {number - 1}, where the text ends")
        if found is None:
            raise FormatError(f"ends after pair {number - 1}, but the text goes on")
        yield pair, found.alignment


def _without_gaps(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries; FormatError unless their numbers are 1, 2, 3 and so on: pairs without links may be missing."""
    for number, entry in enumerate(entries, start=1):
        if entry.number != number:
            raise FormatError(
                f"has pair {entry.number} where pair {number} is expected: "
                "give source and target as well, since without the text it is unknown which pairs have no links"
            )
        yield entry


def _checked(pair: SentencePair | None, alignment: Alignment, outside: str) -> Aligned:
    source, target = (2**31, 2**31) if pair is None else (len(pair.source), len(pair.target))
    if outside == "drop":
        return pair, alignment.within(source, target)
    alignment.expect_within(source, target)
    return pair, alignment
