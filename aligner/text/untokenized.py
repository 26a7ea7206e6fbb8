"""The first sentences of a text -> a warning, once, where they look as if they were not tokenized."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
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


def watched(pairs: Iterable[SentencePair]) -> Iterator[SentencePair]:
    """The pairs; the logger "xalign" warns where most sentences of the first `LOOKED_AT` look untokenized."""
    stream = iter(pairs)
    sentences = odd = 0
    example = ""
    for pair in islice(stream, LOOKED_AT):
        for side in (pair.source, pair.target):
            if side and not isinstance(side, Tokenized):
                sentences += 1
                if word := untokenized_word(side):
                    odd, example = odd + 1, example or word
        yield pair
    if 2 * odd > sentences:
        logger.warning(
            "%d of the first %d sentences do not look tokenized (%r is one word): "
            "words='unicode' splits text as it is",
            odd,
            sentences,
            example[:40],
            extra={"options": ["words"]},
        )
    yield from stream


def untokenized_word(words: tuple[str, ...]) -> str | None:
    """A word that tokenized sentences do not have: with the last full stop, or a run of a script without spaces.

    >>> untokenized_word(("Das", "Haus", "ist", "klein.")), untokenized_word(("Das", "Haus", "."))
    ('klein.', None)
    """
    if _STOP.search(words[-1]):
        return words[-1]
    return next((word for word in words if len(word) > 7 and _RUN.search(word)), None)
