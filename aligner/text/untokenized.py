"""The first sentences of a text -> a warning, once, where they look as if they were not tokenized."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from .sentences import SentencePair
from .tokenization import Tokenized

LOOKED_AT = 100  # pairs
logger = logging.getLogger("xalign")
_STOP = re.compile(r"\w[.!?…。！？｡।॥؟۔]+[\"'’”»“)\]」』]*$")
# Longer than almost all words: of Han and hiragana, of Thai, Lao, Burmese and Khmer.
_RUN = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]*[\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff][\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{7,}"
    "|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{25,}"
)
# A whole sentence of one word of these scripts.
_SENTENCE = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]*[\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff][\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{5,}"
    "|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{12,}"
)


def watched(pairs: Iterable[SentencePair], first: int = 0) -> Iterator[SentencePair]:
    """The pairs; the logger "xalign" warns where most sentences of a side look untokenized in the first `LOOKED_AT`.

    A text is judged by its beginning: not where `first` pairs of it come before these.
    """
    stream = iter(pairs)
    return stream if first else _watched(stream)


def _watched(stream: Iterator[SentencePair]) -> Iterator[SentencePair]:
    sides = _Watch(), _Watch()
    for pair in islice(stream, LOOKED_AT):
        sides[0].look(pair.source)
        sides[1].look(pair.target)
        yield pair
    found = [side for side in sides if 2 * side.odd > side.sentences]
    if found:
        logger.warning(
            "%d of the first %d sentences do not look tokenized (%r is one word): "
            "words='unicode' splits text as it is",
            sum(side.odd for side in found),
            sum(side.sentences for side in found),
            found[0].example[:40],
            extra={"options": ["words"]},
        )
    yield from stream


@dataclass
class _Watch:
    """What was seen of one side; `odd` of its sentences look untokenized, of which `example` is a word."""

    sentences: int = 0
    odd: int = 0
    example: str = ""

    def look(self, words: tuple[str, ...]) -> None:
        if words and not isinstance(words, Tokenized):
            self.sentences += 1
            if word := untokenized_word(words):
                self.odd, self.example = self.odd + 1, self.example or word


def untokenized_word(words: tuple[str, ...]) -> str | None:
    """A word that tokenized sentences do not have: with the last full stop, or a run of a script without spaces.

    >>> untokenized_word(("Das", "Haus", "ist", "klein.")), untokenized_word(("Das", "Haus", "."))
    ('klein.', None)
    """
    if _STOP.search(words[-1]):
        return words[-1]
    if len(words) == 1:
        return words[0] if _SENTENCE.search(words[0]) else None
    return next((word for word in words if len(word) > 7 and _RUN.search(word)), None)
