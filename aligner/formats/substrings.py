"""Linked words instead of numbers, to read and to count; write only.

Words: pairs of words. Detokenized: linked words as they are written in the text, for reading and for glossaries:

    Das ||| The<tab>Küchentisch ||| kitchen table<tab>rief ... an ||| called

Words that are linked to each other, directly or through other words, are one entry. Neighbouring words are written with
the text between them, or with a space if the text is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..links import Alignment
from ..text.sentences import SentencePair
from ..text.tokenization import Tokenized
from .entry import WriteOptions
from .tsv import column

APART = " ... "  # between words that are not neighbours


def write_words(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """A column per link, separated by tabs: two words and the score. The last column is the score of the pair."""
    fields = [column(linked) for linked in alignment.words(pair)]
    if options.scores and alignment.scores is not None:
        fields = [f"{words} {score:.4f}" for words, score in zip(fields, alignment.scores, strict=True)]
    if fields and options.scores and alignment.score is not None:
        fields.append(f"{alignment.score:.4f}")
    return "\t".join(fields) + "\n"


def write_substrings(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    alignment.expect_within(len(pair.source), len(pair.target))
    entries = (
        f"{_text(pair.source, one)} ||| {_text(pair.target, other)}" for one, other in groups(alignment)
    )
    return "\t".join(entries) + "\n"


def groups(alignment: Alignment) -> list[tuple[list[int], list[int]]]:
    """The groups of source and target words that are linked to each other, directly or through others, in order.

    >>> groups(Alignment.of([(0, 1), (1, 0), (2, 1)]))
    [([0, 2], [1]), ([1], [0])]
    """
    found: list[tuple[set[int], set[int]]] = []
    for source, target in alignment.links:
        touched = [each for each in found if source in each[0] or target in each[1]]
        merged = (
            {source}.union(*(each[0] for each in touched)),
            {target}.union(*(each[1] for each in touched)),
        )
        found = [each for each in found if each not in touched] + [merged]
    return sorted((sorted(one), sorted(other)) for one, other in found)


def _text(words: tuple[str, ...], numbers: list[int]) -> str:
    return " ".join(APART.join(_runs(words, numbers)).split())


def _runs(words: tuple[str, ...], numbers: Iterable[int]) -> Iterator[str]:
    runs: list[range] = []
    for number in numbers:
        if runs and runs[-1].stop == number:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    for run in runs:
        if isinstance(words, Tokenized):
            yield words.text[words.spans[run.start][0] : words.spans[run.stop - 1][1]]
        else:
            yield " ".join(words[run.start : run.stop])
