"""`xalign models`: list the presets, show one, verify a download, export a model."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from xalign.cli.options import FOLDER
from xalign.cli.standard import GuessingGroup
from xalign.cli.values import MODEL
from xalign.errors import ModelError
from xalign.models import BUNDLED, is_cached, resolve, verify
from xalign.models.hub import checkpoint_folder
from xalign.models.preset import Preset
from xalign.models.published import BY_ANALOGY, PRESETS
from xalign.options import parameters

_HEADINGS = ("name", "checkpoint", "layer", "method", "languages", "cached")
_MANY = 6
_WIDTH = 100  # of what `show` prints


@click.group(cls=GuessingGroup, invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List the presets: name, checkpoint, layer, method, languages, and whether it is on this machine.

    \b
    Examples:
      xalign models
      xalign models show mini
      xalign models verify xlm-align ~/downloads/xlm-align
      xalign models export small my/small

    Each name can be given to --model. So can NAME=PLACE, which takes the checkpoint from a folder or from an original
    fairseq archive. The default is small. Any other folder or hub id (owner/name, owner/name@revision) works with
    --layer, or without it if it has an xalign.json. A layer with a question mark was chosen by analogy with similar
    models: nobody has published which one aligns best.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_command)


@models.command("list")
def list_command() -> None:
    """List the presets. This is what xalign models does without a command.

    \b
    Examples:
      xalign models list
    """
    rows = [_HEADINGS, *(_row(preset) for preset in (*map(resolve, BUNDLED), *PRESETS.values()))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(preset: Preset) -> tuple[str, ...]:
    bundled = preset.name in BUNDLED
    languages, layer = preset.about.languages, preset.method.layer
    return (
        preset.name,
        "(bundled)" if bundled else preset.checkpoint.place,
        ("" if layer is None else str(layer)) + ("?" if preset.name in BY_ANALOGY else ""),
        _method(preset),
        " ".join(languages) if len(languages) <= _MANY else str(len(languages)),
        "yes" if bundled or is_cached(preset) else "no",
    )


def _method(preset: Preset) -> str:
    method = preset.method
    threshold = "" if method.threshold is None else f" > {method.threshold:g}"
    return f"{preset.input.encode}, {method.similarity}, {method.extract}{threshold}"


@models.command("show")
@click.argument("model", metavar="NAME", type=MODEL)
def show_command(model: str) -> None:
    """Print everything that is known about a preset, a folder or a hub id.

    \b
    Examples:
      xalign models show mini
    """
    preset = resolve(model)
    values = {
        name: _shown(getattr(part, name))
        for part in (preset.about, preset.checkpoint, preset.input, preset.method)
        for name in parameters(type(part))
    }
    extract = preset.method.extract
    if preset.method.threshold is None and extract.threshold is not None:
        values["threshold"] = f"{extract.threshold:g}, that of {extract}"
    width = max(map(len, values)) + 2
    for name, text in {"name": preset.name, **values, "cached": _shown(is_cached(preset))}.items():
        folded = textwrap.wrap(text, _WIDTH - width, break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(folded or ["-"]):
            click.echo(f"{'' if number else name:{width}}{line}")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, dict)):
        return f"{len(value)}: {' '.join(value)}" if value else ""
    return "" if value is None else str(value)


@models.command("verify")
@click.argument(
    "name", type=click.Choice([name for name, preset in PRESETS.items() if preset.checkpoint.checksums])
)
@click.argument("path", type=FOLDER)
def verify_command(name: str, path: Path) -> None:
    """Compare the MD5 sums of the files in PATH with those published for the checkpoint NAME.

    \b
    Examples:
      xalign models verify xlm-align ~/downloads/xlm-align
    """
    verdicts = verify(PRESETS[name], path)
    for file, is_published in verdicts.items():
        click.echo(f"{path / file}: {'as published' if is_published else 'DIFFERS'}")
    if wrong := [file for file, is_published in verdicts.items() if not is_published]:
        raise ModelError(f"{path}: not the published {name} ({', '.join(wrong)}); download it again")


@models.command("export")
@click.argument("name", type=MODEL)
@click.argument("folder", type=FOLDER)
def export_command(name: str, folder: Path) -> None:
    """Write the model NAME to FOLDER as a float32 checkpoint that transformers reads.

    \b
    Examples:
      xalign models export small my/small
      xalign align --model my/small a.de a.en

    It gives the same links as NAME. FOLDER must be new or empty.
    """
    from xalign.calibration import Calibration
    from xalign.export import export

    preset = resolve(name)
    calibration = Calibration.beside(checkpoint_folder(preset.checkpoint.place))
    export(preset, folder, calibration=calibration)
    layer = preset.method.layer
    told = "without a layer of its own: give --layer to align with it" if layer is None else f"layer {layer}"
    click.echo(f"{folder}: {preset.name}, {told}")
