"""A training run, from files to a checkpoint folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from transformers import MODEL_MAPPING

from ..encoders.base import WholeEncoder
from ..encoders.families import load_encoder
from ..errors import OptionError
from ..models import resolve
from ..models.preset import About, Checkpoint, Family, Options, Preset
from ..score.figures import expect_figure
from .checkpoint import expect_new, expect_same, save_checkpoint
from .collate import collate
from .corpus import CorpusFiles, read_corpus
from .development import DevelopmentFiles, evaluator
from .learner import Learner
from .log import Progress
from .loop import Callbacks, train
from .mixture import Mixture
from .options import Objective, ObjectiveOptions, OptimizerChoice, TrainOptions, Tuning, weighed
from .plot import plot_log
from .processes import PartialState
from .resplit import Resplitter
from .tune import merged_weights, prepare


@dataclass(frozen=True)
class Plan:
    """What is trained, on which data, with which objectives.

    `init`: the checkpoint to start from, a preset, folder or id. `objectives`: name -> weight; `of_objectives`: their
    options. `tuning`: which weights are trained (tune.py). `method`: how the result aligns, where that differs from the
    preset of `init`. `plot`: a picture of the log, drawn at the end, and whenever development sets are measured.

    Raises:
        OptionError: an objective is unknown, its weight is not above 0, or there are no corpora.
    """

    init: str
    corpora: Sequence[CorpusFiles]
    out: Path
    development: Sequence[DevelopmentFiles] = ()
    objectives: Mapping[str, float] = field(default_factory=lambda: {Objective.GUIDED: 1.0})
    tuning: Tuning = Tuning.ALL
    of_objectives: ObjectiveOptions = field(default_factory=ObjectiveOptions)
    method: Options = field(default_factory=lambda: Options())
    plot: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "objectives", weighed(self.objectives))
        if not self.corpora:
            raise OptionError("nothing to train on: no corpora are given")

    def preset(self) -> Preset:
        """The preset of `init` with the changes of the plan."""
        preset, _ = resolve(self.init).with_options(self.method)
        return preset.changed(layer=preset.method.layer_of(preset.name))

    def kept(self, optimizer: OptimizerChoice) -> dict[str, str]:
        """name -> value of what must be the same when the run is resumed."""
        preset = self.preset()
        weights = sorted(self.objectives.items())
        return {
            "init": preset.name,
            "objective": ", ".join(f"{name}={weight:g}" for name, weight in weights),
            "tuning": self.tuning,
            "encode": preset.input.encode,
            "level": preset.method.level,
            "layer": str(preset.method.layer),
            "similarity": preset.method.similarity,
            "optimizer": optimizer,
        }


@dataclass(frozen=True)
class Setup:
    """A checked plan: everything that a run needs except its corpora. `evaluate`: None without development sets."""

    preset: Preset
    encoder: WholeEncoder
    learner: Learner
    evaluate: Callable[[], dict[str, float]] | None

    @classmethod
    def of(cls, plan: Plan, seed: int) -> Setup:
        """Load the model and read the development sets, so that what is wrong with a plan is told before hours of work.

        `seed`: of the initial weights of LoRA and heads.

        Raises:
            As `run`, except for what is wrong with a corpus.
        """
        if plan.plot is not None:
            expect_figure(plan.plot)
        preset = plan.preset()
        encoder = load_encoder(preset, "cpu", torch.float32)
        _check_saveable(encoder)
        torch.manual_seed(seed)
        prepare(encoder, plan.tuning)
        learner = Learner(encoder, plan.objectives, preset.method, plan.of_objectives)
        evaluate = evaluator(plan.development, encoder, preset) if plan.development else None
        return cls(preset, encoder, learner, evaluate)


def run(
    plan: Plan,
    options: TrainOptions,
    device: torch.device | str = "cpu",
    resume: bool = False,
    report: Callable[[Progress], None] = lambda progress: None,
    stepped: Callable[[int], None] = lambda step: None,
) -> None:
    """Carry out a plan; write the best weights with their preset to `plan.out`.

    Raises:
        OptionError: two options do not go together, or do not fit the checkpoint; `plan.out` holds something, and is
            not to be resumed.
        InputError, FormatError, TrainingError: a corpus cannot be trained on, the loss is inf or NaN, or there is
            nothing to resume from, or the state of another run.
    """
    kept = plan.kept(options.optimizer)
    if resume:
        expect_same(plan.out, kept, options.steps)
    else:
        expect_new(plan.out)
    carry_out(plan, options, device, resume, report, stepped, kept)


def carry_out(
    plan: Plan,
    options: TrainOptions,
    device: torch.device | str,
    resume: bool,
    report: Callable[[Progress], None],
    stepped: Callable[[int], None],
    kept: Mapping[str, str],
) -> None:
    """As `run`, whatever `plan.out` holds. `kept` is stored with the state."""
    if Objective.GUIDED in plan.objectives and any(files.links is None for files in plan.corpora):
        raise OptionError("objective guided needs links for every corpus", "objective", "links")
    setup = Setup.of(plan, options.seed)
    preset, encoder = setup.preset, setup.encoder
    unlinked = plan.objectives.keys() != {Objective.GUIDED}
    weight = plan.of_objectives.possible_weight
    corpora = [read_corpus(files, encoder, weight, unlinked) for files in plan.corpora]
    own = _trained(preset, plan)
    train(
        setup.learner,
        Mixture(
            corpora,
            options.batch_subwords,
            encoder.input,
            options.temperature,
            options.seed,
            Resplitter(encoder, options.split_rate) if options.split_rate else None,
        ),
        partial(collate, encoder=encoder, level=preset.method.level),
        torch.device(device),
        plan.out,
        options,
        resume=resume,
        callbacks=Callbacks(
            evaluate=setup.evaluate,
            save=lambda: save_checkpoint(encoder, own, plan.out, merged_weights(encoder.model)),
            report=partial(_report, plan, report),
            stepped=stepped,
        ),
        kept=kept,
    )
    if plan.plot is not None and PartialState().is_main_process:
        plot_log(plan.out, plan.plot)


def _trained(preset: Preset, plan: Plan) -> Preset:
    """The preset of the trained model, which is saved as a transformers checkpoint, whatever it was loaded from."""
    family = preset.checkpoint.family
    known = dict.fromkeys(preset.about.languages)
    if known:
        known |= dict.fromkeys(code for files in plan.corpora for code in files.languages if code)
    return replace(
        preset,
        name=plan.out.resolve().name,
        checkpoint=Checkpoint(place=".", family=Family.AUTO if family is Family.FAIRSEQ else family),
        about=About(languages=tuple(known), description=f"{preset.name}, trained further by xalign train"),
    )


def _check_saveable(encoder: WholeEncoder) -> None:
    """OptionError for an encoder that is part of a larger model, since such a checkpoint could not be loaded."""
    whole = MODEL_MAPPING.get(type(encoder.model.config), None)
    if whole is not None and not isinstance(encoder.model, whole):
        raise OptionError(
            f"{encoder.preset.name}: only the encoder of an encoder and decoder is used here, and part of a checkpoint "
            "cannot be saved; start from a model that is only an encoder"
        )


def _report(plan: Plan, report: Callable[[Progress], None], progress: Progress) -> None:
    if plan.plot is not None and progress.best is not None:
        plot_log(plan.out, plan.plot)
    report(progress)
