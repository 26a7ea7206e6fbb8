"""Eflomal's AER on the gold sets: the statistical aligner that `mini` is measured against.

    python recipes/mini/baseline.py --data DATA --text runs/mini/text --out runs/mini/baseline

Eflomal sees the whole text of the pair together with the gold set's own sentences, which favours it, with its own
settings. Its two directions are combined by each of three heuristics; the best of them for each set is its figure.
Scores are printed for the sentences that `mini` is reported on (gold.py).
"""

from __future__ import annotations

import json
import subprocess
from itertools import groupby
from pathlib import Path

import data_folder
from gold import GoldSet, for_reporting

from xalign.formats import read_alignments
from xalign.links import Alignment
from xalign.method import Symmetrization
from xalign.score.aer import count, total
from xalign.symmetrize import SYMMETRIZERS

HEURISTICS = [Symmetrization.INTERSECTION, Symmetrization.GROW_DIAG, Symmetrization.GROW_DIAG_FINAL_AND]


def main() -> None:
    parser = data_folder.parser(__doc__)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", nargs="+", metavar="L1-L2", help="only these")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    by_foreign = sorted(for_reporting(options.data), key=foreign)
    for language, sets in groupby(by_foreign, key=foreign):
        if not options.pairs or f"en-{language}" in options.pairs:
            score(language, list(sets), options.text, options.out)


def foreign(gold_set: GoldSet) -> str:
    (language,) = {*gold_set.languages} - {"en"}
    return language


def score(language: str, sets: list[GoldSet], text: Path, out: Path) -> None:
    """One run of eflomal for all gold sets of a language with English."""
    source, target, forward, backward = (
        out / f"en-{language}.{name}" for name in ("en", language, "forward", "backward")
    )
    sentences = [
        (" ".join(pair.source), " ".join(pair.target))[:: 1 if gold_set.languages[0] == "en" else -1]
        for gold_set in sets
        for pair in gold_set.pairs
    ]
    for path, side in ((source, 0), (target, 1)):
        gold_text = "".join(f"{pair[side]}\n" for pair in sentences)
        path.write_text(gold_text + (text / path.name).read_text(encoding="utf-8"), encoding="utf-8")
    if not backward.exists():
        command: list[str | Path] = ["eflomal-align", "--overwrite", "-s", source, "-t", target]
        command += ["-f", forward, "-r", backward]
        subprocess.run(command, check=True)
    directions = read_alignments(forward, format="pharaoh"), read_alignments(backward, format="pharaoh")
    position = 0
    for gold_set in sets:
        chosen = slice(position, position + len(gold_set.pairs))
        position = chosen.stop
        found = [
            [
                alignment.reversed() if gold_set.languages[1] == "en" else alignment
                for alignment in links[chosen]
            ]
            for links in directions
        ]
        figures = {heuristic: 100 * aer(gold_set, heuristic, *found) for heuristic in HEURISTICS}
        print(
            json.dumps(
                {"set": gold_set.name, "pairs": len(gold_set.pairs), "best": min(figures.values()), **figures}
            )
        )


def aer(
    gold_set: GoldSet, heuristic: Symmetrization, forward: list[Alignment], backward: list[Alignment]
) -> float:
    combine = SYMMETRIZERS[heuristic]
    combined = (Alignment.of(combine({*f.links}, {*b.links})) for f, b in zip(forward, backward, strict=True))
    return total(map(count, combined, gold_set.gold)).aer


if __name__ == "__main__":
    main()
