"""Options that several commands share, and the aligner that they describe."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xalign.cli.progress import MODES
from xalign.files import LONGEST_LINE
from xalign.models import DEFAULT, ENCODINGS, EXTRACTIONS, LEVELS, PUNCTUATION, SIMILARITIES
from xalign.symmetrize import SYMMETRIZERS

if TYPE_CHECKING:
    from xalign.aligner import Aligner

Command = TypeVar("Command", bound=Callable[..., Any])

device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps."
)


def dtype_option(
    default: str = "auto",
    help: str = "auto: bfloat16 where the device is built for it, float32 elsewhere.",
) -> Callable[[Command], Command]:
    choice = click.Choice(["auto", "float32", "bfloat16", "float16"])
    return click.option("--dtype", type=choice, default=default, show_default=True, help=help)


line_option = click.option(
    "--longest-line",
    type=click.IntRange(min=1),
    default=LONGEST_LINE,
    show_default=True,
    metavar="BYTES",
    help="A longer line of text counts as empty, with a warning.",
)
trust_option = click.option(
    "--trust-remote-code",
    is_flag=True,
    help="Run the Python code that a checkpoint brings, with all that you may do; else such a checkpoint is refused.",
)

_METHOD_OPTIONS = (
    click.option("--layer", type=int, help="Hidden states to compare: 0 = embeddings, n = after block n."),
    click.option(
        "--encode", type=click.Choice(ENCODINGS), help="Both sides in one sequence, or each on its own."
    ),
    click.option("--similarity", type=click.Choice(SIMILARITIES)),
    click.option("--extract", type=click.Choice(EXTRACTIONS), help="How links are read off the similarity."),
    click.option("--threshold", type=float, help="A link's score must lie above it (docs/methods.md)."),
    click.option(
        "--level", type=click.Choice(LEVELS), help="Compare subwords, or words as the mean of theirs."
    ),
    click.option(
        "--punctuation", type=click.Choice(PUNCTUATION), help="Linked to any word, or to punctuation alone."
    ),
)

_MODEL_HELP = "Preset, folder, archive or hub id (xalign models)."
_ALIGNING_OPTIONS = (
    *_METHOD_OPTIONS,
    click.option(
        "--symmetrize", type=click.Choice(list(SYMMETRIZERS)), help="Combine the two directions by this rule."
    ),
    click.option(
        "--distortion",
        type=float,
        default=0.0,
        help="Argmax: distrust of links far from the diagonal, 0 to 1.",
    ),
    click.option(
        "--lexicon",
        is_flag=True,
        help="Count in which words keep company, in 10,000 pairs at a time: for texts that come back to their words.",
    ),
    click.option(
        "--src-lang",
        "source_language",
        help="Language of the source: de, or de_DE. X-MOD and XLM read text by it, others leave it.",
    ),
    click.option("--tgt-lang", "target_language", help="Language of the target."),
    click.option(
        "--batch-tokens",
        type=click.IntRange(min=1),
        help="Padded subwords in a batch; fits the device by default.",
    ),
    device_option,
    trust_option,
)


def progress_options(command: Command) -> Command:
    """--progress with its short form -q, and -v; the command takes `progress`, one of `MODES`."""
    for option in reversed(_PROGRESS_OPTIONS):
        command = option(command)
    return command


def _note_quiet(ctx: click.Context, _: click.Parameter, quiet: bool) -> None:
    ctx.meta[_QUIET] = quiet


def _mode(ctx: click.Context, _: click.Parameter, progress: str) -> str:
    return "none" if ctx.meta.get(_QUIET) else progress


def _be_verbose(_: click.Context, __: click.Parameter, verbose: bool) -> None:
    if verbose:
        logging.getLogger("xalign").setLevel(logging.INFO)


_QUIET = "xalign.quiet"
_PROGRESS_OPTIONS = (
    click.option(
        "--progress",
        type=click.Choice(MODES),
        default="auto",
        show_default=True,
        callback=_mode,
        help="Progress on stderr: a bar, or a plain line every 30 seconds. auto: a bar on a terminal, lines elsewhere.",
    ),
    click.option(  # eager, so that --progress knows of it
        *("--quiet", "-q"),
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_note_quiet,
        help="The same as --progress none.",
    ),
    click.option(
        *("--verbose", "-v"),
        is_flag=True,
        expose_value=False,
        callback=_be_verbose,
        help="Say on stderr what happens: the model and device used, long sentences, pairs that are left out.",
    ),
)


def method_options(command: Command) -> Command:
    """What a trained model is to compare, and how links are read off that."""
    return _with(command, *_METHOD_OPTIONS)


def model_options(command: Command) -> Command:
    """Everything that says which model aligns, and how; `aligner_from` takes the values."""
    model = click.option("--model", default=DEFAULT, show_default=True, help=_MODEL_HELP)
    return _with(command, model, *_ALIGNING_OPTIONS, dtype_option())


def models_options(command: Command) -> Command:
    """The same for scores: several models, and a precision that does not depend on the processor."""
    model = click.option(
        "--model",
        multiple=True,
        default=[DEFAULT],
        show_default=True,
        help=f"{_MODEL_HELP} Give it several times to compare models.",
    )
    return _with(command, model, *_ALIGNING_OPTIONS, dtype_option("float32"))


def _with(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def aligner_from(options: dict[str, Any], all_layers: bool = True) -> Aligner:
    """The aligner that the values of `model_options` describe; imports torch."""
    from xalign.aligner import Aligner

    return Aligner.load(**options, all_layers=all_layers)
