"""`xalign train`: parallel text, with links or without -> an encoder that aligns it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

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


@click.command()
@click.option(
    "--init", default="mini", show_default=True, help="Preset, folder or id of the checkpoint to start from."
)
@click.option(
    "--src", "sources", type=PATH, multiple=True, required=True, help="Source text; repeat for more corpora."
)
@click.option(
    "--tgt", "targets", type=PATH, multiple=True, required=True, help="Target text, as often as --src."
)
@click.option("--links", type=PATH, multiple=True, help="Pharaoh links, as often as --src.")
@click.option(
    "--src-lang",
    "source_languages",
    multiple=True,
    help="Language of the source, for X-MOD and XLM: once for all corpora, or once for each.",
)
@click.option("--tgt-lang", "target_languages", multiple=True, help="Language of the target, likewise.")
@click.option(
    "--dev",
    type=(PATH, PATH, PATH),
    multiple=True,
    metavar="SRC TGT GOLD",
    help="Measure AER on this set whenever the state is saved, and keep the best weights.",
)
@click.option(
    "--dev-lang",
    "development_languages",
    type=(str, str),
    multiple=True,
    metavar="SRC TGT",
    help="The languages of each --dev; by default those of the first corpus.",
)
@click.option(
    "--dev-one-based/--dev-zero-based",
    default=None,
    help="The number of the first word in the gold of --dev; by default what its format has.",
)
@click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write."
)
@click.option("--resume", is_flag=True, help="Go on from the state in --out.")
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    metavar="NAME[=WEIGHT]",
    help="What to learn (docs/training.md); repeat to mix. By default guided, by the links.",
)
@click.option(
    "--tune",
    "tuning",
    type=click.Choice(["all", "lora", "shared"]),
    default="all",
    show_default=True,
    help="All weights, low-rank additions to attention, or what X-MOD's languages share.",
)
@click.option(
    "--possible-weight",
    default=0.5,
    show_default=True,
    help="What a possible link weighs beside a sure one, 0 to 1.",
)
@click.option(
    "--bootstrap",
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="Of its own belief that the encoder counts into the links it is given: for links with errors, such as 0.5.",
)
@click.option(
    "--mask-rate", default=0.15, show_default=True, help="Share of subwords that mlm, tlm and dwa ask for."
)
@click.option(
    "--masked-sides",
    type=click.Choice(["both", "each"]),
    default="both",
    show_default=True,
    help="tlm and dwa: both sides masked at once, or each while the other is whole.",
)
@click.option(
    "--label-layer", type=int, help="Where dwa takes its links from; by default the layer compared."
)
@click.option(
    "--label-extract",
    type=OneOf(Extraction),
    default="xlm-align",
    show_default=True,
    help="How dwa reads its links off the similarity.",
)
@click.option(
    "--steps",
    type=int,
    help="Steps in all, the resumed ones counted in: by default 2000, or 200 in each round of --rounds.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="Where guided is to learn without --links: how often to make links and learn them.",
)
@click.option(
    "--lexicon-rounds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How much such links listen to the text; 5 for languages that the model does not know.",
)
@click.option("--batch-subwords", default=4_000, show_default=True, help="Padded subwords in a batch.")
@click.option("--accumulate", default=1, show_default=True, help="Batches in a step, of each process.")
@click.option(
    "--learning-rate",
    type=float,
    help="By default 5e-4; 2e-5 for encoders of more than 50 million weights, 2e-4 for their --tune lora.",
)
@click.option(
    "--optimizer",
    type=click.Choice(["adamw", "muon"]),
    default="adamw",
    show_default=True,
    help="muon learns faster from scratch; it needs torch 2.9.",
)
@click.option(
    "--muon-factor",
    default=20.0,
    show_default=True,
    help="Muon's rate over --learning-rate, which is AdamW's.",
)
@click.option("--warmup-steps", default=20, show_default=True, help="Steps over which the rate rises.")
@click.option(
    "--descent", default=0.4, show_default=True, help="Share of the steps over which the rate falls to 0."
)
@click.option(
    "--temperature", default=1.5, show_default=True, help="1 draws corpora by size, larger more evenly."
)
@click.option(
    "--split-rate",
    default=0.0,
    show_default=True,
    help="Share of subwords written as two others, in each of two passes: so parts of words are learnt too.",
)
@click.option("--save-steps", default=200, show_default=True, help="Steps between saves and measurements.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw loss and AER into this file."
)
@method_options
@device_option
@click.option(
    "--dtype",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "float32", "bfloat16"]),
    help="Precision of the arithmetic; weights stay float32. auto: bfloat16 where the device is built for it.",
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
    """Teach an encoder to align, from text with links or from text alone.

    \b
    xalign train --src my.de --tgt my.en --out runs/my
    xalign train --src a.de --tgt a.en --links a.align --dev d.de d.en d.align --out runs/de-en
    xalign align --model runs/my my.de my.en

    Without --links the model is adapted to the text: it makes links itself, counting in which words keep company in
    all of it, and learns them. The result is an ordinary checkpoint folder that carries its preset, so that --model
    needs no further option. The best weights by --dev are kept, without --dev the last. A run that was stopped goes on
    with --resume. Several GPUs: accelerate launch -m xalign.cli train ...
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
