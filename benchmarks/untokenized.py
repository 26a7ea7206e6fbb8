"""What it costs to align text as it is: AER through `words="unicode"`, beside that of the same text tokenized.

    python benchmarks/untokenized.py --data DATA --models mini small --out benchmarks/results/untokenized.json

The sentences of gold sets are detokenized: by sacremoses' MosesDetokenizer for the language of the side, Japanese by
joining its words. A sentence whose characters that changes, spaces aside, keeps the spaces between its words; these are
counted. Of KFTT only the odd lines are taken, since the models were trained on the gold links of the others, and know
the very words that these have. xalign makes words of the sentences, and aligns these. Each link is then carried to all
words of the gold set that share characters with the linked words, and scored as links of these. The test sets de-en and
en-fr are for reporting only.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from machine import describe
from sacremoses import MosesDetokenizer

from xalign import Aligner
from xalign.formats import read_alignments
from xalign.links import Alignment
from xalign.score.aer import count, total
from xalign.text.sentences import SentencePair, read_files
from xalign.text.tokenization import tokenize

SETS = {  # folder: (languages, file of the source, of the target, of the gold)
    "test/de-en": ("de en", "test.de", "test.en", "alignv2.txt"),
    "test/en-fr": ("en fr", "test.en", "test.fr", "alignv2.txt"),
    "dev/xlwa_en-it_dev": ("en it", "src", "tgt", "gold"),
    "dev/ges_en-sv": ("en sv", "src", "tgt", "gold"),
    "dev/xlwa_en-ru_dev": ("en ru", "src", "tgt", "gold"),
    "dev/alibi_fr-en_LAuberge_TheInn": ("fr en", "src", "tgt", "gold"),
    "dev/kftt_en-ja_dev": ("en ja", "src", "tgt", "gold"),
}
TRAINED_ON = "kftt_en-ja_dev"  # its even lines (recipes/mini/gold.py)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("XALIGN_DATA"), help="the data folder")
    parser.add_argument("--models", nargs="+", default=["mini", "small"])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.data is None:
        parser.error("give the data folder: --data DATA, or set XALIGN_DATA")
    rows: list[dict[str, Any]] = []
    for model in options.models:
        aligner = Aligner.load(model, dtype="float32")
        for name in options.sets:
            rows.append(
                {"set": name, "model": model, **scores(aligner, options.data / "gold" / name, *SETS[name])}
            )
            print(json.dumps(rows[-1]), flush=True)
    if options.out:
        report = {"machine": describe(torch.device("cpu")), "rows": rows}
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def scores(aligner: Aligner, folder: Path, languages: str, *names: str) -> dict[str, Any]:
    """AER of tokenized and of raw text, in percent, and the share of gold words that come out as they are, as F1."""
    source, target, gold_file = (folder / name for name in names)
    pairs = list(read_files(source, target))
    gold = read_alignments(gold_file, sentences=len(pairs))
    if folder.name == TRAINED_ON:
        pairs, gold = pairs[1::2], gold[1::2]
    as_it_is = [
        tuple(
            raw(words, language)
            for words, language in zip((pair.source, pair.target), languages.split(), strict=True)
        )
        for pair in pairs
    ]
    split = [
        SentencePair(
            *(tokenize(text, "unicode", each) for text, each in zip(pair, languages.split(), strict=True))
        )
        for pair in as_it_is
    ]
    links = map(carried, aligner.align(split), split, pairs)
    words = [side for pair in pairs for side in (pair.source, pair.target)]
    found = [side for pair in split for side in (pair.source, pair.target)]
    texts = [text for pair in as_it_is for text in pair]
    return {
        "pairs": len(pairs),
        "tokenized": 100 * total(map(count, aligner.align(pairs), gold)).aer,
        "raw": 100 * total(map(count, links, gold)).aer,
        "same_words_f1": 100 * same_words(words, found),
        "kept_spaces": sum(
            text == " ".join(side) and len(side) > 2 for text, side in zip(texts, words, strict=True)
        ),
    }


def raw(words: Sequence[str], language: str) -> str:
    """The sentence as one would write it."""
    if language in ("ja", "zh"):
        return "".join(words)
    text: str = MosesDetokenizer(lang=language).detokenize(list(words))
    return text if "".join(text.split()) == "".join("".join(words).split()) else " ".join(words)


def stretches(words: Sequence[str]) -> list[range]:
    """Where each word stands in the sentence without its spaces."""
    found, end = [], 0
    for word in words:
        start, end = end, end + len("".join(word.split()))
        found.append(range(start, end))
    return found


def carried(alignment: Alignment, split: SentencePair, pair: SentencePair) -> Alignment:
    """Links between words of one splitting, as links between those of another."""
    source, target = (
        [
            [
                k
                for k, other in enumerate(stretches(words))
                if max(one.start, other.start) < min(one.stop, other.stop)
            ]
            for one in stretches(found)
        ]
        for found, words in ((split.source, pair.source), (split.target, pair.target))
    )
    return Alignment.of(
        (i, j) for link in alignment.links for i in source[link.source] for j in target[link.target]
    )


def same_words(words: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> float:
    one, other = (
        {(k, each.start, each.stop) for k, side in enumerate(sides) for each in stretches(side)}
        for sides in (words, found)
    )
    return 2 * len(one & other) / (len(one) + len(other))


if __name__ == "__main__":
    main()
