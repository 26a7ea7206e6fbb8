"""CoNLL-U: chosen columns of the source's words -> the same columns of the words that translate them.

A word gets all chosen columns from the same source word, so that part of speech and features agree. The linked words
elect a value of the first chosen column (labels.py), and the best linked word with that value is chosen. The
translation is plain text, or CoNLL-U itself, whose other columns, comments, multiword tokens and empty nodes are kept.
Does not: carry over HEAD, DEPREL and DEPS, since links do not turn one tree into another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..errors import FormatError, OptionError
from ..files import paragraphs
from ..links import Alignment
from ..text.tokenization import Tokenized
from .labels import fill, project_labels
from .spans import Carried, Fill, Lost, Rules

NAMES = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
COLUMNS = ("LEMMA", "UPOS", "XPOS", "FEATS")  # those that can be carried over
EMPTY = "_"
NO_LABEL = "no word with a label is linked to it"
_Label = tuple[str, ...]
_ID = re.compile(r"\d+(?:[-.]\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ParsedSentence:
    """`lines`: all lines of the sentence. `rows`: the numbers of the lines that are words."""

    lines: tuple[str, ...]
    rows: tuple[int, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> ParsedSentence:
        """A sentence of these words, with all other columns empty."""
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
        """The sentence as text, with these values in these columns; None leaves the columns of a word empty."""
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
        FormatError: a line does not have ten columns, or does not begin with a number.
    """
    for paragraph in paragraphs(lines):
        rows = []
        for row, (number, line) in enumerate(paragraph):
            if line.startswith("#"):
                continue
            fields = line.split("\t")
            if len(fields) != len(NAMES) or not _ID.fullmatch(fields[0]):
                raise FormatError(
                    f"line {number}: expected the ten columns of CoNLL-U, found {line.strip()[:40]!r}"
                )
            if fields[0].isdigit():
                rows.append(row)
        if rows:
            yield ParsedSentence(tuple(line for _, line in paragraph), tuple(rows))


def carry_all(
    sentences: Iterable[tuple[ParsedSentence, Tokenized | ParsedSentence, Alignment]], rules: Rules
) -> Iterator[Carried]:
    """Each translation with the chosen columns. If words are filled, the whole text is held in memory."""
    labelled: Iterable[tuple[ParsedSentence, list[_Label | None]]] = (
        (target if isinstance(target, ParsedSentence) else ParsedSentence.of(target.words), labels)
        for source, target, alignment in sentences
        for labels in [_projected(source, len(target.words), alignment, rules)]
    )
    if rules.fill is Fill.SAME_WORD:
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
    """The names of columns in upper case.

    Raises:
        OptionError: there is no such column, or it cannot be carried over.
    """
    chosen = tuple(name.strip().upper() for name in names)
    for name in chosen:
        if name not in COLUMNS:
            raise OptionError(f"column {name!r} cannot be carried over: choose of {', '.join(COLUMNS)}")
    return chosen
