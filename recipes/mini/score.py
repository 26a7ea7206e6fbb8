"""A model's AER on the gold sets of the data folder, beside that of aligning along the diagonal.

    python recipes/mini/score.py --data DATA --model mini

Test sets are for reporting: nothing in this recipe is chosen by them.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from xalign import Aligner
from xalign.aer import Counts, count
from xalign.formats import read_alignments
from xalign.links import Alignment
from xalign.sentences import SentencePair, read_files

DEV = ("alibi_fr-en_*", "graca_en-es", "graca_en-fr", "kftt_en-ja_dev", "xlwa_en-es_dev")  # mini's languages
TEST = ("de-en", "en-fr", "en-hi")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("XALIGN_DATA"), help="folder with gold/ inside"
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--extract")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--dev-only", action="store_true")
    options = parser.parse_args()
    if options.data is None:
        parser.error("give the data folder: --data DATA, or set XALIGN_DATA")
    aligner = Aligner.load(options.model, extract=options.extract, threshold=options.threshold)
    print(f"{'set':40} {'pairs':>5} {'P':>6} {'R':>6} {'AER':>6} {'diagonal':>8}")
    for name, pairs, gold in gold_sets(options.data / "gold", options.dev_only):
        scored = corpus_counts(aligner.align(pairs), gold)
        baseline = corpus_counts(map(diagonal, pairs), gold)
        figures = (100 * value for value in (scored.precision, scored.recall, scored.aer, baseline.aer))
        print(f"{name:40} {len(pairs):5}", *(f"{figure:6.1f}" for figure in figures))


def gold_sets(folder: Path, dev_only: bool) -> Iterator[tuple[str, list[SentencePair], list[Alignment]]]:
    for pattern in DEV:
        for place in sorted((folder / "dev").glob(pattern)):
            yield place.name, list(read_files(place / "src", place / "tgt")), read_alignments(place / "gold")
    for name in () if dev_only else TEST:
        place = folder / "test" / name
        source, target = (place / f"test.{language}" for language in name.split("-"))
        gold = read_alignments(place / "alignv2.txt", format="naacl", one_based=True)
        yield name, list(read_files(source, target)), gold


def corpus_counts(hypothesis: Iterator[Alignment], gold: list[Alignment]) -> Counts:
    return sum((count(h, g) for h, g in zip(hypothesis, gold, strict=True)), Counts())


def diagonal(pair: SentencePair) -> Alignment:
    """Each word of the longer side with the word at the same relative place."""
    source, target = len(pair.source), len(pair.target)
    longer = max(source, target)
    return Alignment.of(
        (k * source // longer, k * target // longer) for k in range(longer) if source and target
    )


if __name__ == "__main__":
    main()
