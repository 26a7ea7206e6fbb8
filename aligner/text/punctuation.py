"""A word -> whether it is punctuation. Signs that are read aloud as words, such as the percent sign, are words.

Substitutes for punctuation count as punctuation: `` and ´ for quotation marks, | for the danda, -LRB- of the Penn
Treebank for a bracket.
"""

from __future__ import annotations

import html
import unicodedata

READ_ALOUD = frozenset("%‰&#§*/")
STAND_INS = frozenset("`´|")  # Unicode counts them as symbols
BRACKETS = frozenset(f"-{side}{kind}B-" for side in "LR" for kind in "RSC")  # round, square, curly

LONGEST_ESCAPE = 40  # letters; Python refuses to read numbers of thousands of digits


def is_punctuation(word: str) -> bool:
    """Whether a word consists only of punctuation, escaped or not.

    >>> [is_punctuation(word) for word in (",", "...", "「", "&quot;", "@-@", "``", "-LRB-")]
    [True, True, True, True, True, True, True]
    >>> [is_punctuation(word) for word in ("%", "&amp;", "o'clock", "+", "")]
    [False, False, False, False, False]
    """
    if word in BRACKETS:
        return True
    plain = html.unescape(word) if word.startswith("&") and len(word) <= LONGEST_ESCAPE else word
    return bool(plain) and all(map(_is_mark, plain))


def _is_mark(character: str) -> bool:
    marks = unicodedata.category(character).startswith("P") and character not in READ_ALOUD
    return marks or character in STAND_INS
