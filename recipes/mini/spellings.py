"""How much spelling matters to a model: AER of the sets for choosing, with both sides written in another way.

    python recipes/mini/spellings.py --data DATA --model small

And the vowel marks of Arabic, for which there is no gold: of the links in verses of the Quran with and without marks,
the share that both have (F1).
"""

from __future__ import annotations

import lzma
import unicodedata
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import data_folder
from gold import for_choosing
from vary import plain

from xalign import Aligner
from xalign.links import Alignment
from xalign.score.aer import count, total
from xalign.text.sentences import SentencePair

VERSES = 300
VOWELS = frozenset("\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670")


def title(word: str) -> str:
    return word[:1].upper() + word[1:]


def modern(word: str) -> str:
    """Arabic without the signs that only the Quran has; vowel marks stay.

    >>> modern("ٱلۡحَمۡدُ")
    'الحَمدُ'
    """
    letters = word.replace("ٱ", "ا")
    return "".join(each for each in letters if each in VOWELS or unicodedata.category(each) != "Mn")


def unmarked(word: str) -> str:
    """
    >>> unmarked("الحَمدُ")
    'الحمد'
    """
    return "".join(each for each in word if each not in VOWELS)


WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "ALL CAPITALS": str.upper,
    "Title Case": title,
    "lower case": str.lower,
    "no accents": plain,
}


def main() -> None:
    parser = data_folder.parser(__doc__)
    parser.add_argument("--model", default="small")
    options = parser.parse_args()
    aligner = Aligner.load(options.model)
    print(f"{'set':44}", *(f"{way:>12}" for way in WAYS))
    rows = []
    for gold_set in for_choosing(options.data):
        row = [
            aer(aligner, (written(pair, way) for pair in gold_set.pairs), gold_set.gold)
            for way in WAYS.values()
        ]
        print(f"{gold_set.name:44}", *(f"{value:12.1f}" for value in row), flush=True)
        rows.append(row)
    print(
        f"{f'mean of {len(rows)}':44}",
        *(f"{sum(column) / len(column):12.2f}" for column in zip(*rows, strict=True)),
    )
    marked = [
        SentencePair(pair.source, tuple(map(modern, pair.target)))
        for pair in verses(options.data / "parallel" / "quran_multi")
    ]
    plainly = [SentencePair(pair.source, tuple(map(unmarked, pair.target))) for pair in marked]
    print(f"Arabic with and without vowel marks: F1 {f1(aligner.align(marked), aligner.align(plainly)):.1f}")


def written(pair: SentencePair, way: Callable[[str], str]) -> SentencePair:
    return SentencePair(tuple(map(way, pair.source)), tuple(map(way, pair.target)))


def aer(aligner: Aligner, pairs: Iterable[SentencePair], gold: Iterable[Alignment]) -> float:
    return 100 * total(map(count, aligner.align(pairs), gold)).aer


def verses(folder: Path) -> list[SentencePair]:
    """English and Arabic, `VERSES` of them."""
    english, arabic = (
        dict(line.rstrip("\n").split("\t", 1) for line in lines(folder, each)) for each in ("en", "ar")
    )
    both = (SentencePair.of(english[verse], arabic[verse]) for verse in english if verse in arabic)
    return list(islice(both, VERSES))


def lines(folder: Path, language: str) -> list[str]:
    with lzma.open(folder / f"{language}.tsv.xz", "rt", encoding="utf-8") as text:
        return list(text)


def f1(first: Iterable[Alignment], second: Iterable[Alignment]) -> float:
    both = [({*one.links}, {*other.links}) for one, other in zip(first, second, strict=True)]
    return (
        200 * sum(len(one & other) for one, other in both) / sum(len(one) + len(other) for one, other in both)
    )


if __name__ == "__main__":
    main()
