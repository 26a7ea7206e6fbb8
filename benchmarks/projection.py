"""How many words get the right part of speech from English: each bundled model, and eflomal.

    python benchmarks/projection.py --data DATA --out benchmarks/results/projection.json
    python benchmarks/projection.py --data DATA --models mini --languages de --without-eflomal

Text: the 1,000 sentences of the parallel treebanks of Universal Dependencies (PUD), with gold words. What is scored is
what `xalign project --format conllu` writes, against the UPOS of the treebank. Eflomal has to see more text than that:
it aligns them together with 10,000 pairs of the data folder, WMT news and, after these, Tatoeba; both directions are
combined by grow-diag-final-and.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from machine import describe

from xalign import Aligner
from xalign.formats import read_alignments
from xalign.links import Alignment
from xalign.method import Symmetrization
from xalign.project import Rules, project, read_annotated
from xalign.project.conllu import ParsedSentence, read
from xalign.project.spans import Fill
from xalign.symmetrize import SYMMETRIZERS, combine
from xalign.text.sentences import SentencePair
from xalign.text.tokenization import tokenize

LANGUAGES = ("de", "fr", "es", "hi", "sv")
TEXTS = ("wmtnews", "tatoeba")
MOST = 10_000  # pairs of text that eflomal gets beside the treebanks

Sentences = list[ParsedSentence]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("XALIGN_DATA"), help="the data folder")
    parser.add_argument("--languages", nargs="+", default=LANGUAGES, choices=LANGUAGES)
    parser.add_argument("--models", nargs="*", default=["mini", "small"])
    parser.add_argument("--without-eflomal", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.data is None:
        parser.error("give the data folder: --data DATA, or set XALIGN_DATA")
    rows: list[dict[str, Any]] = []
    print(f"{'':6}{'links of':10}{'linked':>8}{'of these right':>16}{'right':>8}{'filled, right':>16}")
    for language in options.languages:
        source, target = (treebank(options.data, each) for each in ("en", language))
        for name in [*options.models, *([] if options.without_eflomal else ["eflomal"])]:
            if name == "eflomal":
                links = eflomal_links(options.data, language, source, target)
            else:
                aligner = Aligner.load(name, dtype="float32", source_language="en", target_language=language)
                links = list(aligner.align([SentencePair(*words) for words in words_of(source, target)]))
            row = {"language": language, "links": name, **scores(source, target, links)}
            rows.append(row)
            figures = "".join(f"{row[key]:{width}.1f}" for key, width in WIDTHS.items())
            print(f"{language:6}{name:10}{figures}", flush=True)
    if options.out:
        report = {"machine": describe(torch.device("cpu")), "rows": rows}
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


WIDTHS = {"linked": 8, "right_of_linked": 16, "right": 8, "right_filled": 16}


def treebank(data: Path, language: str) -> Sentences:
    path = data / "treebanks" / f"{language}_pud-ud-test.conllu.xz"
    return [each for each in read_annotated(path, "conllu") if isinstance(each, ParsedSentence)]


def words_of(source: Sentences, target: Sentences) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    for one, other in zip(source, target, strict=True):
        yield one.words, other.words


def scores(source: Sentences, target: Sentences, links: list[Alignment]) -> dict[str, float]:
    """In percent: words with a label, words with the right one of these and of all, without and with filling."""
    gold = [tag for sentence in target for tag in sentence.column("UPOS")]
    plain, filled = (projected(source, target, links, fill) for fill in (Fill.NONE, Fill.SAME_WORD))
    labelled = [(found, right) for found, right in zip(plain, gold, strict=True) if found != "_"]
    right = sum(found == each for found, each in labelled)
    right_filled = sum(found == each for found, each in zip(filled, gold, strict=True))
    return {
        "words": len(gold),
        "linked": 100 * len(labelled) / len(gold),
        "right_of_linked": 100 * right / len(labelled),
        "right": 100 * right / len(gold),
        "right_filled": 100 * right_filled / len(gold),
    }


def projected(source: Sentences, target: Sentences, links: list[Alignment], fill: Fill) -> list[str]:
    carried = project(zip(source, target, links, strict=True), "conllu", Rules(fill=fill))
    sentences = read(line for each in carried for line in each.text.split("\n")[:-1])
    return [tag for sentence in sentences for tag in sentence.column("UPOS")]


def eflomal_links(data: Path, language: str, source: Sentences, target: Sentences) -> list[Alignment]:
    from eflomal import Aligner as Eflomal

    pairs = [(joined(one), joined(other)) for one, other in words_of(source, target)]
    pairs += text(data, language)
    with TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("source", "target", "forward", "reverse")]
        for path, side in zip(paths, zip(*pairs, strict=True), strict=False):
            path.write_text("".join(f"{line}\n" for line in side), encoding="utf-8")
        with paths[0].open(encoding="utf-8") as one, paths[1].open(encoding="utf-8") as other:
            Eflomal().align(one, other, links_filename_fwd=str(paths[2]), links_filename_rev=str(paths[3]))
        forward, reverse = (read_alignments(path)[: len(source)] for path in paths[2:])
    rule = SYMMETRIZERS[Symmetrization.GROW_DIAG_FINAL_AND]
    return [combine(*each, rule) for each in zip(forward, reverse, strict=True)]


def joined(words: Iterable[str]) -> str:
    return " ".join(word.replace(" ", "_") for word in words)


def text(data: Path, language: str) -> list[tuple[str, str]]:
    """Parallel text of the pair, split into words as treebanks are."""
    pairs: list[tuple[str, str]] = []
    for path in (data / "parallel" / name / f"en-{language}.tsv.xz" for name in TEXTS):
        if not path.exists():
            continue
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in islice(lines, MOST - len(pairs)):
                source, target, *_ = line.rstrip("\n").split("\t")
                pair = (
                    joined(tokenize(source, language="en").words),
                    joined(tokenize(target, language=language).words),
                )
                pairs.append((pair[0] or "-", pair[1] or "-"))
    return pairs


if __name__ == "__main__":
    main()
