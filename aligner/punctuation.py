"""A word -> whether it is punctuation. Signs that are read as words, such as the percent sign, are words."""

from __future__ import annotations

import html
import unicodedata

READ_ALOUD = frozenset("%‰&#§*/")


def is_punctuation(word: str) -> bool:
    """Whether a word is made of punctuation alone, escaped or not.

    >>> [is_punctuation(word) for word in (",", "...", "「", "&quot;", "@-@", "%", "&amp;", "o'clock", "")]
    [True, True, True, True, True, False, False, False, False]
    """
    plain = html.unescape(word) if word.startswith("&") else word
    return bool(plain) and all(
        unicodedata.category(character).startswith("P") and character not in READ_ALOUD for character in plain
    )
