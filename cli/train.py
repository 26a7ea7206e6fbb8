"""`xalign train`: parallel text, with links or without -> an encoder that aligns it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from xalign.cli.corpora import Corpora
from xalign.cli.groups import option_group
from xalign.cli.help import SectionedCommand
from xalign.cli.options import (
    FOLDER,
    WRITTEN,
    OneOf,
    device_option,
    library_options,
    method_options,
    progress_options,
)
from xalign.cli.progress import EVERY, watching
from xalign.cli.standard import tell
from xalign.cli.together import expect_with, expect_without, typed
from xalign.cli.values import MODEL
from xalign.errors import OptionError
from xalign.train.options import (
    MASKING,
    MASKING_PAIRS,
    ROUND_STEPS,
    AdaptingOptions,
    Objective,
    ObjectiveOptions,
    Precision,
    TrainOptions,
    Tuning,
)

if TYPE_CHECKING:
    from xalign.models.preset import Options
    from xalign.train.log import Progress


def _either(objectives: Iterable[Objective]) -> str:
    """Their names in a sentence: "mlm, tlm or dwa"."""
    wanted = {*objectives}
    return " or ".join(", ".join(each for each in Objective if each in wanted).rsplit(", ", 1))


@click.command(
    cls=SectionedCommand,
    sections={
        "init": "Text and model",
        "objectives": "Objectives",
        "rounds": "Schedule",
        "encode": "How the trained model aligns",
        "device": "Device",
    },
)
@click.option(
    "--init",
    type=MODEL,
    default="mini",
    show_default=True,
    help="Model to start from: a preset, a folder or a hub id.",
)
@option_group(Corpora, "corpora")
@click.option(
    "--out",
    "-o",
    type=FOLDER,
    required=True,
    help="Folder for the trained model.",
)
@click.option("--resume", is_flag=True, help="Continue a run from its state in --out.")
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    default=[Objective.GUIDED.value],
    show_default=True,
    metavar="NAME[=WEIGHT]",
    help=f"{_either(Objective)} (docs/training.md); repeat it to mix objectives.",
)
@click.option(
    "--tune",
    "tuning",
    type=OneOf(Tuning),
    default=Tuning.ALL.value,
    show_default=True,
    help="Weights to train: all, low-rank updates of attention (LoRA), or those that X-MOD's languages share.",
)
@library_options(ObjectiveOptions, "of_objectives")
@library_options(AdaptingOptions, "adapting")
@library_options(TrainOptions, "schedule")
@click.option(
    "--plot",
    type=WRITTEN,
    metavar="FILE",
    help="Draw loss and AER: a .png, .svg or .pdf file.",
)
@method_options("method")
@device_option
@click.option(
    "--dtype",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", *(each.value for each in Precision)]),
    help="Precision of the arithmetic; weights stay float32. auto: bfloat16 on devices that are fast at it.",
)
@progress_options
def train(
    init: str,
    corpora: Corpora,
    out: Path,
    resume: bool,
    objectives: tuple[str, ...],
    tuning: Tuning,
    of_objectives: dict[str, Any],
    adapting: dict[str, Any],
    schedule: dict[str, Any],
    plot: Path | None,
    method: dict[str, Any],
    device: str,
    dtype: str,
    progress: str,
) -> None:
    """Train a model to align, from text with links or from text alone.

    \b
    Examples:
      xalign train --src my.de --tgt my.en --out runs/my
      xalign train --src a.de --tgt a.en --links a.align --dev d.de d.en d.align --out runs/de-en
      xalign align --model runs/my my.de my.en

    Without --links the model adapts to the text: it makes links itself, from its own probabilities and the
    co-occurrence of words in the whole text, and trains on them. The result is an ordinary checkpoint folder with its
    preset, so that --model needs no further option. With --dev the best weights are kept, without it the last ones.
    --resume continues a run that was stopped. For several GPUs: accelerate launch -m xalign.cli train ...
    """
    from xalign.device import choose_device, choose_dtype
    from xalign.train.adapt import adapt
    from xalign.train.run import Plan, run

    plan = Plan(
        init=init,
        corpora=corpora.files(),
        out=out,
        development=corpora.development(),
        objectives=_objectives(objectives),
        tuning=tuning,
        of_objectives=ObjectiveOptions(**of_objectives),
        method=cast("Options", method),
        plot=plot,
    )
    adapts = not corpora.links and Objective.GUIDED in plan.objectives
    _expect_used(plan.objectives, bool(corpora.links), schedule["optimizer"] == "muon")
    place = choose_device(device)
    precision = Precision(str(choose_dtype(dtype, place)).removeprefix("torch."))
    if adapts and not typed("steps"):
        schedule["steps"] = ROUND_STEPS
    options = TrainOptions(dtype=precision, **schedule)
    times = AdaptingOptions(**adapting)
    with training_progress(progress, options.steps * (times.rounds if adapts else 1)) as watch:
        if adapts:
            adapt(plan, options, times, place, resume, *watch)
        else:
            run(plan, options, place, resume, *watch)
    if progress != "none" and os.environ.get("RANK", "0") == "0":
        tell(f"The trained model is in {out}: xalign align --model {out}")


def _expect_used(objectives: Mapping[str, float], has_links: bool, by_muon: bool) -> None:
    """UsageError for an option that would change nothing."""

    def expect_objective(needed: Set[Objective], *names: str) -> None:
        expect_with(f"--objective {_either(needed)}", needed & objectives.keys(), *names)

    expect_objective({Objective.GUIDED}, "links", "rounds", "lexicon_rounds", "bootstrap")
    expect_with("--links", has_links, "possible_weight")
    expect_without("--links", has_links, ("rounds", "lexicon_rounds"))
    expect_objective(MASKING, "mask_rate")
    expect_objective(MASKING_PAIRS, "masked_sides")
    expect_objective({Objective.DWA}, "label_layer", "label_extract")
    expect_with("--optimizer muon", by_muon, "muon_factor")


def _objectives(texts: Iterable[str]) -> dict[str, float]:
    """Read several NAME or NAME=WEIGHT."""
    objectives = {}
    for text in texts:
        name, equals, weight = text.partition("=")
        if name in objectives:
            raise OptionError(f"--objective {name} is given twice: give it once, with its weight")
        try:
            objectives[name] = float(weight) if equals else 1.0
        except ValueError:
            raise OptionError(f"--objective {text}: expected NAME or NAME=WEIGHT, such as so=0.5") from None
    return objectives


@contextmanager
def training_progress(
    progress: str, steps: int, every: float = EVERY
) -> Iterator[tuple[Callable[[Progress], None], Callable[[int], None]]]:
    """Functions to call with every report and with every step.

    Of several processes only the first one shows progress; launchers number them in RANK.
    """
    mode = progress if os.environ.get("RANK", "0") == "0" else "none"
    with watching("steps", lambda: steps, mode, every) as watch:
        begun = False

        def report(of_step: Progress) -> None:
            watch.note = f"loss {of_step.loss:.3f}, rate {of_step.rate:.1e}"
            if of_step.scores:
                scores = "  ".join(f"{name} {aer:.1f}" for name, aer in of_step.scores.items())
                kept = "  (best, kept)" if of_step.best else ""
                watch.say(f"step {of_step.step}  AER  {scores}{kept}")

        def stepped(step: int) -> None:
            nonlocal begun
            if not begun:  # the steps before a resumed run do not count as its first step
                watch.go_on_from(step - 1)
                begun = True
            watch.advance()

        yield report, stepped
