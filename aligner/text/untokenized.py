"""The first sentences of a text -> one warning if they look as if they were not tokenized."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from .sentences import SentencePair
from .tokenization import HAN, HIRAGANA, KATAKANA, THAI_TO_KHMER, Tokenized

LOOKED_AT = 100  # pairs
logger = logging.getLogger("xalign")
_STOP = re.compile(r"\w[.!?…。！？｡।॥؟۔]+[\"'’”»“)\]」』]*$")


def _unspaced(after: int, thai: int) -> re.Pattern[str]:
    """Han and kana, `after` of them behind one that is not katakana; or `thai` letters of Thai, Lao, Burmese, Khmer."""
    han_kana = f"[{HIRAGANA}{KATAKANA}{HAN}]"
    return re.compile(f"{han_kana}*[{HIRAGANA}{HAN}]{han_kana}{{{after},}}|[{THAI_TO_KHMER}]{{{thai},}}")


_RUN = _unspaced(7, 25)  # longer than almost all words
_SENTENCE = _unspaced(5, 12)  # in a sentence that consists of one word


class Watcher:
    """Looks at texts until one of them looks untokenized, and warns of that one alone."""

    def __init__(self) -> None:
        self._has_warned = False

    def watched(self, pairs: Iterable[SentencePair], first: int = 0) -> Iterator[SentencePair]:
        """The pairs. The logger "xalign" warns if most of the first `LOOKED_AT` sentences of a side look untokenized.

        `first`: number of pairs of the text before these; if there are any, nothing is checked.
        """
        stream = iter(pairs)
        return stream if first or self._has_warned else self._watched(stream)

    def _watched(self, stream: Iterator[SentencePair]) -> Iterator[SentencePair]:
        sides = _Watch(), _Watch()
        for pair in islice(stream, LOOKED_AT):
            sides[0].look(pair.source)
            sides[1].look(pair.target)
            yield pair
        found = [side for side in sides if 2 * side.odd > side.sentences]
        if found and not self._has_warned:
            self._has_warned = True
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
    """Counts of one side: `odd` of its `sentences` look untokenized. `example`: a word of the first of them."""

    sentences: int = 0
    odd: int = 0
    example: str = ""

    def look(self, words: tuple[str, ...]) -> None:
        if words and not isinstance(words, Tokenized):
            self.sentences += 1
            if word := untokenized_word(words):
                self.odd, self.example = self.odd + 1, self.example or word


def untokenized_word(words: tuple[str, ...]) -> str | None:
    """A word that shows that a sentence is not tokenized: it ends in a full stop, or is a run of unspaced letters.

    >>> untokenized_word(("Das", "Haus", "ist", "klein.")), untokenized_word(("Das", "Haus", "."))
    ('klein.', None)
    """
    if _STOP.search(words[-1]):
        return words[-1]
    if len(words) == 1:
        return words[0] if _SENTENCE.search(words[0]) else None
    return next((word for word in words if len(word) > 7 and _RUN.search(word)), None)
