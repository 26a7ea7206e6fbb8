"""Detokenized: linked words as they are written in the text, for reading and for glossaries; write only.

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

APART = " ... "  # between words that are not neighbours


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
    return " ".join(APART.join(_stretches(words, numbers)).split())


def _stretches(words: tuple[str, ...], numbers: Iterable[int]) -> Iterator[str]:
    stretches: list[range] = []
    for number in numbers:
        if stretches and stretches[-1].stop == number:
            stretches[-1] = range(stretches[-1].start, number + 1)
        else:
            stretches.append(range(number, number + 1))
    for stretch in stretches:
        if isinstance(words, Tokenized):
            yield words.text[words.spans[stretch.start][0] : words.spans[stretch.stop - 1][1]]
        else:
            yield " ".join(words[stretch.start : stretch.stop])
