"""Files of sentence pairs -> one text, of which any lines can be read without reading all before them.

A text is the concatenation of its files; its lines, or rows of Parquet, are counted from 0 through all files. Each file
is read once in advance, to count its lines and, if it is not compressed, to note where every 10,000th line begins. A
compressed file is always read from its beginning, so cut a large one into files of a million lines. Files may be at
addresses (files/addresses.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ..errors import InputError, LineError, OptionError, reason_of
from ..files import LONGEST_LINE, read_lines
from ..files.compression import COMPRESSED, damages, open_as
from ..formats.entry import WriteOptions
from ..formats.pharaoh import format_pharaoh
from ..json_line import json_line
from ..links import Alignment
from ..text.sentences import (
    WORDS,
    Columns,
    SentencePair,
    Splits,
    expect_columns_of,
    is_json_object,
    read_stream,
    words,
)
from . import parquet

EVERY = 10_000  # lines of a plain file from one known place to the next
PARQUET, JSONL, TSV = "parquet", "jsonl", "tsv"
_FORMS = {".tsv": TSV, ".jsonl": JSONL, ".json": JSONL, ".ndjson": JSONL, ".parquet": PARQUET, ".pq": PARQUET}


OnBrokenLine = Callable[[LineError, int], None]
"""Decides about a line that cannot be read: gets the error, and the number of the line in the text, counted from 1."""


@dataclass(frozen=True)
class Shape:
    """How sentence pairs are stored in a file.

    `form`: bars, tsv, jsonl or parquet. `columns`: of source and target; None is the first two, or "src" and "tgt".
    `longest`: most bytes in a line.
    """

    form: str = "bars"
    columns: Columns | None = None
    longest: int = LONGEST_LINE

    @property
    def names(self) -> tuple[str, str]:
        """The columns of source and target in Parquet."""
        source, target = self.columns or ("src", "tgt")
        return str(source), str(target)


@dataclass(frozen=True)
class TextFile:
    """A file of a text.

    `path`: or an address. `lines`: the number of its lines or rows. `places`: the byte at which line 0, `EVERY`,
    2 * `EVERY`, ... begins; empty if the file can only be read from its beginning.
    """

    path: str
    lines: int
    places: tuple[int, ...] = ()

    def start(self, line: int) -> tuple[int, int]:
        """The last line up to `line` whose place is known: (its number, the byte at which it begins).

        >>> TextFile("text", 25_000, (0, 812_345, 1_624_690)).start(12_000)
        (10000, 812345)
        """
        known = min(line // EVERY, len(self.places) - 1)
        return (known * EVERY, self.places[known]) if known > 0 else (0, 0)


def form_of(path: str) -> str | None:
    """The form that the name of a file implies, compressed or not; None if its first line has to decide.

    >>> form_of("s3://bucket/part.tsv.gz"), form_of("part.parquet"), form_of("part.txt")
    ('tsv', 'parquet', None)
    """
    name = Path(path.rpartition("/")[2])
    if name.suffix in COMPRESSED:
        name = name.with_suffix("")
    return _FORMS.get(name.suffix)


def look_at(path: str, shape: Shape) -> TextFile:
    """Read a file once, to count its lines and to note where some of them begin.

    Raises:
        InputError: it cannot be read, or is damaged.
    """
    if shape.form == PARQUET:
        return TextFile(path, parquet.count_rows(path))
    suffix = Path(path).suffix
    places = [0]
    lines = end = 0
    try:
        with open_as(suffix, path, "rb") as file:
            while raw := file.readline(1 << 16):
                end += len(raw)
                if raw.endswith(b"\n"):
                    lines += 1
                    if lines % EVERY == 0:
                        places.append(end)
                    unended = False
                else:
                    unended = True
            lines += bool(end) and unended
    except damages() as error:
        if not end and isinstance(error, OSError) and error.strerror:
            raise InputError(f"{path}: {reason_of(error)}") from None
        after = f" after line {lines}" if lines else ""
        raise InputError(f"{path}{after}: cannot be read: {reason_of(error)}") from None
    return TextFile(path, lines, () if suffix in COMPRESSED else tuple(places))


@dataclass(frozen=True)
class Text:
    """The concatenation of files, which all have the same shape."""

    files: tuple[TextFile, ...]
    shape: Shape

    @cached_property
    def lines(self) -> int:
        """The number of lines, or rows, of all files."""
        return sum(file.lines for file in self.files)

    def pairs(
        self, first: int, end: int, on_broken: OnBrokenLine, split: Splits = WORDS
    ) -> Iterator[SentencePair]:
        """The pairs in the lines from `first` up to `end`, counted from 0.

        Args:
            on_broken: decides about a line that cannot be read; if it returns, the line counts as empty.
            split: splits text into words.

        Raises:
            InputError: a file has changed since `look_at`. Or what `on_broken` raises.
        """
        for file, before, start, stop in self._spans(first, end):
            broken = partial(_tell, on_broken, before, start, stop)
            if self.shape.form == PARQUET:
                found = parquet.pairs(file.path, self.shape.names, start, stop, broken, split)
            else:
                known = file.start(start)
                form, columns, longest = self.shape.form, self.shape.columns, self.shape.longest
                stream = read_stream(file.path, form, columns, longest, broken, split, known)
                found = islice(stream, start - known[0], stop - known[0])
            yield from _all(found, file, stop - start)

    def with_links(
        self, first: int, end: int, alignments: Iterator[Alignment], options: WriteOptions
    ) -> bytes:
        """The bytes of the lines or rows from `first` up to `end` in their own form, with their links added."""
        if self.shape.form == PARQUET:
            spans = ((file.path, start, stop) for file, _, start, stop in self._spans(first, end))
            return parquet.bytes_with_column(
                spans, "links", [format_pharaoh(each, options) for each in alignments]
            )
        lines = chain.from_iterable(
            _all(self._lines(file, start, stop), file, stop - start)
            for file, _, start, stop in self._spans(first, end)
        )
        add = _IN_FORM[self.shape.form]
        return "".join(
            f"{add(line, each, options)}\n" for line, each in zip(lines, alignments, strict=True)
        ).encode()

    def _lines(self, file: TextFile, start: int, stop: int) -> Iterator[str]:
        known = file.start(start)
        lines = read_lines(file.path, self.shape.longest, lambda error: None, known)
        return islice(lines, start - known[0], stop - known[0])

    def _spans(self, first: int, end: int) -> Iterator[tuple[TextFile, int, int, int]]:
        """For each file with such lines: the file, lines before it, its first such line, the line after its last."""
        before = 0
        for file in self.files:
            start, stop = max(first - before, 0), min(end - before, file.lines)
            if start < stop:
                yield file, before, start, stop
            before += file.lines


@dataclass(frozen=True)
class Inputs:
    """The files to align, as a user describes them.

    `paths`: paths or addresses. `form`: bars, tsv, jsonl or parquet; None detects it by their names, or by the first
    line. `columns`, `longest_line`: as `columns` and `longest` of `Shape`. `pieces`: look for marks of the pieces of
    words, and link pieces if there are any.
    """

    paths: Sequence[str]
    form: str | None = None
    columns: Columns | None = None
    longest_line: int = LONGEST_LINE
    pieces: bool = True

    def shape(self) -> Shape:
        """The shape of the files.

        Raises:
            OptionError: the files are of different forms, or the columns do not fit the form.
            InputError: the first file cannot be read.
        """
        forms = {self.form or form_of(path) for path in self.paths}
        if len(forms) != 1:
            found = ", ".join(sorted("text" if form is None else form for form in forms)) or "none"
            raise OptionError(f"the files are of different forms ({found}): align them apart")
        [form] = forms
        if form is None:
            lines = read_lines(self.paths[0], self.longest_line, lambda error: None)
            form = JSONL if is_json_object(next(filter(words, lines), "")) else "bars"
        expect_columns_of(form, self.columns)
        return Shape(form, self.columns, self.longest_line)


def _tell(on_broken: OnBrokenLine, before: int, start: int, stop: int, error: LineError) -> None:
    """Call `on_broken` if the line is within `start` and `stop`. `before`: number of lines before its file."""
    if start < error.line <= stop:
        on_broken(error, before + error.line)


def _all(found: Iterator[Any], file: TextFile, count: int) -> Iterator[Any]:
    left = count
    for each in found:
        left -= 1
        yield each
    if left:
        raise InputError(f"{file.path} had {file.lines:,} lines, and has fewer now: align it anew")


def _bars(line: str, alignment: Alignment, options: WriteOptions) -> str:
    return f"{line} ||| {format_pharaoh(alignment, options)}"


def _tsv(line: str, alignment: Alignment, options: WriteOptions) -> str:
    return f"{line}\t{format_pharaoh(alignment, options)}"


def _jsonl(line: str, alignment: Alignment, options: WriteOptions) -> str:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    found = alignment.to_dict(options.one_based, options.scores)
    return json_line({**fields, **found} if isinstance(fields, dict) else found).removesuffix("\n")


_IN_FORM = {"bars": _bars, TSV: _tsv, JSONL: _jsonl}
