"""Annotated sentences, their translations and links, file by file -> annotated translations.

    iob       words and IOB2 tags in columns            tokenized
    conllu    CoNLL-U                                    tokenized
    offsets   JSON lines with character offsets          not tokenized
    markup    text with tags and placeholders            not tokenized

Sentence i of one file belongs to sentence i of the others. Memory does not grow with the text, unless words are filled
(`Rules.fill`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ..errors import FormatError, InputError, OptionError
from ..files import each_line, name_of, read_lines
from ..files.compression import COMPRESSED
from ..links import Alignment
from ..options import expect_one_of
from ..text.tokenization import Tokenized, tokenize
from . import conllu, iob, markup, offsets
from .placing import place
from .spans import Carried, Rules, Strategy

FORMATS = ("iob", "conllu", "offsets", "markup")
TEXT = ("offsets", "markup")  # formats whose sentences are not tokenized
_SUFFIXES = {
    ".iob": "iob",
    ".iob2": "iob",
    ".bio": "iob",
    ".conll": "iob",
    ".conllu": "conllu",
    ".jsonl": "offsets",
    ".html": "markup",
    ".htm": "markup",
    ".xml": "markup",
}
Tokenize = Callable[[str], Tokenized]


class Sentence(Protocol):
    """A sentence that knows its words: an annotated one, or a translation."""

    @property
    def words(self) -> tuple[str, ...]: ...


def detect_format(path: Path | str) -> str:
    """The format of a file, by its suffix.

    >>> detect_format("train.conllu.xz")
    'conllu'

    Raises:
        OptionError: the suffix says nothing.
    """
    suffixes = [suffix for suffix in Path(path).suffixes if suffix not in COMPRESSED]
    if not suffixes or suffixes[-1] not in _SUFFIXES:
        raise OptionError(
            f"{path}: its suffix is not known: give format, one of {', '.join(FORMATS)}", "format"
        )
    return _SUFFIXES[suffixes[-1]]


def read_annotated(
    path: Path | str, format: str, tokenized: Tokenize = tokenize, columns: tuple[int, int] = iob.COLUMNS
) -> Iterator[Sentence]:
    """The annotated sentences of a file.

    Args:
        format: one of FORMATS.
        tokenized: finds the words of a text, where the format is one of TEXT.
        columns: those of word and tag, counted from 1, where the format is iob; -1 is the last.

    Raises:
        InputError: the file is missing, or a line of it cannot be read.
        FormatError: something in it is not of the format.
        OptionError: the format is unknown.
    """
    expect_one_of("format", format, FORMATS)
    readers: dict[str, Callable[[Iterable[str]], Iterator[Sentence]]] = {
        "iob": partial(iob.read, columns=columns),
        "conllu": conllu.read,
        "offsets": partial(each_line, partial(offsets.parse, tokenized=tokenized)),
        "markup": partial(each_line, partial(markup.parse, tokenized=tokenized)),
    }
    return _naming(path, readers[format](read_lines(path)))


def read_translations(path: Path | str, format: str, tokenized: Tokenize = tokenize) -> Iterator[Sentence]:
    """The translations in a file: a sentence a line, or CoNLL-U where the format and the suffix are that.

    Raises:
        InputError: the file is missing, or a line of it cannot be read.
        FormatError: something in it is not of the format.
    """
    if format == "conllu" and ".conllu" in Path(path).suffixes:
        return _naming(path, conllu.read(read_lines(path)))
    return map(tokenized, read_lines(path))


def project(
    sentences: Iterable[tuple[Sentence, Sentence, Alignment]], format: str, rules: Rules
) -> Iterator[Carried]:
    """The annotation of each source on its translation.

    Raises:
        InputError: a link is not between words of its pair.
        OptionError: the format is markup, and the strategy is to write a span in pieces.
    """
    if format == "markup" and rules.strategy is Strategy.PIECES:
        raise OptionError("strategy is 'pieces', which would write a tag twice: choose largest or cover")
    checked: Any = (_checked(number, *each) for number, each in enumerate(sentences, start=1))
    if format == "conllu":
        return conllu.carry_all(checked, rules)
    if format == "markup":
        return (place(source, target, alignment, rules) for source, target, alignment in checked)
    return (source.carry(target, alignment, rules) for source, target, alignment in checked)


def _checked(
    number: int, source: Sentence, target: Sentence, alignment: Alignment
) -> tuple[Sentence, Sentence, Alignment]:
    try:
        alignment.expect_within(len(source.words), len(target.words))
    except InputError as error:
        raise InputError(f"sentence {number}: {error}") from None
    return source, target, alignment


def _naming(path: Path | str, sentences: Iterator[Sentence]) -> Iterator[Sentence]:
    """The sentences; an error in them names the file."""
    try:
        yield from sentences
    except FormatError as error:
        raise FormatError(f"{name_of(path)} {error}") from None
