"""The data folder -> pairs that are translations, and pairs that are not, by language and length.

    true       as the source has them
    shuffled   the target of another pair of the same class of length, with about as many words
    shifted    the target of the next line, of sources that are texts: what files one line off look like

The sentences of a language fall into two halves, by a checksum: one for fitting, one for reporting.
"""

from __future__ import annotations

import lzma
import random
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from text import FAR, NEAR, clean, read_source, tokenizer, usable

from xalign.text.sentences import SentencePair

KINDS = TRUE, SHUFFLED, SHIFTED = "true", "shuffled", "shifted"
CLASSES = ((1, 5), (6, 12), (13, 80))  # words of the source
TEXTS = ("wmtnews", "python_docs", "gnome_docs", "bible", "quran_multi", "flores_multi", "ntrex_multi")
UNSEEN = "multi30k_multi"  # which no bundled model was trained on
TREEBANKS = "pud"  # nor on these: the parallel treebanks of Universal Dependencies
FROM_A_SOURCE = 1_000  # pairs that are looked at
FITTING, REPORTING = 0, 1


class Example(NamedTuple):
    """A pair of sentences: of which languages, how many words (the number of its class), and of which kind."""

    languages: str
    length: int
    kind: str
    pair: SentencePair


class _Found(NamedTuple):
    source: tuple[str, ...]
    target: tuple[str, ...]
    following: tuple[str, ...]  # the target of the next line; empty where there is none


def examples(
    parallel: Path, languages: str, half: int, most: int, sources: tuple[str, ...] = (*NEAR, *FAR)
) -> list[Example]:
    """At most `most` of each kind and class of length."""
    chosen = random.Random(f"{languages} {half}")
    found: list[list[_Found]] = [[] for _ in CLASSES]
    for each in _read(parallel, languages, half, sources, chosen):
        of_class = found[_length(each.source)]
        if len(of_class) < most:
            of_class.append(each)
        if all(len(of_class) == most for of_class in found):
            break
    return [
        Example(languages, length, kind, SentencePair(source, target))
        for length, of_class in enumerate(found)
        for kind, source, target in _kinds(of_class)
    ]


def _read(
    parallel: Path, languages: str, half: int, sources: tuple[str, ...], chosen: random.Random
) -> Iterator[_Found]:
    first_words, second_words = map(tokenizer, languages.split("-"))
    candidates: dict[tuple[str, str], str] = {}
    for name in sources:
        rows = (
            read_treebanks(parallel.parent / "treebanks", languages)
            if name == TREEBANKS
            else read_source(parallel / name, languages)
        )
        own = [k for k, (first, _) in enumerate(rows) if zlib.crc32(first.encode()) % 2 == half]
        for k in chosen.sample(own, min(len(own), FROM_A_SOURCE)):
            following = rows[k + 1][1] if name in (*TEXTS, UNSEEN, TREEBANKS) and k + 1 < len(rows) else ""
            candidates.setdefault(rows[k], following)
    order = list(candidates)
    chosen.shuffle(order)
    for first, second in order:
        source, target = first_words(clean(first)), second_words(clean(second))
        if usable(" ".join(source), " ".join(target)):
            yield _Found(tuple(source), tuple(target), tuple(second_words(clean(candidates[first, second]))))


def read_treebanks(folder: Path, languages: str) -> list[tuple[str, str]]:
    """The sentences of two treebanks that have the same number."""
    first, second = (_sentences(folder / f"{each}_pud-ud-test.conllu.xz") for each in languages.split("-"))
    return [(first[number], second[number]) for number in first if number in second]


def _sentences(path: Path) -> dict[str, str]:
    text = lzma.decompress(path.read_bytes()).decode() if path.exists() else ""
    return dict(re.findall(r"^# sent_id = (.+)\n(?:#.*\n)*?# text = (.+)$", text, flags=re.MULTILINE))


def _length(source: tuple[str, ...]) -> int:
    return next(k for k, (_, most) in enumerate(CLASSES) if len(source) <= most)


def _kinds(found: list[_Found]) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    order = sorted(found, key=lambda each: len(each.target))
    for number, each in enumerate(order):
        yield TRUE, each.source, each.target
        others = (other for other in order[number + 1 :] + order[:number])
        other = next((one for one in others if one.target != each.target and one.source != each.source), None)
        if other is not None:
            yield SHUFFLED, each.source, other.target
        if each.following and each.following != each.target and len(each.following) <= CLASSES[-1][1]:
            yield SHIFTED, each.source, each.following
