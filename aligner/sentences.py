"""Lines of text -> sentence pairs: two files, or one stream of bars, columns or JSON lines.

A word ends at a space or a tab and nowhere else, as for Moses, fast_align and Marian, so that word j means the
same to all of them: a no-break space, or U+2028, is part of a word. Everything streams. Does not: tokenise text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from xalign.errors import InputError
from xalign.files import STANDARD, name_of, read_lines

# JSON can escape one half of a surrogate pair alone, which is no character and has no place in UTF-8.
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SentencePair:
    """The words of a sentence and of its translation. Either side may be empty."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    @classmethod
    def of(cls, source: str | Sequence[str], target: str | Sequence[str]) -> SentencePair:
        """A pair from two strings, which are split into words, or from two lists of words.

        >>> SentencePair.of("das Haus", ["the", "house"])
        SentencePair(source=('das', 'Haus'), target=('the', 'house'))
        """
        return cls(*(words(side) if isinstance(side, str) else tuple(side) for side in (source, target)))


def words(text: str) -> tuple[str, ...]:
    """The words of a sentence.

    >>> words("  10\\u00a0000 Häuser\\t. ")
    ('10\\xa0000', 'Häuser', '.')
    """
    if "\t" in text:
        text = text.replace("\t", " ")
    return tuple([word for word in text.split(" ") if word])


def read_files(source: Path | str, target: Path | str) -> Iterator[SentencePair]:
    """Line i of one file and line i of the other; either may be compressed, one may be standard input ("-").

    Raises:
        InputError: a file is missing, not UTF-8, or one ends before the other.
    """
    if str(source) == str(target) == STANDARD:
        raise InputError('both sides are "-": give a single "-" for a stream of "source ||| target"')
    lines = zip_longest(read_lines(source), read_lines(target))
    for number, (source_line, target_line) in enumerate(lines, start=1):
        if source_line is None or target_line is None:
            shorter, longer = (source, target) if source_line is None else (target, source)
            raise InputError(
                f"{name_of(shorter)} ends after line {number - 1}, but {name_of(longer)} goes on: "
                "both must have the same number of lines"
            )
        yield SentencePair(words(source_line), words(target_line))


def read_stream(path: Path | str, form: str | None = None) -> Iterator[SentencePair]:
    """One sentence pair per line.

    Args:
        path: a file, perhaps compressed, or "-" for standard input.
        form: one of FORMS; None takes JSON lines for JSON lines and all else for "source ||| target".

    Raises:
        InputError: the file is missing, not UTF-8, or a line is not of the form.
    """
    lines = read_lines(path)
    if form is None:
        head = list(_until_words(lines))
        form = "jsonl" if head and _is_json_pair(head[-1]) else "bars"
        lines = chain(head, lines)
    parse = FORMS[form]
    for number, line in enumerate(lines, start=1):
        try:
            yield parse(line)
        except InputError as error:
            raise InputError(f"{name_of(path)} line {number}: {error}") from None


def _until_words(lines: Iterator[str]) -> Iterator[str]:
    """The lines up to the first that has words."""
    for line in lines:
        yield line
        if words(line):
            return


def _is_json_pair(line: str) -> bool:
    """Whether a line is an object, and no "source ||| target" that begins with a brace."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return line.lstrip().startswith("{") and "|||" not in line


def _field(text: str) -> tuple[str, ...]:
    """The words of a field; of lines that were pasted together each may bring its own end, and byte order mark."""
    return words(text.strip(" \t\r\ufeff"))


def parse_bars(line: str) -> SentencePair:
    """Read "source ||| target"; a blank line is a pair of empty sentences."""
    fields = line.split("|||")
    if len(fields) != 2:
        if not words(line):
            return SentencePair((), ())
        raise InputError(f'expected "source ||| target", found {len(fields)} field{"s" * (len(fields) > 1)}')
    return SentencePair(_field(fields[0]), _field(fields[1]))


def parse_columns(line: str) -> SentencePair:
    """Read "source, tab, target"; further columns are left alone, a blank line is a pair of empty sentences."""
    fields = line.split("\t")
    if len(fields) < 2:
        if not words(line):
            return SentencePair((), ())
        raise InputError("expected source and target with a tab between them, found no tab")
    return SentencePair(_field(fields[0]), _field(fields[1]))


def parse_json(line: str) -> SentencePair:
    """Read {"src": ..., "tgt": ...}, each a string or a list of words; a blank line is a pair of empty sentences."""
    if not words(line):
        return SentencePair((), ())
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON ({error})") from None
    return SentencePair(_json_words(fields, "src"), _json_words(fields, "tgt"))


def _json_words(fields: object, key: str) -> tuple[str, ...]:
    side = fields.get(key) if isinstance(fields, dict) else None
    if isinstance(side, str):
        side = words(side)
    if not isinstance(side, list | tuple) or not all(isinstance(word, str) for word in side):
        raise InputError(f'expected an object whose "{key}" is a string or a list of words')
    if _HALF_CHARACTER.search("".join(side)):
        raise InputError(
            f'"{key}" has half of a character (an escape \\ud800 to \\udfff without its other half)'
        )
    return tuple(side)


FORMS: dict[str, Callable[[str], SentencePair]] = {
    "bars": parse_bars,
    "tsv": parse_columns,
    "jsonl": parse_json,
}
