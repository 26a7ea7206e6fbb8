"""Lines of text -> sentence pairs: two files, or one stream of bars, columns or JSON lines.

Words end at spaces and tabs and nowhere else, as in Moses, fast_align and Marian, so that word j is the same word for
all of them. A no-break space, or U+2028, is part of a word. So are byte order marks, except at the start of a file, and
carriage returns, except at the end of a line. A sentence has the same words in every form. Everything streams.
Does not: tokenize text; the caller may pass a function that does (tokenization.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from ..errors import InputError, LineError, OptionError
from ..files import (
    LONGEST_LINE,
    STANDARD,
    OnBroken,
    count_lines,
    name_of,
    read_lines,
    side_by_side,
    skip_long,
)
from ..json_line import expect_whole_characters
from ..options import expect_one_of

_INNER_MARK = re.compile("(\t|\\|\\|\\| ?)\ufeff")
_NUMBER = re.compile(r"\s*[-+]?\d[\d.,eE+-]*\s*", re.ASCII)
SOURCE_AND_TARGET = (1, 2)  # the columns of a line, counted from 1
Columns = tuple[int, int] | tuple[str, str]


@dataclass(frozen=True, slots=True)
class SentencePair:
    """The words of a sentence and of its translation. Either side may be empty."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    @classmethod
    def of(
        cls, source: str | Sequence[str], target: str | Sequence[str], split: Splits | None = None
    ) -> SentencePair:
        """A pair from two strings, which are split into words, or from two lists of words.

        >>> SentencePair.of("das Haus", ["the", "house"])
        SentencePair(source=('das', 'Haus'), target=('the', 'house'))
        """
        sides = zip(split or WORDS, (source, target), strict=True)
        return cls(*(made(side) if isinstance(side, str) else tuple(side) for made, side in sides))


def words(text: str) -> tuple[str, ...]:
    """The words of a sentence.

    >>> words("  10\\u00a0000 Häuser\\t. ")
    ('10\\xa0000', 'Häuser', '.')
    """
    if "\t" in text:
        text = text.replace("\t", " ")
    return tuple([word for word in text.split(" ") if word])


Split = Callable[[str], tuple[str, ...]]
Splits = tuple[Split, Split]
"""Functions that split the text of the source, and of the target, into words."""

WORDS: Splits = (words, words)


def read_files(
    source: Path | str,
    target: Path | str,
    longest: int = LONGEST_LINE,
    on_broken: OnBroken = skip_long,
    split: Splits = WORDS,
) -> Iterator[SentencePair]:
    """Line i of one file and line i of the other; either may be compressed, one may be standard input ("-").

    Args:
        longest: most bytes in a line.
        on_broken: decides about a line that is too long or not UTF-8.
        split: splits text into words.

    Raises:
        InputError: a file is missing, or one ends before the other; for plain files this is raised before the first
            pair. Or what `on_broken` raises.
    """
    if str(source) == str(target) == STANDARD:
        raise InputError('both sides are "-": give a single "-" for a stream of "source ||| target"')
    _expect_as_many_lines(source, target)
    source_lines, target_lines = (read_lines(path, longest, on_broken) for path in (source, target))
    for one, other in side_by_side((source, target), source_lines, target_lines, "line"):
        yield SentencePair(split[0](one), split[1](other))


def _expect_as_many_lines(source: Path | str, target: Path | str) -> None:
    """InputError if both files can be counted, and have different numbers of lines."""
    counts = [count_lines(path) for path in (source, target)]
    if None not in counts and counts[0] != counts[1]:
        raise InputError(
            f"{source} has {counts[0]:,} lines, but {target} has {counts[1]:,}: line i of both must be a pair"
        )


def read_stream(
    path: Path | str,
    form: str | None = None,
    columns: Columns | None = None,
    longest: int = LONGEST_LINE,
    on_broken: OnBroken = skip_long,
    split: Splits = WORDS,
    start: tuple[int, int] = (0, 0),
) -> Iterator[SentencePair]:
    """One sentence pair per line.

    Args:
        path: a file, perhaps compressed, or "-" for standard input.
        form: one of FORMS; None recognizes JSON lines, and reads everything else as "source ||| target".
        columns: those of source and target, counted from 1, if the form is tsv, and their names, if it is jsonl. None
            is the first two, unless the first line shows that they are not text, and "src" and "tgt"; then a line with
            more columns than the first is broken.
        longest: most bytes in a line.
        on_broken: decides about a line that is too long, not UTF-8, or not of the form.
        split: splits text into words; words in JSON lists are not changed.
        start: how many lines to skip, and how many bytes they are.

    Raises:
        InputError: the file is missing, or the first two columns are not text. Or what `on_broken` raises.
        OptionError: the form is unknown, or the columns do not fit it.
    """
    if form is not None:
        expect_one_of("form", form, FORMS)
    lines = read_lines(path, longest, on_broken, start)
    if form is None:
        head = list(_until_words(lines))
        form = "jsonl" if head and is_json_object(head[-1]) else "bars"
        lines = chain(head, lines)
    expect_columns_of(form, columns)
    parse = partial(FORMS[form], split=split, **({} if columns is None else {"columns": columns}))
    most: int | None = None  # columns of a line
    if form == "tsv" and columns is None and start != (0, 0):
        most = max(map(_columns, _until_words(read_lines(path, longest, _count_as_empty))), default=None)
    for number, line in enumerate(lines, start=start[0] + 1):
        if form == "tsv" and columns is None and most is None and words(line):
            _expect_text_first(line, f"{name_of(path)} line {number}")
            most = _columns(line)
        try:
            if most is not None:
                _expect_columns(most, line)
            # If two files were pasted, the first line has the byte order marks of both.
            pair = parse(_INNER_MARK.sub(r"\1", line) if number == 1 and form != "jsonl" else line)
        except InputError as error:
            on_broken(LineError(name_of(path), number, str(error), *error.options))
            pair = SentencePair((), ())
        yield pair


def _until_words(lines: Iterator[str]) -> Iterator[str]:
    """The lines up to the first that has words."""
    for line in lines:
        yield line
        if words(line):
            return


def is_json_object(line: str) -> bool:
    """Whether a line is meant as a JSON object, and not as text between bars or tabs that begins with a brace."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return line.lstrip().startswith("{") and "|||" not in line and "\t" not in line.strip()


def expect_columns_of(form: str, columns: Columns | None) -> None:
    """OptionError unless the columns, if any, are numbers for tsv, or names for jsonl and parquet."""
    if columns is not None and (form == "bars" or isinstance(columns[0], int) != (form == "tsv")):
        given = ",".join(map(str, columns))
        raise OptionError(
            f"columns are {given}, and the form is {form}: tsv has numbers from 1, jsonl and parquet have names",
            "columns",
        )


def _unended(text: str) -> str:
    """Text from the middle of a line, without the carriage return that a pasted line may have brought."""
    return text.removesuffix("\r")


def parse_bars(line: str, split: Splits = WORDS) -> SentencePair:
    """Read "source ||| target"; a blank line is a pair of empty sentences."""
    fields = line.split("|||")
    if len(fields) != 2:
        if not words(line):
            return SentencePair((), ())
        if len(fields) > 2:
            raise InputError(f'expected "source ||| target", found {len(fields)} fields')
        if "\t" in line.strip():
            raise InputError(
                'expected "source ||| target", found a tab and no bars: if the tab stands between source and target, '
                "give form='tsv'",
                "form",
            )
        raise InputError(
            'expected "source ||| target", found no bars: if the target is in a file of its own, give both files; '
            "a cluster needs both in one (paste a.de a.en > a.tsv)"
        )
    source, target = _unended(fields[0].removesuffix(" ")), fields[1].removeprefix(" ")
    return SentencePair(split[0](source), split[1](target))


def parse_columns(
    line: str, columns: tuple[int, int] = SOURCE_AND_TARGET, split: Splits = WORDS
) -> SentencePair:
    """Read "source, tab, target", or other columns, and ignore the rest; a blank line is a pair of empty sentences.

    >>> parse_columns("0.93\\tdas Haus\\tthe house", columns=(2, 3))
    SentencePair(source=('das', 'Haus'), target=('the', 'house'))
    """
    fields = line.split("\t")
    if len(fields) < max(columns):
        if not words(line):
            return SentencePair((), ())
        if len(fields) == 1:
            raise InputError("expected source and target with a tab between them, found no tab")
        raise InputError(f"expected at least {max(columns)} columns, found {len(fields)}")
    fields = [*map(_unended, fields[:-1]), fields[-1]]
    source, target = columns
    return SentencePair(split[0](fields[source - 1]), split[1](fields[target - 1]))


def _expect_text_first(line: str, place: str) -> None:
    """InputError if a line has more than two columns and begins with a number or a score."""
    first, *others = line.split("\t")
    if len(others) > 1 and _NUMBER.fullmatch(first):
        raise InputError(
            f"{place}: column 1 of {len(others) + 1} is a number ({first.strip()[:40]}), not a sentence: "
            "say which are source and target, such as columns=(2, 3), or (1, 2) if these are",
            "columns",
        )


def _columns(line: str) -> int:
    return max(2, line.count("\t") + 1)


def _expect_columns(most: int, line: str) -> None:
    """InputError if a line has more columns than the first: after a tab in the source, the target would be wrong."""
    if (found := _columns(line.rstrip("\t"))) > most:
        raise InputError(
            f"expected {most} fields between tabs, as in the first line, found {found}: if a sentence has a tab, "
            "replace it by a space, or say which are source and target, such as columns=(1, 2)",
            "columns",
        )


def _count_as_empty(error: LineError) -> None:
    """Let any broken line count as empty."""


def parse_json(line: str, columns: tuple[str, str] = ("src", "tgt"), split: Splits = WORDS) -> SentencePair:
    """Read {"src": ..., "tgt": ...}, each a string or a list of words; a blank line is a pair of empty sentences.

    `columns`: the names of source and target.
    """
    if not words(line):
        return SentencePair((), ())
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON ({error})") from None
    return json_pair(fields, columns, split)


def json_pair(
    fields: object, columns: tuple[str, str] = ("src", "tgt"), split: Splits = WORDS
) -> SentencePair:
    """The pair in a value that was read from JSON; InputError if it has none."""
    return SentencePair(*(_json_words(fields, name, each) for name, each in zip(columns, split, strict=True)))


def _json_words(fields: object, key: str, split: Split) -> tuple[str, ...]:
    side = fields.get(key) if isinstance(fields, dict) else None
    if isinstance(side, str):
        side = split(_unended(side))
    if not isinstance(side, list | tuple) or not all(isinstance(word, str) for word in side):
        raise InputError(f'expected an object whose "{key}" is a string or a list of words')
    expect_whole_characters("".join(side), key)
    return side if isinstance(side, tuple) else tuple(side)


FORMS: dict[str, Callable[..., SentencePair]] = {
    "bars": parse_bars,
    "tsv": parse_columns,
    "jsonl": parse_json,
}
