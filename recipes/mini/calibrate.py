"""A bundled model -> its `calibration.json`: what its scores say, as probabilities (aligner/calibration.py).

    python recipes/mini/calibrate.py --data DATA --model small

Links are those that the model finds in the choosing halves of gold (gold.py), but of the sets that models are trained
on; every set counts alike, and a link is right if the gold has it as sure or possible. Pairs are of the fitting half of
the text in parallel/ (translations.py), as many true as wrong ones. To be run again whenever the weights change.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import data_folder
import numpy as np
import torch
from gold import TRAINED_ON, for_choosing
from numpy.typing import NDArray
from scipy.optimize import minimize
from translations import CLASSES, FITTING, KINDS, TRUE, Example, examples

from xalign import Aligner
from xalign.batches import Batch
from xalign.calibration import (
    CALIBRATION_FILE,
    Calibration,
    best_similarities,
    mean_over_words,
    sigmoid,
)
from xalign.comparison import Comparison
from xalign.engine import Finding
from xalign.models import BUNDLED
from xalign.similarity import Units

EXAMPLES = 6_000  # in all: as many of each pair of languages, class of length and kind
WITHOUT_ENGLISH = ("de-fr", "cs-de", "es-pt", "fr-it", "de-ru")
PENALTY = 3e-3  # of the squares of weights, where states are standardized; chosen on languages left out

Floats = NDArray[np.float64]


def main() -> None:
    parser = data_folder.parser(__doc__)
    parser.add_argument("--model", default="small", help="a bundled model, or a folder")
    options = parser.parse_args()
    data, model = options.data, options.model
    aligner = Aligner.load(model, calibrated=False)
    slope, intercept = fit_links(aligner, data)
    print(f"links: sigmoid({slope:.3f} * logit(score) {intercept:+.3f})", flush=True)
    languages = [each for each in aligner.preset.about.languages if each != "en"]
    pairs = [
        *(f"en-{each}" for each in languages),
        *(p for p in WITHOUT_ENGLISH if {*p.split("-")} <= {*languages}),
    ]
    most = EXAMPLES // (len(pairs) * len(CLASSES) * len(KINDS))
    text = [each for pair in pairs for each in examples(data / "parallel", pair, FITTING, most)]
    weights, bias = fit_pairs(aligner, text)
    print(f"pairs: {len(text)} examples of {len(pairs)} pairs of languages")
    folder = BUNDLED.get(model, Path(model))
    calibration = Calibration(slope, intercept, weights[:-1].astype(np.float32), float(weights[-1]), bias)
    (folder / CALIBRATION_FILE).write_text(calibration.to_json(), encoding="utf-8")
    print(folder / CALIBRATION_FILE)


def fit_links(aligner: Aligner, data: Path) -> tuple[float, float]:
    logits, right, weights = [], [], []
    for gold_set in for_choosing(data):
        if gold_set.name.startswith(TRAINED_ON):
            continue
        found = [
            (score, link in gold.links)
            for alignment, gold in zip(aligner.align(gold_set.pairs), gold_set.gold, strict=True)
            for link, score in zip(alignment.links, alignment.scores or (), strict=True)
        ]
        scores = np.clip([score for score, _ in found], 1e-6, 1 - 1e-6)
        logits.append(np.log(scores) - np.log1p(-scores))
        right.append(np.array([is_right for _, is_right in found]))
        weights.append(np.full(len(found), 1 / len(found)))
    column = np.concatenate(logits)[:, None]
    slope, intercept = fit(column, np.concatenate(right), np.concatenate(weights), penalty=0)
    return float(slope), float(intercept)


def fit_pairs(aligner: Aligner, text: Sequence[Example]) -> tuple[Floats, float]:
    """(weights of the mean state and, last, of the best similarity; the bias)"""

    def find(comparison: Comparison, _: Batch, source: Units, target: Units) -> list[NDArray[np.float32]]:
        similarity = comparison.similarity(source, target)
        best = best_similarities(similarity, source, target)
        of_words = (
            torch.cat([side.states, of_side[:, :, None]], dim=2)
            for side, of_side in zip((source, target), best, strict=True)
        )
        return list(mean_over_words(of_words, (source, target)).cpu().numpy())

    pairs = (each.pair for each in text)
    found = aligner.engine.run(pairs, [aligner.layer], Finding(find, lambda *_: None, None))
    kept = [(each, row) for each, (_, [row]) in zip(text, found, strict=True) if row is not None]
    rows = np.array([row for _, row in kept], dtype=np.float64)
    true = np.array([each.kind == TRUE for each, _ in kept])
    shares = np.where(true, 1 / true.sum(), 1 / (~true).sum())
    middle, spread = rows.mean(0), rows.std(0) + 1e-6
    *found_weights, bias = fit((rows - middle) / spread, true, shares, PENALTY)
    weights = np.array(found_weights) / spread
    return weights, float(bias - weights @ middle)


def fit(columns: Floats, right: NDArray[np.bool_], weights: Floats, penalty: float) -> Floats:
    """Weights of the columns and the intercept of a logistic regression. Shape: (rows, columns) -> (columns + 1,)"""
    rows = np.c_[columns, np.ones(len(columns))]
    signs, shares = np.where(right, 1.0, -1.0), weights / weights.sum()
    penalties = np.r_[np.full(columns.shape[1], penalty), 0.0]

    def loss(values: Floats) -> tuple[float, Floats]:
        margins = signs * (rows @ values)
        gradient = rows.T @ (-signs * shares * sigmoid(-margins)) + 2 * penalties * values
        return float(shares @ np.logaddexp(0, -margins) + penalties @ values**2), gradient

    best: Floats = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x
    return best


if __name__ == "__main__":
    main()
