"""Whether of links with probability 0.8, 80 % are right: a bundled model on the gold that is for reporting.

    python recipes/mini/reliability.py --data DATA --model small --plot reliability.svg

Before: the score of the method. After: the probability that `--scores` writes. Sets of the test folder and odd lines,
which fitted nothing (gold.py); a link is right if the gold has it as sure or possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import data_folder
from gold import HALVED, TEST, for_reporting

from xalign import Aligner, Gold, Hypothesis, evaluate
from xalign.links import Alignment
from xalign.score.curves import calibration_error, reliability
from xalign.score.plots import draw

BEFORE, AFTER = "before", "after"


def main() -> None:
    parser = data_folder.parser(__doc__)
    parser.add_argument("--model", default="small")
    parser.add_argument("--plot", type=Path, help="also draw it: a .png, .svg or .pdf file")
    options = parser.parse_args()
    aligners = {name: Aligner.load(options.model, calibrated=name == AFTER) for name in (BEFORE, AFTER)}
    sets = [each for each in for_reporting(options.data) if each.name.startswith((*HALVED, *TEST))]
    found = {name: [list(aligner.align(each.pairs)) for each in sets] for name, aligner in aligners.items()}
    golds = [each.gold for each in sets]
    print(f"{'off by, in points':20} {BEFORE:>7} {AFTER:>7}   of links, right %")
    for k, each in enumerate(sets):
        print_row(each.name, [Hypothesis(name, found[name][k]) for name in found], each.gold)
    gold = list(chain(*golds))
    together = [Hypothesis(name, list(chain(*alignments))) for name, alignments in found.items()]
    print_row("all links together", together, gold)
    for hypothesis in together:
        for part in reliability(hypothesis, Gold("gold", gold)):
            print(
                f"{hypothesis.name:7} {part.low:.1f} to {part.high:.1f}: {part.links:6} links, "
                f"score {part.score:.2f}, right {part.right:.2f}"
            )
    if options.plot:
        scored = evaluate(Gold("gold", gold), together)
        options.plot.write_bytes(draw(scored, together, Gold("gold", gold), name=options.plot))


def print_row(name: str, hypotheses: Sequence[Hypothesis], gold: Sequence[Alignment]) -> None:
    bins = [reliability(hypothesis, Gold("gold", gold)) for hypothesis in hypotheses]
    errors = " ".join(f"{100 * calibration_error(each):7.1f}" for each in bins)
    links = sum(each.links for each in bins[0])
    right = sum(each.links * each.right for each in bins[0]) / links
    print(f"{name:20} {errors}   {links:6} {100 * right:5.1f}")


if __name__ == "__main__":
    main()
