"""How much worse long input is aligned: AER of n neighbouring pairs of a gold set joined into one.

    python benchmarks/long_input.py --model mini DATA/gold/dev/xlwa_en-*_dev DATA/gold/dev/graca_*

A folder holds `src`, `tgt` and `gold`, as the dev sets of the data folder do; of several, the mean of their AERs is
printed too. Pairs that are left over at the end of a set are a shorter one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from xalign import Aligner
from xalign.formats import read_alignments
from xalign.links import Alignment
from xalign.score.aer import count, total
from xalign.text.sentences import SentencePair, read_files

JOINED = (1, 3, 5, 10, 20)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--lexicon", action="store_true")
    parser.add_argument("--joined", type=int, nargs="+", default=JOINED, metavar="N")
    parser.add_argument("--first", type=int, metavar="PAIRS", help="take so many pairs of each set")
    parser.add_argument("folders", type=Path, nargs="+")
    options = parser.parse_args()
    aligner = Aligner.load(options.model, dtype=options.dtype, lexicon=options.lexicon)
    print(f"{'n joined':32}", *(f"{n:6}" for n in options.joined))
    rows = []
    for folder in options.folders:
        pairs, gold = read_gold(folder)
        pairs, gold = pairs[: options.first], gold[: options.first]
        row = [100 * aer_of(aligner, *joined(pairs, gold, n)) for n in options.joined]
        print(f"{folder.name:32}", *(f"{aer:6.1f}" for aer in row), flush=True)
        rows.append(row)
    means = (sum(column) / len(column) for column in zip(*rows, strict=True))
    print(f"{f'mean of {len(rows)}':32}", *(f"{mean:6.2f}" for mean in means))


def read_gold(folder: Path) -> tuple[list[SentencePair], list[Alignment]]:
    return list(read_files(folder / "src", folder / "tgt")), read_alignments(folder / "gold")


def joined(
    pairs: list[SentencePair], gold: list[Alignment], n: int
) -> tuple[list[SentencePair], list[Alignment]]:
    """Every `n` neighbouring pairs as one, with the links of all of them."""
    both = list(zip(pairs, gold, strict=True))
    made = [join(both[start : start + n]) for start in range(0, len(both), n)]
    return [pair for pair, _ in made], [alignment for _, alignment in made]


def join(group: list[tuple[SentencePair, Alignment]]) -> tuple[SentencePair, Alignment]:
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    sure: list[tuple[int, int]] = []
    possible: list[tuple[int, int]] = []
    for pair, alignment in group:
        for s, t in alignment.links:
            link = s + len(source), t + len(target)
            (possible if (s, t) in alignment.possible else sure).append(link)
        source, target = source + pair.source, target + pair.target
    return SentencePair(source, target), Alignment.of(sure, possible)


def aer_of(aligner: Aligner, pairs: list[SentencePair], gold: list[Alignment]) -> float:
    return total(map(count, aligner.align(pairs), gold)).aer


if __name__ == "__main__":
    main()
