"""How the tokenizers of the bundled models read text: what is written in several ways is read in one."""

from __future__ import annotations

from collections.abc import Mapping

from tokenizers import Regex, normalizers
from tokenizers.normalizers import NFKC, Replace
from tokenizers.pre_tokenizers import Metaspace, Sequence, WhitespaceSplit

INVISIBLE = Regex("[\u00ad\u200b-\u200d\u2060\ufeff]")  # soft hyphens, joiners and non-joiners
VOWELS = Regex(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u0640\u064b-\u0652\u0670]"
)  # Hebrew's and Arabic's, mostly left out
# Letters that Persian and Romanian text has in one form or the other.
VARIANTS = {"ی": "ي", "ک": "ك", "ș": "ş", "ț": "ţ", "Ș": "Ş", "Ț": "Ţ"}
JOINED = Regex(r"(?<=[^_\s])_(?=[^_\s])")  # what some corpora write between the words of one unit: of_course
ESCAPED = {  # by Moses' tokenizer
    "&quot;": '"',
    "&apos;": "'",
    "&lt;": "<",
    "&gt;": ">",
    "&#91;": "[",
    "&#93;": "]",
    "&#124;": "|",
    "&amp;": "&",
    "@-@": "-",
}
SPLIT = Sequence([WhitespaceSplit(), Metaspace()])


def normalizer(variants: Mapping[str, str] = VARIANTS) -> normalizers.Sequence:
    """`variants`: letters -> the others that they are read as."""
    left_out = [Replace(characters, "") for characters in (INVISIBLE, VOWELS)]
    put_right = [Replace(found, plain) for found, plain in (dict(variants) | ESCAPED).items()]
    return normalizers.Sequence([NFKC(), *left_out, Replace(JOINED, " "), *put_right])
