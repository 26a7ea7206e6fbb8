"""How well the score of a pair tells translations from other pairs: AUC by language and length, and what to expect.

    python recipes/mini/filtering.py --data DATA --model small             # AUC, and of whole text the mean score
    python recipes/mini/filtering.py --data DATA --model small --every     # text of every language: is it told?

AUC is the probability that a true pair scores higher than a wrong one; one half is chance. Pairs are of the half of the
text that no calibration was fitted to (translations.py).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import data_folder
import numpy as np
from numpy.typing import NDArray
from text import FAR, NEAR, clean, read_source, tokenizer
from translations import (
    CLASSES,
    KINDS,
    REPORTING,
    SHIFTED,
    SHUFFLED,
    TRUE,
    UNSEEN,
    Example,
    examples,
)

from xalign import Aligner
from xalign.batches import Batch
from xalign.cli.screening import CORRELATED, FEWEST
from xalign.cli.screening import SHUFFLED as TOLD
from xalign.comparison import Comparison
from xalign.engine import Finding
from xalign.similarity import Units

PAIRS = ("en-de", "en-fr", "en-ru", "en-zh", "en-ja", "en-hi", "en-ar", "en-tr", "en-is", "en-sw", "de-fr")
NEVER_TRAINED_ON = ("en-de", "en-fr", "en-cs")
LEAST = (0.1, 0.5, 0.9)  # --min-score
LINES = 1_000  # whose lengths are correlated


def main() -> None:
    parser = data_folder.parser(__doc__)
    parser.add_argument("--model", default="small")
    parser.add_argument(
        "--sources", nargs="+", metavar="NAME", help="of these alone, such as flores_multi or pud"
    )
    parser.add_argument("--pairs", nargs="+", default=PAIRS, metavar="L1-L2")
    parser.add_argument("--most", type=int, default=100, help="pairs of each kind and class of length")
    parser.add_argument("--every", action="store_true", help="--most lines of every language and source")
    options = parser.parse_args()
    parallel = options.data / "parallel"
    if options.every:
        every_language(parallel, options.model, options.most)
        return
    sources = tuple(options.sources or (*NEAR, *FAR))
    text = [
        each for pair in options.pairs for each in examples(parallel, pair, REPORTING, options.most, sources)
    ]
    unseen = [
        each._replace(languages=f"{pair}, captions")
        for pair in (() if options.sources else NEVER_TRAINED_ON)
        for each in examples(parallel, pair, REPORTING, options.most, (UNSEEN,))
    ]
    shown = [*text, *unseen]
    calibrated, links = scores(Aligner.load(options.model), shown)
    print("AUC of the pair score (in brackets: of the mean score of its links), against shuffled pairs")
    print_auc(shown, calibrated, links, SHUFFLED)
    print("and against pairs one line off")
    print_auc(shown, calibrated, links, SHIFTED)
    print_kept(text, calibrated[: len(text)])


def scores(aligner: Aligner, text: Sequence[Example]) -> NDArray[np.float64]:
    """The score of each pair, and the mean score of its links; NaN of a pair that is too long. Shape: (2, pairs)"""
    uncalibrated = Comparison(aligner.method)

    def find(comparison: Comparison, batch: Batch, *units: Units) -> list[list[float | None]]:
        found = (each.link(batch, *units) for each in (comparison, uncalibrated))
        return [[alignment.score for alignment in both] for both in zip(*found, strict=True)]

    pairs = (each.pair for each in text)
    nothing: list[float | None] = [np.nan, np.nan]
    found = aligner.engine.run(pairs, [aligner.layer], Finding(find, lambda *_: nothing, nothing))
    return np.array([both for _, [both] in found]).T


def print_auc(
    text: Sequence[Example], found: NDArray[np.float64], links: NDArray[np.float64], wrong: str
) -> None:
    names = [f"{first} to {last} words" for first, last in CLASSES]
    print(f"{'':18}", *(f"{name:>20}" for name in names))
    languages = list(dict.fromkeys(each.languages for each in text))
    for language in (*languages, "all"):
        cells = []
        for length in range(len(CLASSES)):
            of_kind = {
                kind: [
                    k
                    for k, each in enumerate(text)
                    if (each.length, each.kind) == (length, kind)
                    and language in (each.languages, "all")
                    and np.isfinite(found[k])
                ]
                for kind in (TRUE, wrong)
            }
            aucs = [auc(each[of_kind[TRUE]], each[of_kind[wrong]]) for each in (found, links)]
            cells.append(f"{aucs[0]:.3f} ({aucs[1]:.3f})")
        print(f"{language:18}", *(f"{cell:>20}" for cell in cells))


def auc(right: NDArray[np.float64], wrong: NDArray[np.float64]) -> float:
    """The share of (right, wrong) pairs in which the right one is higher; NaN without any. Shape: (n,), (m,)"""
    if not len(right) or not len(wrong):
        return float("nan")
    difference = right[:, None] - wrong[None, :]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def print_kept(text: Sequence[Example], found: NDArray[np.float64]) -> None:
    print("share of pairs that --min-score keeps, by kind and class of length")
    for least in LEAST:
        cells = []
        for kind in KINDS:
            for length in range(len(CLASSES)):
                rows = [k for k, each in enumerate(text) if (each.kind, each.length) == (kind, length)]
                cells.append(f"{100 * (found[rows] >= least).mean():.0f}")
        print(f"{least:4}: {' '.join(KINDS)}:", " ".join(cells))


def every_language(parallel: Path, model: str, most: int) -> None:
    """Of every language and source, as it is and one line off: the mean score, and the correlation of lengths."""
    aligner = Aligner.load(model)
    chosen = random.Random(0)
    for path in sorted(parallel.glob("*/*.tsv.xz")):
        languages = path.name.removesuffix(".tsv.xz")
        languages = languages if "-" in languages else f"en-{languages}"
        rows = read_source(path.parent, languages)
        if not languages.startswith("en-") or len(rows) < FEWEST or languages[3:].isupper():
            continue
        first_words, second_words = map(tokenizer, languages.split("-"))
        sampled = [k for k in chosen.sample(range(len(rows) - 1), most) if all((*rows[k], *rows[k + 1]))]
        lines = [(rows[k][0], rows[k + shift][1]) for shift in (0, 1) for k in sampled]
        pairs = [(tuple(first_words(clean(one))), tuple(second_words(clean(two)))) for one, two in lines]
        found = np.array([alignment.score for alignment in aligner.align(pairs)]).reshape(2, -1)
        means = found.mean(1)
        lengths = np.log1p([[len(side) for side in row] for row in rows[:LINES]])
        alike = [np.corrcoef(lengths[: len(lengths) - k, 0], lengths[k:, 1])[0, 1] for k in (0, 1)]
        listed = "" if aligner.preset.about.lists(languages[3:]) else ", not listed"
        told = "told" if means[0] < TOLD and alike[0] < CORRELATED else ""
        shown = f"{means[0]:.2f} {alike[0]:.2f}, shifted {means[1]:.2f} {alike[1]:.2f}"
        print(f"{path.parent.name}/{languages}{listed}: {shown} {told}", flush=True)


if __name__ == "__main__":
    main()
