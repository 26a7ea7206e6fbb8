"""Text with its links -> the same text, some of its lines written as other corpora write theirs, word for word.

    python recipes/mini/vary.py --text runs/mini/text --out runs/mini/varied

Every tenth pair is lower-cased, every fortieth in capitals, and of every twentieth the Latin letters are plain: no
accents, no letters of a language's own. After links.py, which knows the words best as they are.
"""

from __future__ import annotations

import argparse
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import regex as re

LETTERS = str.maketrans("đĐłŁøØıŧŦ", "dDlLoOitT") | {ord("ß"): "ss", ord("æ"): "ae", ord("Æ"): "AE"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for links in options.text.glob("??-??.links"):
        shutil.copyfile(links, options.out / links.name)
    for file in sorted(options.text.glob("??-??.??")):
        lines = file.read_text(encoding="utf-8").split("\n")
        vary(lines)
        (options.out / file.name).write_text("\n".join(lines), encoding="utf-8")


def vary(lines: list[str]) -> None:
    """Both sides of a pair in the same way: it depends on nothing but the number of the line."""
    for write, (every, first) in WAYS.items():
        lines[first::every] = map(write, lines[first::every])


def plain(text: str) -> str:
    """Latin letters without what is above, below or through them.

    >>> plain("Grüße, Łódź; привет й")
    'Grusse, Lodz; привет й'
    """
    marked = unicodedata.normalize("NFD", text.translate(LETTERS))
    return unicodedata.normalize("NFC", re.sub(r"(?<=\p{Latin})\p{M}+", "", marked))


# how -> every so-manieth line, from which on
WAYS: dict[Callable[[str], str], tuple[int, int]] = {str.lower: (10, 0), str.upper: (40, 5), plain: (20, 7)}

if __name__ == "__main__":
    main()
