"""`xalign train`: parallel text and links -> an encoder that aligns them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xalign.cli.options import device_option, quiet_option

if TYPE_CHECKING:
    from xalign.train.loop import Progress

PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


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
@click.option("--links", type=PATH, multiple=True, required=True, help="Pharaoh links, as often as --src.")
@click.option(
    "--dev", type=(PATH, PATH, PATH), multiple=True, metavar="SRC TGT GOLD", help="Measure AER on this set."
)
@click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write."
)
@click.option("--resume", is_flag=True, help="Go on from the state in --out.")
@click.option("--steps", default=2_000, show_default=True, help="Steps in all, the resumed ones counted in.")
@click.option("--batch-subwords", default=6_000, show_default=True, help="Padded subwords in a step.")
@click.option("--learning-rate", default=5e-4, show_default=True)
@click.option(
    "--descent", default=0.4, show_default=True, help="Share of the steps over which the rate falls to 0."
)
@click.option(
    "--temperature", default=1.5, show_default=True, help="1 draws corpora by size, larger more evenly."
)
@click.option("--save-steps", default=200, show_default=True, help="Steps between saves and measurements.")
@click.option("--seed", default=1, show_default=True)
@device_option
@click.option(
    "--dtype",
    default="float32",
    show_default=True,
    type=click.Choice(["float32", "bfloat16", "float16"]),
    help="Precision of the arithmetic; weights stay float32.",
)
@quiet_option
def train(
    init: str,
    sources: tuple[Path, ...],
    targets: tuple[Path, ...],
    links: tuple[Path, ...],
    dev: tuple[tuple[Path, Path, Path], ...],
    out: Path,
    resume: bool,
    device: str,
    quiet: bool,
    **schedule: int | float | str,
) -> None:
    """Teach an encoder to align from text with links.

    \b
    xalign train --src a.de --tgt a.en --links a.align --out runs/de-en
    xalign align --model runs/de-en test.de test.en

    The links may come from any aligner, xalign's own included; the result is an ordinary checkpoint folder that
    carries its preset, so that --model needs no further option. The best weights by --dev are kept, without --dev the
    last. A run that was stopped goes on with --resume.
    """
    if not len(sources) == len(targets) == len(links):
        counts = f"{len(sources)} --src, {len(targets)} --tgt and {len(links)} --links"
        raise click.UsageError(f"{counts}: give one of each per corpus")
    from xalign.device import choose_device
    from xalign.train.corpus import CorpusFiles
    from xalign.train.development import DevelopmentFiles
    from xalign.train.loop import TrainOptions
    from xalign.train.run import run

    run(
        init,
        [CorpusFiles(*files) for files in zip(sources, targets, links, strict=True)],
        [DevelopmentFiles(*files) for files in dev],
        out,
        TrainOptions(**schedule),  # type: ignore[arg-type]
        device=choose_device(device),
        resume=resume,
        report=_reporter(quiet),
    )


def _reporter(quiet: bool) -> Callable[[Progress], None]:
    """A line per report on stderr, where a person is watching."""
    if quiet or not sys.stderr.isatty():
        return lambda progress: None

    def report(progress: Progress) -> None:
        left = (progress.steps - progress.step) * progress.seconds_per_step / 60
        scores = "".join(f"  {name} {aer:.1f}" for name, aer in (progress.scores or {}).items())
        click.echo(
            f"step {progress.step}/{progress.steps}  loss {progress.loss:.3f}  "
            f"{progress.subwords_per_second:,.0f} subwords/s  {left:.0f} min left{scores}",
            err=True,
        )

    return report
