"""A file of alignments -> its format and its alignments, one per sentence pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ..errors import FormatError
from ..files import each_line, name_of, read_lines
from ..links import Alignment
from ..options import expect_one_of
from ..text.sentences import is_json_object
from . import bal, giza, jsonl, naacl, pharaoh, rwth, substrings, tsinghua, tsv
from .entry import Entry, Writer

LONGEST_LINE = 32_000_000  # bytes: a line of JSON may have thirty times those of its text


class Format(NamedTuple):
    """How a format is read and written.

    `read`: (lines, whether words count from 1) -> an entry per pair. `first`: the usual number of the first word.
    `needs_text`: it is written with the words. `based`: words may be written as counted from 0 or from 1.
    `scored`: scores may be written. `by_line`: one line is one pair. `numbered`: pairs have numbers, and may be missing
    or in any order (`placed`).
    """

    read: Callable[[Iterable[str], bool], Iterator[Entry]] | None
    write: Writer | None
    first: int = 0
    needs_text: bool = False
    based: bool = False
    scored: bool = False
    by_line: bool = True
    numbered: bool = False


def _line_by_line(
    parse: Callable[[str, bool], Entry], lines: Iterable[str], one_based: bool
) -> Iterator[Entry]:
    return each_line(lambda line: parse(line, one_based), lines)


_read_pharaoh = partial(_line_by_line, pharaoh.pharaoh_entry)
_read_tsv = partial(_line_by_line, tsv.tsv_entry)
_read_jsonl = partial(_line_by_line, jsonl.jsonl_entry)
_read_tsinghua = partial(_line_by_line, tsinghua.tsinghua_entry)

FORMATS = {
    "pharaoh": Format(_read_pharaoh, pharaoh.write_pharaoh, based=True, scored=True),
    "words": Format(None, substrings.write_words, needs_text=True, scored=True),
    "detokenized": Format(None, substrings.write_substrings, needs_text=True),
    "tsv": Format(_read_tsv, tsv.write_tsv, needs_text=True, based=True, scored=True),
    "jsonl": Format(_read_jsonl, jsonl.write_jsonl, needs_text=True, based=True, scored=True),
    "naacl": Format(naacl.read_naacl, naacl.write_naacl, first=1, scored=True, by_line=False, numbered=True),
    "talp": Format(_read_pharaoh, pharaoh.write_talp, first=1, scored=True),
    "giza": Format(
        giza.read_giza, giza.write_giza, first=1, needs_text=True, scored=True, by_line=False, numbered=True
    ),
    "tsinghua": Format(_read_tsinghua, tsinghua.write_tsinghua, first=1, scored=True),
    "rwth": Format(rwth.read_rwth, rwth.write_rwth, first=1, by_line=False),
    "bal": Format(bal.read_bal, None, first=1, by_line=False),
}
READABLE = tuple(name for name, form in FORMATS.items() if form.read)
# A writer returns complete lines: exactly one, except for naacl, giza and rwth.
WRITERS: dict[str, Writer] = {name: form.write for name, form in FORMATS.items() if form.write}


def detect_format(line: str) -> str:
    """The format of a file, from its first line that is not empty.

    talp looks like pharaoh: only the user knows that its words count from 1.

    >>> detect_format("1 2 2 P"), detect_format("0-0 1-2"), detect_format("ein Haus\\ta house\\t0-0 1-1")
    ('naacl', 'pharaoh', 'tsv')
    """
    text = line.strip()
    if naacl.LINE.fullmatch(text):
        return "naacl"
    if giza.HEADER.match(line):
        return "giza"
    if is_json_object(line):
        return "jsonl"
    if rwth.HEADER.fullmatch(text):
        return "rwth"
    if text.isdecimal():
        return "bal"
    if tsinghua.LINK.fullmatch(text.split(" ")[0]):
        return "tsinghua"
    first, *others = line.split("\t")
    return "tsv" if len(others) > 1 and not pharaoh.LINK.fullmatch(first.strip()) else "pharaoh"


def iter_alignments(
    path: Path | str,
    format: str = "auto",
    one_based: bool | None = None,
    reverse: bool = False,
    sentences: int | None = None,
    numbers: Sequence[int] | None = None,
) -> Iterator[Alignment]:
    """Read a file, one alignment per sentence pair; line by line, but naacl and giza may have pairs in any order.

    Args:
        format: one of `READABLE`; "auto" detects it.
        one_based: words count from 1; None takes what is usual for the format.
        reverse: the links of the file are target-source.
        sentences: the number of pairs, if known. It matters for naacl, where a pair without links has no line.
        numbers: those of the pairs, in order, if another file of the same pairs gives them (`placed`).

    Raises:
        FormatError: the file is not of the format; the message has file and line.
        InputError: the file is missing, or cannot be read.
    """
    name, lines = detected(path, format)
    with naming(path):
        for entry in placed(name, parsed(name, lines, one_based), sentences, numbers):
            yield entry.alignment.reversed() if reverse else entry.alignment


def read_alignments(
    path: Path | str,
    format: str = "auto",
    one_based: bool | None = None,
    reverse: bool = False,
    sentences: int | None = None,
    numbers: Sequence[int] | None = None,
) -> list[Alignment]:
    """As `iter_alignments`, but a list."""
    return list(iter_alignments(path, format, one_based, reverse, sentences, numbers))


def iter_directions(path: Path | str) -> Iterator[tuple[Alignment, Alignment]]:
    """Both directions of each pair of a bal file: (forward, backward), both source first.

    Raises:
        FormatError: the file has another format.
    """
    name, lines = detected(path, "auto")
    with naming(path):
        if name != "bal":
            raise FormatError(
                f"is a {name} file, which has only one direction: give a file for the other one as well"
            )
        for found in bal.read_directions(lines):
            yield found.forward, found.backward


class LinksRead(NamedTuple):
    """`numbers`: of the pairs, if the file has them, as `iter_alignments` takes them. `one_based`: as it was read."""

    alignments: list[Alignment]
    numbers: list[int] | None
    one_based: bool


def read_links(
    path: Path | str,
    one_based: bool | None = None,
    reverse: bool = False,
    sentences: int | None = None,
    numbers: Sequence[int] | None = None,
) -> LinksRead:
    """As `read_alignments`, with what else the file says: in one pass, since a pipe can be read only once."""
    name, lines = detected(path, "auto")
    with naming(path):
        entries = list(placed(name, parsed(name, lines, one_based), sentences, numbers))
    found = [entry.alignment.reversed() if reverse else entry.alignment for entry in entries]
    of_file = [entry.number for entry in entries if entry.number is not None]
    return LinksRead(found, of_file or None, _is_one_based(name, one_based))


def _is_one_based(name: str, one_based: bool | None) -> bool:
    return FORMATS[name].first == 1 if one_based is None else one_based


def detected(path: Path | str, format: str) -> tuple[str, Iterator[str]]:
    """(name of the format, lines of the file); OptionError if the format is unknown."""
    expect_one_of("format", format, ("auto", *READABLE))
    lines = read_lines(path, LONGEST_LINE)
    if format != "auto":
        return format, lines
    head = []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    return detect_format(head[-1] if head else ""), chain(head, lines)


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    try:
        yield
    except FormatError as error:
        raise FormatError(f"{name_of(path)} {error}") from None


def parsed(name: str, lines: Iterable[str], one_based: bool | None) -> Iterator[Entry]:
    form = FORMATS[name]
    assert form.read is not None
    return form.read(lines, _is_one_based(name, one_based))


def placed(
    name: str, entries: Iterable[Entry], sentences: int | None, numbers: Sequence[int] | None = None
) -> Iterable[Entry]:
    """An entry for each pair, in the order of the pairs; as they come if the format has no numbers.

    Their numbers are looked for among `numbers`, then among 1 to `sentences`, or to how many entries there are. If all
    are there, each entry is that of the pair with its number, and a pair without one has no links. Otherwise the k-th
    entry is that of the k-th pair, as in gold sets whose numbers have gaps.
    """
    if not FORMATS[name].numbered:
        return entries
    by_number = {entry.number: entry for entry in entries}
    counted = range(1, (len(by_number) if sentences is None else sentences) + 1)
    for known in (counted,) if numbers is None else (numbers, counted):
        if by_number.keys() <= set(known):
            return (by_number.get(number, Entry(Alignment(), number=number)) for number in known)
    return by_number.values()
