"""`xalign train`: parallel text, with links or without -> an encoder that aligns it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from xalign.cli.help import SectionedCommand
from xalign.cli.model_name import MODEL
from xalign.cli.options import METHOD_OF_MODEL, OneOf, device_option, method_options, progress_options
from xalign.cli.progress import EVERY, watching
from xalign.cli.standard import tell
from xalign.errors import OptionError
from xalign.method import Extraction

if TYPE_CHECKING:
    from xalign.preset import Options
    from xalign.train.development import DevelopmentFiles
    from xalign.train.log import Progress

PATH = click.Path(path_type=Path)  # whether it is there is told by who reads it


@click.command(
    cls=SectionedCommand,
    sections={
        "init": "Text and model",
        "objectives": "Objectives",
        "steps": "Schedule",
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
@click.option(
    "--src",
    "sources",
    type=PATH,
    multiple=True,
    required=True,
    help="Source text; repeat it for more corpora.",
)
@click.option(
    "--tgt", "targets", type=PATH, multiple=True, required=True, help="Target text, as often as --src."
)
@click.option(
    "--links",
    type=PATH,
    multiple=True,
    help="Links in Pharaoh format, as often as --src. Without it the model adapts to the text.",
)
@click.option(
    "--src-lang",
    "source_languages",
    metavar="CODE",
    multiple=True,
    help="Language of the source, for X-MOD and XLM: once for all corpora, or once for each.",
)
@click.option("--tgt-lang", "target_languages", metavar="CODE", multiple=True, help="Language of the target.")
@click.option(
    "--dev",
    type=(PATH, PATH, PATH),
    multiple=True,
    metavar="SRC TGT GOLD",
    help="Development set: AER is measured on it at every save, and the best weights are kept.",
)
@click.option(
    "--dev-lang",
    "development_languages",
    type=(str, str),
    multiple=True,
    metavar="SRC TGT",
    help="Languages of each --dev; by default those of the first corpus.",
)
@click.option(
    "--dev-one-based/--dev-zero-based",
    default=None,
    help="Whether the gold of --dev counts words from 1 or 0; by default what is usual for its format.",
)
@click.option(
    "--out",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for the trained model.",
)
@click.option("--resume", is_flag=True, help="Continue a run from its state in --out.")
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    metavar="NAME[=WEIGHT]",
    help="guided (default), so, co, dwa, tlm, mlm or psi (docs/training.md); repeat it to mix objectives.",
)
@click.option(
    "--tune",
    "tuning",
    type=click.Choice(["all", "lora", "shared"]),
    default="all",
    show_default=True,
    help="Weights to train: all, low-rank updates of attention (LoRA), or those that X-MOD's languages share.",
)
@click.option(
    "--possible-weight",
    default=0.5,
    show_default=True,
    help="Weight of a possible link, 0 to 1; a sure one has 1.",
)
@click.option(
    "--bootstrap",
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="For links with errors: share of a link's weight that comes from the model itself, such as 0.5.",
)
@click.option(
    "--mask-rate", default=0.15, show_default=True, help="Share of subwords that mlm, tlm and dwa mask."
)
@click.option(
    "--masked-sides",
    type=click.Choice(["both", "each"]),
    default="both",
    show_default=True,
    help="For tlm and dwa: mask both sides at once, or each while the other is complete.",
)
@click.option(
    "--label-layer", type=int, metavar="N", help="Layer from which dwa takes its links; default: --layer."
)
@click.option(
    "--label-extract",
    type=OneOf(Extraction),
    default="xlm-align",
    show_default=True,
    help="How dwa chooses its links.",
)
@click.option(
    "--steps",
    type=int,
    metavar="N",
    help="Steps in total, including those before --resume. Default: 2000, or 200 in each round of adapting.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    metavar="N",
    help="Without --links: how many times links are made and trained on.",
)
@click.option(
    "--lexicon-rounds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Without --links: weight of the text against the model; 5 for languages that the model does not know.",
)
@click.option(
    "--batch-subwords", default=4_000, show_default=True, metavar="N", help="Padded subwords in a batch."
)
@click.option("--accumulate", default=1, show_default=True, metavar="N", help="Batches per step and process.")
@click.option(
    "--learning-rate",
    type=float,
    metavar="X",
    help="Default: 5e-4; 2e-5 for models of more than 50 million weights, 2e-4 for these with --tune lora.",
)
@click.option(
    "--optimizer",
    type=click.Choice(["adamw", "muon"]),
    default="adamw",
    show_default=True,
    help="muon learns faster from scratch.",
)
@click.option(
    "--muon-factor",
    default=20.0,
    show_default=True,
    help="Muon's learning rate divided by --learning-rate, which is AdamW's.",
)
@click.option(
    "--warmup-steps",
    default=20,
    show_default=True,
    metavar="N",
    help="Steps over which the learning rate rises.",
)
@click.option(
    "--descent",
    default=0.4,
    show_default=True,
    help="Share of the steps over which the learning rate falls to 0.",
)
@click.option(
    "--temperature",
    default=1.5,
    show_default=True,
    help="1 draws corpora in proportion to their size, larger values more evenly.",
)
@click.option(
    "--split-rate",
    default=0.0,
    show_default=True,
    help="Share of subwords that are split into two others, so that parts of words are learnt, too.",
)
@click.option("--save-steps", default=200, show_default=True, metavar="N", help="Steps between saves.")
@click.option(
    "--seed", default=1, show_default=True, metavar="N", help="Seed of the order of examples and of masks."
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw loss and AER: a .png, .svg or .pdf file.",
)
@method_options
@device_option
@click.option(
    "--dtype",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "float32", "bfloat16"]),
    help="Precision of the arithmetic; weights stay float32. auto: bfloat16 on devices that are fast at it.",
)
@progress_options
def train(
    init: str,
    sources: tuple[Path, ...],
    targets: tuple[Path, ...],
    links: tuple[Path, ...],
    source_languages: tuple[str, ...],
    target_languages: tuple[str, ...],
    dev: tuple[tuple[Path, Path, Path], ...],
    development_languages: tuple[tuple[str, str], ...],
    dev_one_based: bool | None,
    out: Path,
    resume: bool,
    objectives: tuple[str, ...],
    tuning: str,
    possible_weight: float,
    plot: Path | None,
    steps: int | None,
    rounds: int,
    lexicon_rounds: int,
    device: str,
    dtype: str,
    progress: str,
    **values: Any,
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
    if not len(sources) == len(targets) == (len(links) or len(sources)):
        counts = f"{len(sources)} --src, {len(targets)} --tgt and {len(links)} --links"
        raise click.UsageError(f"{counts}: give one of each per corpus")
    from xalign.device import choose_device, choose_dtype
    from xalign.train.adapt import adapt
    from xalign.train.corpus import CorpusFiles
    from xalign.train.learner import ObjectiveOptions
    from xalign.train.loop import TrainOptions
    from xalign.train.run import Plan, run

    spoken = list(
        zip(
            _one_each("--src-lang", source_languages, len(sources)),
            _one_each("--tgt-lang", target_languages, len(sources)),
            strict=True,
        )
    )
    method = {name: values.pop(name) for name in METHOD_OF_MODEL}
    asking = {name: values.pop(name) for name in _ASKING}
    plan = Plan(
        init=init,
        corpora=[
            CorpusFiles(source, target, linked, *languages)
            for source, target, linked, languages in zip(
                sources, targets, links or [None] * len(sources), spoken, strict=True
            )
        ],
        out=out,
        development=_development(dev, development_languages or [spoken[0]] * len(dev), dev_one_based),
        objectives=dict(map(_objective, objectives)) or {"guided": 1.0},
        tuning=tuning,
        possible_weight=possible_weight,
        asking=ObjectiveOptions(**asking),
        method=cast("Options", method),
        plot=plot,
    )
    adapting = not links and "guided" in plan.objectives
    place = choose_device(device)
    precision = str(choose_dtype(dtype, place)).removeprefix("torch.")
    usual_steps = 200 if adapting else 2_000
    options = TrainOptions(steps=usual_steps if steps is None else steps, dtype=precision, **values)
    with training_progress(progress, options.steps * (rounds if adapting else 1)) as watch:
        if adapting:
            adapt(plan, options, rounds, place, resume, *watch, lexicon_rounds)
        else:
            run(plan, options, place, resume, *watch)
    if progress != "none" and os.environ.get("RANK", "0") == "0":
        tell(f"The trained model is in {out}: xalign align --model {out}")


_ASKING = ("bootstrap", "mask_rate", "masked_sides", "label_layer", "label_extract")


def _one_each(option: str, values: Sequence[str], count: int) -> Sequence[str | None]:
    if len(values) not in (0, 1, count):
        raise click.UsageError(f"{len(values)} {option} for {count} --src: give one for all, or one for each")
    return values if len(values) == count else [*values, None][:1] * count


def _development(
    sets: Sequence[tuple[Path, Path, Path]],
    languages: Sequence[tuple[str | None, str | None]],
    one_based: bool | None,
) -> list[DevelopmentFiles]:
    from xalign.train.development import DevelopmentFiles

    if len(languages) != len(sets):
        raise click.UsageError(f"{len(languages)} --dev-lang for {len(sets)} --dev: give one for each")
    return [
        DevelopmentFiles(*files, *spoken, one_based) for files, spoken in zip(sets, languages, strict=True)
    ]


def _objective(text: str) -> tuple[str, float]:
    """Read NAME or NAME=WEIGHT."""
    name, equals, weight = text.partition("=")
    try:
        return name, float(weight) if equals else 1.0
    except ValueError:
        raise OptionError(f"--objective {text}: expected NAME or NAME=WEIGHT, such as so=0.5") from None


@contextmanager
def training_progress(
    progress: str, steps: int, every: float = EVERY
) -> Iterator[tuple[Callable[[Progress], None], Callable[[int], None]]]:
    """What to call with every report and with every step.

    Of several processes the first one shows progress; launchers number them in RANK.
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
            if not begun:  # a resumed run's first step is not made up of all before it
                watch.go_on_from(step - 1)
                begun = True
            watch.advance()

        yield report, stepped
