"""A model's scores -> probabilities: of a link, that it is right; of a pair, that its sides translate each other.

`calibration.json`, beside a checkpoint, holds two logistic regressions:

    {"link": {"slope": 0.8, "intercept": 0.2}, "pair": {"weights": [0.1, ...], "similarity": 0.4, "bias": -3.1}}

A link with the score s is right with probability sigmoid(slope * logit(s) + intercept), after Platt (1999), so links
keep their order. The probability of a pair is computed from two features of words, averaged over each side and then
over both sides: the state of a word, since an encoder that reads both sentences at once has seen whether the word has a
counterpart, and the similarity of the word and its most similar counterpart, which a softmax would hide.

    logit = weights * mean state + similarity * mean best similarity + bias

A calibration is valid only for the weights and the method for which it was fitted, so training writes none.
`recipes/mini/calibrate.py` fits one. Does not: choose links; thresholds apply to the scores before calibration.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .batch_links import real_pairs
from .errors import ModelError, OptionError
from .json_file import read_object, shortened
from .options import Option, Parameter
from .similarity import Units

CALIBRATION_FILE = "calibration.json"
_SURE = 1e-6  # scores are clipped to this distance from 0 and 1, to which softmax in float32 can round


@dataclass(frozen=True, eq=False)
class Calibration:
    """Both regressions.

    `slope`, `intercept`: of links. `weights`: of the mean state of a pair. Shape: (width,). `similarity`: the weight of
    the mean best similarity. `bias`: of pairs.
    """

    slope: float
    intercept: float
    weights: NDArray[np.float32]
    similarity: float
    bias: float

    def of_links(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """The probability that each link is right, by its score in [0, 1]. Shape: (links,), kept.

        >>> Calibration(1.0, 0.0, np.zeros(1), 0.0, 0.0).of_links(np.array([0.25])).tolist()
        [0.25]
        """
        clipped = np.clip(scores.astype(np.float64), _SURE, 1 - _SURE)
        return sigmoid(self.slope * (np.log(clipped) - np.log1p(-clipped)) + self.intercept)

    def of_pairs(self, similarity: Tensor, source: Units, target: Units) -> NDArray[np.float64]:
        """The probability that each pair is a translation, by the similarity of its units.

        Shape: (batch, source, target) -> (batch,)
        """
        weights = source.states.new_tensor(self.weights)
        best = best_similarities(similarity, source, target)
        of_words = (
            (side.states @ weights + self.similarity * of_side)[:, :, None]
            for side, of_side in zip((source, target), best, strict=True)
        )
        logits = mean_over_words(of_words, (source, target))[:, 0] + self.bias
        return sigmoid(logits.double().cpu().numpy())

    def to_json(self) -> str:
        """The text of the file, with rounded numbers."""
        fields = {
            "link": {"slope": round(self.slope, 4), "intercept": round(self.intercept, 4)},
            "pair": {
                "weights": [round(float(weight), 4) for weight in self.weights],
                "similarity": round(self.similarity, 4),
                "bias": round(self.bias, 4),
            },
        }
        return json.dumps(fields) + "\n"

    @classmethod
    def beside(cls, checkpoint: Path, width: int | None = None) -> Calibration | None:
        """The calibration in the folder of a checkpoint; None if there is none. `width`: of a state; None takes any.

        Raises:
            ModelError: the file is not a calibration for states of this width.
        """
        path = checkpoint / CALIBRATION_FILE
        if not path.is_file():
            return None
        fields = read_object(path)
        link, pair = (_part(fields, name, path) for name in ("link", "pair"))
        weights = pair.get("weights")
        if not isinstance(weights, list) or width not in (None, len(weights)):
            wanted = "numbers" if width is None else f"{width} numbers, as many as a state has"
            raise ModelError(f"{path}: weights is {shortened(weights)}: it must be {wanted}")
        try:
            numbers = np.array([_number("weights", each) for each in weights], dtype=np.float32)
            slope, intercept = (_number(name, link.get(name)) for name in ("slope", "intercept"))
            similarity, bias = (_number(name, pair.get(name)) for name in ("similarity", "bias"))
        except OptionError as error:
            raise ModelError(f"{path}: {error}") from None
        return cls(slope, intercept, numbers, similarity, bias)


def best_similarities(similarity: Tensor, source: Units, target: Units) -> tuple[Tensor, Tensor]:
    """The similarity of each unit and the most similar one of the other side; any value at padding.

    Shape: (batch, source, target) -> (batch, source), (batch, target)
    """
    found = similarity.masked_fill(~real_pairs(source.mask, target.mask), torch.finfo(similarity.dtype).min)
    return found.amax(2), found.amax(1)


def mean_over_words(values: Iterable[Tensor], sides: Iterable[Units]) -> Tensor:
    """The mean over the real units of each side, then over both sides. Shape: twice (batch, units, n) -> (batch, n)"""
    means = [
        of_side.masked_fill(~side.mask[:, :, None], 0).sum(1) / side.mask.sum(1).clamp(min=1)[:, None]
        for of_side, side in zip(values, sides, strict=True)
    ]
    return (means[0] + means[1]) / 2


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-values)), of values of any size.

    >>> sigmoid(np.array([-1000.0, 0.0])).tolist()
    [0.0, 0.5]
    """
    return np.exp(-np.logaddexp(0, -values))


def _part(fields: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    part = fields.get(name)
    if not isinstance(part, dict):
        raise ModelError(f"{path}: {name} is {shortened(part)}: it must be an object")
    return part


def _number(name: str, value: object) -> float:
    return float(Parameter(name, float, False, Option()).settled(value))
