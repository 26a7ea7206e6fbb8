"""Words and tags in columns, a blank line after each sentence: IOB2, as in the shared task of CoNLL 2003.

    Angela     B-PER
    Merkel     I-PER
    visited    O

IOB1, BIOES and BILOU can be read, too; the output is IOB2. Columns are separated by tabs, or in a line without a tab by
spaces. Comments ("# id = 1") and -DOCSTART- are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import FormatError
from ..files import paragraphs
from ..links import Alignment
from ..text.tokenization import Tokenized
from .spans import Carried, Lost, Rules, losses, project_spans

COLUMNS = (1, -1)  # of word and tag, counted from 1; -1 is the last
_TAG = re.compile(r"O|([BIESLU])-(\S+)")


class Entity(NamedTuple):
    """A span of words with a label."""

    words: range
    label: str


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    words: tuple[str, ...]
    entities: tuple[Entity, ...]

    def carry(self, target: Tokenized, alignment: Alignment, rules: Rules) -> Carried:
        """The translation with each entity as one or several spans, which do not overlap."""
        words = target.words
        found = project_spans([each.words for each in self.entities], alignment, len(words), rules)
        tags = ["O"] * len(words)
        lost: list[Lost] = []
        for (source, label), spans in zip(self.entities, found, strict=True):
            for span in spans:
                tags[span.start : span.stop] = [f"B-{label}"] + [f"I-{label}"] * (len(span) - 1)
            what = f"{label} {' '.join(self.words[source.start : source.stop])}"
            lost += losses(what, source, alignment, spans)
        lines = "".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True))
        return Carried(f"{lines}\n", len(found), tuple(lost))


def read(lines: Iterable[str], columns: tuple[int, int] = COLUMNS) -> Iterator[TaggedSentence]:
    """The sentences of a file; `columns`: those of word and tag.

    Raises:
        FormatError: a line has too few columns, or is tagged with something else.
    """
    for paragraph in paragraphs(lines):
        tagged = [each for number, line in paragraph if (each := _word_and_tag(number, line, columns))]
        if tagged:
            words, tags = zip(*tagged, strict=True)
            yield TaggedSentence(words, tuple(entities(tags)))


def _word_and_tag(number: int, line: str, columns: tuple[int, int]) -> tuple[str, str] | None:
    """None for a comment. `number`: of the line, for errors."""
    fields = line.split("\t") if "\t" in line else line.split()
    if fields[0] == "-DOCSTART-" or _is_comment(line, fields):
        return None
    try:
        word, tag = (fields[column - (column > 0)].strip() for column in columns)
    except IndexError:
        raise FormatError(f"line {number}: expected {max(columns)} columns, found {len(fields)}") from None
    if len(fields) < 2 or not word or not _TAG.fullmatch(tag):
        raise FormatError(
            f"line {number}: expected a word and a tag such as O, B-PER or I-PER, found {line.strip()[:40]!r}"
        )
    return word, tag


def _is_comment(line: str, fields: Sequence[str]) -> bool:
    """Whether a line is a comment, and not the word "#" with a tag."""
    return line.startswith("# ") and not _TAG.fullmatch(fields[-1])


def entities(tags: Iterable[str]) -> Iterator[Entity]:
    """The entities that tags mark. An I- tag without a B- tag before it begins an entity, as in conlleval.

    >>> list(entities(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"]))[1:]
    [Entity(words=range(3, 4), label='LOC'), Entity(words=range(4, 5), label='LOC')]
    """
    start, label, number = 0, None, 0
    for number, tag in enumerate([*tags, "O"]):
        match = _TAG.fullmatch(tag)
        kind, name = match.groups() if match else (None, None)
        if label is not None and (kind not in ("I", "E", "L") or name != label):
            yield Entity(range(start, number), label)
            label = None
        if name is not None and label is None:
            start, label = number, name
        if label is not None and kind in ("S", "U", "E", "L"):
            yield Entity(range(start, number + 1), label)
            label = None
