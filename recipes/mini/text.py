"""The data folder -> one tokenised, filtered, shuffled corpus per language pair.

    python recipes/mini/text.py --data DATA --out runs/mini/text

Writes `en-de.en` and `en-de.de` and so on, English first. Words are separated by spaces the way the field's gold
sets separate them: punctuation stands alone, elided articles (l', d') are words, Chinese and Japanese are segmented.
"""

from __future__ import annotations

import argparse
import itertools
import lzma
import os
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

LANGUAGES = ("de", "fr", "es", "cs", "ro", "hi", "zh", "ja")

# source -> most pairs taken from it; documentation and scripture are capped, they are far from everyday text.
# multi30k is left out: its terms allow experiments only.
PAIRED = {
    "wmtnews": 60_000,
    "tatoeba": 30_000,
    "small_parallel_enja": 60_000,
    "ro_sts": 20_000,
    "indian_wikipedia": 15_000,
    "onmt_demo": 10_000,
    "atmt_enfr": 11_000,
    "tico19": 3_000,
    "gnome_docs": 4_000,
    "python_docs": 8_000,
    "django_docs": 6_000,
}
JOINED = {
    "ntrex_multi": 2_000,
    "flores_multi": 2_000,
    "xquad_questions_multi": 2_000,
    "quran_multi": 4_000,
    "bible": 15_000,
}

MAX_WORDS = 80
MAX_RATIO = 3.0
LOWER_EVERY = 10
SEED = 20261121

# A word: letters, marks and digits, joined inside by a hyphen, an apostrophe or a decimal mark; else one symbol.
MARKS = r"\u0300-\u036f\u0900-\u0963\u0966-\u097f"  # accents and Devanagari signs; the danda is punctuation
WORD = re.compile(rf"[\w{MARKS}]+(?:[-'’.,][\w{MARKS}]+)*|[^\w\s]")
ELISION = re.compile(r"^([cdjlmnstCDJLMNST]|[Qq]u|[Jj]usqu|[Ll]orsqu|[Pp]uisqu)['’](?=\w)")
CLITIC = re.compile(r"(?<=\w)(['’](?:s|S|re|ve|ll|d|m)|n['’]t)$")
ABBREVIATION_DOT = re.compile(r"^(?:\d+[.,]\d|\w\.\w)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("XALIGN_DATA"), help="folder with parallel/ inside"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--languages", nargs="+", default=LANGUAGES)
    options = parser.parse_args()
    if options.data is None:
        parser.error("give the data folder: --data DATA, or set XALIGN_DATA")
    options.out.mkdir(parents=True, exist_ok=True)
    for language in options.languages:
        write_corpus(options.data / "parallel", language, options.out)


def write_corpus(parallel: Path, language: str, out: Path) -> None:
    """All usable pairs of English and `language`, each once, in random order."""
    chosen = random.Random(f"{SEED} {language}")
    english_words, foreign_words = tokenizer("en"), tokenizer(language)
    pairs: dict[tuple[str, str], None] = {}
    for english, foreign in gather(parallel, language, chosen):
        pair = " ".join(english_words(clean(english))), " ".join(foreign_words(clean(foreign)))
        if usable(*pair):
            pairs.setdefault(pair)
    lines = list(pairs)
    chosen.shuffle(lines)
    # Some gold sets and many corpora are lower-cased.
    lines[::LOWER_EVERY] = [(english.lower(), foreign.lower()) for english, foreign in lines[::LOWER_EVERY]]
    name = f"en-{language}"
    (out / f"{name}.en").write_text("".join(f"{english}\n" for english, _ in lines), encoding="utf-8")
    (out / f"{name}.{language}").write_text("".join(f"{foreign}\n" for _, foreign in lines), encoding="utf-8")
    print(f"{name}: {len(lines)} pairs")


def gather(parallel: Path, language: str, chosen: random.Random) -> Iterator[tuple[str, str]]:
    for source, most in PAIRED.items():
        yield from sample(read_pairs(parallel / source / f"en-{language}.tsv.xz"), most, chosen)
    for source, most in JOINED.items():
        folder = parallel / source
        english, foreign = read_keyed(folder / "en.tsv.xz"), read_keyed(folder / f"{language}.tsv.xz")
        yield from sample([(english[key], foreign[key]) for key in english if key in foreign], most, chosen)


def sample(pairs: list[tuple[str, str]], most: int, chosen: random.Random) -> list[tuple[str, str]]:
    return chosen.sample(pairs, most) if len(pairs) > most else pairs


def read_rows(path: Path) -> Iterator[list[str]]:
    if path.exists():
        with lzma.open(path, "rt", encoding="utf-8", newline="\n") as stream:
            for line in stream:
                yield line.rstrip("\n").split("\t")


def read_pairs(path: Path) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in read_rows(path) if len(row) >= 2]


def read_keyed(path: Path) -> dict[str, str]:
    return {row[0]: row[1] for row in read_rows(path) if len(row) >= 2}


def clean(text: str) -> str:
    return re.sub("[\u00ad\u200b-\u200d\ufeff]", "", unicodedata.normalize("NFC", text))


def usable(source: str, target: str) -> bool:
    """Both sides have words, neither is far longer, and most of it is language rather than markup or code."""
    lengths = source.count(" ") + 1, target.count(" ") + 1
    if not source or not target or max(lengths) > MAX_WORDS or max(lengths) > MAX_RATIO * min(lengths) + 3:
        return False
    symbols = len(re.findall(r"[`<>{}|\\_=#~^%@:/*]", source + target))
    return source != target and symbols * 12 <= len(source) + len(target)


@cache
def tokenizer(language: str) -> Callable[[str], list[str]]:
    if language == "zh":
        import jieba

        jieba.setLogLevel("ERROR")
        return lambda text: [word for word in jieba.cut(text, HMM=True) if not word.isspace()]
    if language == "ja":
        import fugashi

        tagger = fugashi.Tagger()
        return lambda text: [word.surface for word in tagger(text.replace(" ", ""))] if text else []
    return lambda text: list(
        itertools.chain.from_iterable(split_word(word, language) for word in WORD.findall(text))
    )


def split_word(word: str, language: str) -> list[str]:
    """Separate what the gold sets count as words of their own.

    >>> split_word("l'homme", "fr"), split_word("don't", "en"), split_word("3.5", "de"), split_word("end.Next", "en")
    (["l'", 'homme'], ['do', "n't"], ['3.5'], ['end', '.', 'Next'])
    """
    if language == "fr" and (match := ELISION.match(word)):
        return [word[: match.end()], *split_word(word[match.end() :], language)]
    if language == "en" and (match := CLITIC.search(word)) and match.start():
        return [word[: match.start()], word[match.start() :]]
    if re.search(r"[.,]", word) and not ABBREVIATION_DOT.match(word):
        return [part for part in re.split(r"([.,])", word) if part]
    return [word]


if __name__ == "__main__":
    main()
