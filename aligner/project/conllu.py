"""CoNLL-U: chosen columns of the source's words -> the same columns of the words that translate them.

A word takes all chosen columns from one source word, so that part of speech and features agree: from the best linked
of those that have the value of the first chosen column that most linked words have. The translation is plain text, or
CoNLL-U itself, whose other columns, comments, multiword tokens and empty nodes stay. Does not: carry HEAD, DEPREL and
DEPS, since links do not make trees of trees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..errors import InputError, OptionError
from ..links import Alignment
from ..text.tokenization import Tokenized
from .labels import fill, project_labels
from .spans import Carried, Lost, Rules

NAMES = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
COLUMNS = ("LEMMA", "UPOS", "XPOS", "FEATS")  # those that can be carried over
EMPTY = "_"
NO_LABEL = "no word with a label is linked to it"
_Label = tuple[str, ...]
_ID = re.compile(r"\d+(?:[-.]\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ParsedSentence:
    """`lines`: all of the sentence's; `rows`: the numbers of those of its words."""

    lines: tuple[str, ...]
    rows: tuple[int, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> ParsedSentence:
        """A sentence of which nothing but the words is known."""
        words = tuple(words)
        lines = ["\t".join([str(number), word, *[EMPTY] * 8]) for number, word in enumerate(words, start=1)]
        return cls((f"# text = {' '.join(words)}", *lines), tuple(range(1, len(words) + 1)))

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.column("FORM"))

    def column(self, name: str) -> list[str]:
        at = NAMES.index(name)
        return [self.lines[row].split("\t")[at] for row in self.rows]

    def with_columns(self, names: Iterable[str], values: Iterable[_Label | None]) -> str:
        """The sentence as text, its words with these values; None are words without any."""
        places = [NAMES.index(name) for name in names]
        lines = list(self.lines)
        for row, given in zip(self.rows, values, strict=True):
            fields = lines[row].split("\t")
            for place, value in zip(places, given or (EMPTY,) * len(places), strict=True):
                fields[place] = value
            lines[row] = "\t".join(fields)
        return "\n".join([*lines, "", ""])


def read(lines: Iterable[str]) -> Iterator[ParsedSentence]:
    """The sentences of a file.

    Raises:
        InputError: a line has not ten columns, or its first is no number of a word.
    """
    held: list[str] = []
    rows: list[int] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            if rows:
                yield ParsedSentence(tuple(held), tuple(rows))
            held, rows = [], []
            continue
        if not line.startswith("#"):
            fields = line.split("\t")
            if len(fields) != len(NAMES) or not _ID.fullmatch(fields[0]):
                raise InputError(
                    f"line {number}: expected the ten columns of CoNLL-U, found {line.strip()[:40]!r}"
                )
            if fields[0].isdigit():
                rows.append(len(held))
        held.append(line)
    if rows:
        yield ParsedSentence(tuple(held), tuple(rows))


def carry_all(
    sentences: Iterable[tuple[ParsedSentence, Tokenized | ParsedSentence, Alignment]], rules: Rules
) -> Iterator[Carried]:
    """The chosen columns, sentence by sentence; those of the whole text are held where words are filled."""
    labelled: Iterable[tuple[ParsedSentence, list[_Label | None]]] = (
        (target if isinstance(target, ParsedSentence) else ParsedSentence.of(target.words), labels)
        for source, target, alignment in sentences
        for labels in [_projected(source, len(target.words), alignment, rules)]
    )
    if rules.fill != "none":
        held = list(labelled)
        fill((sentence.words, labels) for sentence, labels in held)
        labelled = held
    for sentence, labels in labelled:
        words = sentence.words
        lost = [Lost(word, NO_LABEL) for word, label in zip(words, labels, strict=True) if label is None]
        yield Carried(sentence.with_columns(rules.columns, labels), len(words), tuple(lost))


def _projected(
    source: ParsedSentence, length: int, alignment: Alignment, rules: Rules
) -> list[_Label | None]:
    columns = [source.column(name) for name in rules.columns]
    first = [None if value == EMPTY else value for value in columns[0]]
    rows = [*zip(*columns, strict=True)]
    return [None if k is None else rows[k] for k in project_labels(first, alignment, length)]


def check_columns(names: Iterable[str]) -> tuple[str, ...]:
    """The names of columns, in capitals.

    Raises:
        OptionError: there is no such column, or it cannot be carried over.
    """
    chosen = tuple(name.strip().upper() for name in names)
    for name in chosen:
        if name not in COLUMNS:
            raise OptionError(f"column {name!r} cannot be carried over: choose of {', '.join(COLUMNS)}")
    return chosen
