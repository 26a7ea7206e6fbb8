"""How to train, as options: the objectives' own, the schedule, and what is trained.

An option with a help is one of `xalign train`, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from ..errors import OptionError
from ..method import Extraction
from ..options import Choice, Option, chosen, settle

MASK_RATE = 0.15
ROUND_STEPS = 200  # usual in a round of adapting
MUON_FACTOR = 20.0  # Muon's steps have another scale: 0.02 is suitable where AdamW takes 0.001


class Objective(Choice):
    """What is trained (objectives.py), by the names in options and logs."""

    GUIDED = "guided"
    SO = "so"
    CO = "co"
    PSI = "psi"
    MLM = "mlm"
    TLM = "tlm"
    DWA = "dwa"


COMPARING = frozenset({Objective.GUIDED, Objective.SO, Objective.CO})  # similarities, as the preset does
MASKING_PAIRS = frozenset({Objective.TLM, Objective.DWA})
MASKING = MASKING_PAIRS | {Objective.MLM}


def weighed(objectives: Mapping[str, float]) -> dict[Objective, float]:
    """Objectives and their weights; OptionError for an unknown name, or a weight that is not above 0."""
    if not objectives:
        raise OptionError("there is no objective to train", "objective")
    for name, weight in objectives.items():
        if not 0 < weight < math.inf:
            raise OptionError(
                f"objective {name} has weight {weight:g}: it must be a number above 0", "objective"
            )
    return {chosen("objective", name, Objective): weight for name, weight in objectives.items()}


class MaskedSides(Choice):
    """Which sides tlm and dwa mask: both at once, or each in a pass of its own."""

    BOTH = "both"
    EACH = "each"


class OptimizerChoice(Choice):
    """Which optimizer updates weight matrices (optimizer.py)."""

    ADAMW = "adamw"
    MUON = "muon"


class Tuning(Choice):
    """Which weights are trained (tune.py)."""

    ALL = "all"
    LORA = "lora"
    SHARED = "shared"


class Precision(Choice):
    """The arithmetic; weights stay float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True, kw_only=True)
class ObjectiveOptions:
    """How labels are made and what is masked.

    `scale`: what similarities are multiplied by before a trained softmax; None takes that of the `Similarity`.

    Raises:
        OptionError: a value is out of range.
    """

    scale: float | None = None
    possible_weight: Annotated[
        float, Option("Weight of a possible link; a sure one has 1.", least=0, most=1)
    ] = 0.5
    bootstrap: Annotated[
        float,
        Option(
            "For links with errors: share of a link's weight that comes from the model itself, such as 0.5.",
            least=0,
            below=1,
        ),
    ] = 0.0
    mask_rate: Annotated[float, Option("Share of subwords that mlm, tlm and dwa mask.", above=0, below=1)] = (
        MASK_RATE
    )
    masked_sides: Annotated[
        MaskedSides,
        Option("For tlm and dwa: mask both sides at once, or each while the other is complete."),
    ] = MaskedSides.BOTH
    label_layer: Annotated[
        int | None, Option("Layer from which dwa takes its links; default: --layer.", least=0)
    ] = None
    label_extract: Annotated[Extraction, Option("How dwa chooses its links.")] = Extraction.XLM_ALIGN

    def __post_init__(self) -> None:
        settle(self)


@dataclass(frozen=True, kw_only=True)
class AdaptingOptions:
    """How a model is adapted to text without links (adapt.py).

    `lexicon_rounds`: those of `reestimate` (lexicon.py); one if the model knows the languages, more if it hardly does.

    Raises:
        OptionError: a value is out of range.
    """

    rounds: Annotated[
        int, Option("Without --links: how many times links are made and trained on.", least=1)
    ] = 2
    lexicon_rounds: Annotated[
        int,
        Option(
            "Without --links: weight of the text against the model; 5 for languages that the model does not know.",
            least=1,
        ),
    ] = 1

    def __post_init__(self) -> None:
        settle(self)


@dataclass(frozen=True)
class TrainOptions:
    """How to train. The schedule is flat: warm-up, a constant rate, then a linear descent to zero.

    `clip`: the largest norm of the gradient. `log_steps`: steps between lines of the log. `learning_rate` is None for
    the default (`usual_rate` in tune.py).

    Raises:
        OptionError: a value is out of range.
    """

    steps: Annotated[
        int,
        Option(
            f"Steps in total, including those before --resume. Adapting takes {ROUND_STEPS} in each round by default.",
            least=1,
        ),
    ] = 2_000
    batch_subwords: Annotated[int, Option("Padded subwords in a batch.", least=1)] = 4_000
    accumulate: Annotated[int, Option("Batches per step and process.", least=1)] = 1
    learning_rate: Annotated[
        float | None,
        Option(
            "Default: 5e-4; 2e-5 for models of more than 50 million weights, 2e-4 for these with --tune lora.",
            least=0,
            most=1,
        ),
    ] = None
    optimizer: Annotated[OptimizerChoice, Option("muon learns faster from scratch.")] = OptimizerChoice.ADAMW
    muon_factor: Annotated[
        float, Option("Muon's learning rate divided by --learning-rate, which is AdamW's.", least=0)
    ] = MUON_FACTOR
    warmup_steps: Annotated[int, Option("Steps over which the learning rate rises.", least=0)] = 20
    descent: Annotated[
        float, Option("Share of the steps over which the learning rate falls to 0.", least=0, most=1)
    ] = 0.4
    weight_decay: float = 0.01
    clip: float = 1.0
    temperature: Annotated[
        float, Option("1 draws corpora in proportion to their size, larger values more evenly.", above=0)
    ] = 1.5
    split_rate: Annotated[
        float,
        Option(
            "Share of subwords that are split into two others, so that parts of words are learnt, too.",
            least=0,
            below=1,
        ),
    ] = 0.0
    dtype: Precision = Precision.FLOAT32
    save_steps: Annotated[int, Option("Steps between saves.", least=1)] = 200
    log_steps: Annotated[int, Option(least=1)] = 20
    seed: Annotated[int, Option("Seed of the order of examples and of masks.", least=0)] = 1

    def __post_init__(self) -> None:
        settle(self)

    def share_at(self, step: int) -> float:
        """The factor of the learning rate at the step with this number, counted from 0."""
        rise = (step + 1) / (self.warmup_steps + 1)
        fall = (self.steps - step) / max(1.0, self.descent * self.steps)
        return min(1.0, rise, fall)
