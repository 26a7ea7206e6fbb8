"""What it costs to link the pieces of raw text: AER of links of pieces, by the words that are aligned.

    python benchmarks/links_of_pieces.py --data DATA --models mini

The sentences of two test sets are detokenized, as in untokenized.py, and a SentencePiece model of 4,000 pieces is
trained on them. The gold links of words become links of pieces by the rule of `--pieces-src`. Four kinds of words are
aligned, and their links are spread over the same pieces: those of the gold set, those that the pieces form, those of
`--words unicode`, and what stands between spaces. The sets are for reporting only.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import sentencepiece
from untokenized import SETS, raw

from xalign import Aligner
from xalign.formats import read_alignments
from xalign.links import Alignment
from xalign.pieces import as_given, in_words, spread
from xalign.score.aer import count, total
from xalign.text.sentence_pieces import SentencePieces
from xalign.text.sentences import SentencePair, read_files, words
from xalign.text.tokenization import Tokenized, tokenize

PIECES = 4_000


class GoldSet(NamedTuple):
    """A gold set of words, with the words of each sentence as it is written."""

    gold: list[Alignment]
    words: list[tuple[Tokenized, Tokenized]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("XALIGN_DATA"), help="the data folder")
    parser.add_argument("--models", nargs="+", default=["mini"])
    parser.add_argument("--sets", nargs="+", default=["test/de-en", "test/en-fr"], choices=list(SETS))
    options = parser.parse_args()
    if options.data is None:
        parser.error("give the data folder: --data DATA, or set XALIGN_DATA")
    aligners = {model: Aligner.load(model, dtype="float32") for model in options.models}
    for name in options.sets:
        gold_set = read(options.data / "gold" / name, *SETS[name])
        vocabulary = trained([text.text for pair in gold_set.words for text in pair])
        for model, aligner in aligners.items():
            scores = dict(measured(aligner, gold_set, vocabulary))
            print(json.dumps({"set": name, "model": model, **scores}), flush=True)


def read(folder: Path, languages: str, *names: str) -> GoldSet:
    source, target, gold_file = (folder / name for name in names)
    pairs = list(read_files(source, target))
    first, second = languages.split()
    sides = [(placed(pair.source, first), placed(pair.target, second)) for pair in pairs]
    gold = map(existing, read_alignments(gold_file, sentences=len(pairs)), pairs)
    return GoldSet(list(gold), sides)


def existing(gold: Alignment, pair: SentencePair) -> Alignment:
    """The gold without links to words that the sentence does not have; de-en has one."""
    links = [
        each for each in gold.links if 0 <= each[0] < len(pair.source) and 0 <= each[1] < len(pair.target)
    ]
    return Alignment.of(
        (each for each in links if each not in gold.possible),
        (each for each in links if each in gold.possible),
    )


def placed(side: tuple[str, ...], language: str) -> Tokenized:
    """The words of the gold set, with their places in the sentence as one would write it."""
    text = raw(side, language)
    spans, end = [], 0
    for word in side:
        start = text.index(word, end)
        end = start + len(word)
        spans.append((start, end))
    return Tokenized(text, spans)


def trained(lines: list[str]) -> SentencePieces:
    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_prefix=f"{folder}/vocab",
            vocab_size=PIECES,
            hard_vocab_limit=False,
            minloglevel=2,
        )
        return SentencePieces(f"{folder}/vocab.model")


def measured(aligner: Aligner, gold_set: GoldSet, vocabulary: SentencePieces) -> Iterator[tuple[str, float]]:
    """The AER of links of pieces, in percent, for each kind of words."""
    groups = [tuple(vocabulary.split(side)[2] for side in pair) for pair in gold_set.words]
    gold = [spread(links, *both) for links, both in zip(gold_set.gold, groups, strict=True)]
    texts = [(source.text, target.text) for source, target in gold_set.words]
    kinds: dict[str, Sequence[Sequence[Tokenized | tuple[str, ...]]]] = {
        "gold": gold_set.words,
        "pieces": [tuple(words(text) for text in pair) for pair in texts],
        "unicode": [tuple(tokenize(text) for text in pair) for pair in texts],
        "whitespace": [tuple(tokenize(text, "whitespace") for text in pair) for pair in texts],
    }
    for kind, sides in kinds.items():
        pairs = (SentencePair(*both) for both in sides)
        found = as_given(aligner.align_pairs(in_words(pairs, vocabulary, vocabulary)))
        yield (
            kind,
            100 * total(count(links, of_gold) for (_, links), of_gold in zip(found, gold, strict=True)).aer,
        )


if __name__ == "__main__":
    main()
