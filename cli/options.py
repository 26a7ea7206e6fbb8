"""Options that several commands share, and the aligner that they describe."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xalign.cli.groups import gathered
from xalign.cli.progress import MODES
from xalign.cli.values import MODEL
from xalign.files import LONGEST_LINE, STANDARD
from xalign.files.addresses import is_address
from xalign.input_shape import InputShape
from xalign.method import Method
from xalign.models import DEFAULT
from xalign.models.preset import RunOptions
from xalign.options import Choice, Parameter, chosen, parameters

if TYPE_CHECKING:
    from xalign.aligner import Aligner

Command = TypeVar("Command", bound=Callable[..., Any])
READ = click.Path(allow_dash=True, path_type=Path)  # whether it exists is checked when it is read
# A file that is there may be write-only.
WRITTEN = click.Path(allow_dash=True, path_type=Path, readable=False)
FOLDER = click.Path(file_okay=False, path_type=Path)


class _Place(click.Path):
    """A path, or an address such as s3://bucket/name, which stays a text."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if is_address(value) else super().convert(value, param, ctx)


PLACE = _Place(allow_dash=True, path_type=Path)

output_option = click.option(
    "--output",
    "-o",
    type=WRITTEN,
    default=STANDARD,
    help="File to write; a suffix such as .gz compresses it.",
)

device_option = click.option(
    "--device", metavar="NAME", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps."
)


FLOATING = "float32", "bfloat16", "float16"


def dtype_option(
    default: str = "auto",
    dtypes: Sequence[str] = (*FLOATING, "int8"),
    help: str = "Precision of the arithmetic. auto: bfloat16 on devices that are fast at it, float32 on others. "
    "int8: faster still on many processors, with a few other links (docs/methods.md).",
) -> Callable[[Command], Command]:
    return click.option(
        "--dtype", type=click.Choice(["auto", *dtypes]), default=default, show_default=True, help=help
    )


line_option = click.option(
    "--longest-line",
    type=click.IntRange(min=1),
    default=LONGEST_LINE,
    show_default=True,
    metavar="BYTES",
    help="Longer lines of text count as empty, with a warning.",
)
trust_option = click.option(
    "--trust-remote-code",
    is_flag=True,
    help="Allow a checkpoint to run its own Python code with your rights. Without this, such a checkpoint is refused.",
)


def base_option(prefix: str, whose: str) -> Callable[[Command], Command]:
    """Whether some file counts words from 1; the command takes `PREFIXone_based`, None for what is usual.

    `whose`: the subject and verb of the help, such as "the gold counts".
    """
    return click.option(
        f"--{prefix}one-based/--{prefix}zero-based",
        default=None,
        help=f"Whether {whose} words from 1 or 0; by default what is usual for the format.",
    )


class OneOf(click.Choice):  # type: ignore[type-arg]
    """The values of an option of the library, with its message for any other."""

    def __init__(self, choices: type[Choice]) -> None:
        super().__init__([each.value for each in choices])
        self._choices = choices

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return chosen(str(param and param.name), value, self._choices)


_FLAGS = {"source_language": "--src-lang", "target_language": "--tgt-lang"}
LANGUAGES = tuple(_FLAGS)  # text is split by them, too, where no model aligns it
_METHOD = (*parameters(InputShape).values(), *parameters(Method).values())


_OF_TEXT = ("symmetrize", "distortion", "lexicon")  # options that describe a text rather than a model


def _option(parameter: Parameter, default: Any = None) -> Callable[[Command], Command]:
    """The option of the command line for an option of the library; a default that is not None is shown."""
    flag = _FLAGS.get(parameter.name, f"--{parameter.name.replace('_', '-')}")
    option = parameter.option
    if option.flag:
        return click.option(flag, parameter.name, is_flag=True, default=None, help=option.help)
    kind: Any = parameter.kind
    metavar = {int: "N", float: "X", str: "CODE"}.get(kind)
    if issubclass(kind, Choice):
        kind = OneOf(kind)
    elif option.bounds:
        low, high = (
            close if far is None else far
            for close, far in ((option.least, option.above), (option.most, option.below))
        )
        ranges = click.IntRange if kind is int else click.FloatRange
        kind = ranges(low, high, min_open=option.above is not None, max_open=option.below is not None)
    return click.option(
        flag,
        parameter.name,
        type=kind,
        metavar=metavar,
        help=option.help,
        default=default.value if isinstance(default, Choice) else default,
        show_default=default is not None,
    )


_MODEL_HELP = "A preset (see xalign models), a folder, a fairseq archive, or owner/name of the hub."
_ALIGNING_OPTIONS = (
    *(_option(each) for each in (*_METHOD, *parameters(RunOptions).values()) if each.option.help),
    device_option,
    trust_option,
)


def progress_options(command: Command) -> Command:
    """--progress with its short form -q, and -v; the command takes `progress`, one of `MODES`."""
    return with_options(command, *_PROGRESS_OPTIONS)


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
        help="No progress and no summary; warnings remain. The same as --progress none.",
    ),
    click.option(
        *("--verbose", "-v"),
        is_flag=True,
        expose_value=False,
        callback=_be_verbose,
        help="Say more on stderr: the model and device used, long sentences, pairs that are left out.",
    ),
)


def method_options(name: str) -> Callable[[Command], Command]:
    """How a trained model aligns; the command takes a dict of the values as `name`."""
    chosen = (each for each in _METHOD if each.option.help and each.name not in _OF_TEXT)
    return gathered(((each.name, _option(each)) for each in chosen), name)


def library_options(kind: Any, name: str) -> Callable[[Command], Command]:
    """The options of a dataclass of the library that have a help; the command takes a dict of the values as `name`."""
    defaults = {each.name: each.default for each in fields(kind)}
    known = (each for each in parameters(kind).values() if each.option.help)
    return gathered(((each.name, _option(each, defaults[each.name])) for each in known), name)


def model_options(command: Command) -> Command:
    """All options that say which model aligns, and how; `aligner_from` takes the values."""
    model = click.option("--model", type=MODEL, default=DEFAULT, show_default=True, help=_MODEL_HELP)
    return with_options(command, model, *_ALIGNING_OPTIONS, dtype_option())


def models_options(command: Command) -> Command:
    """The same for scoring: several models, and a precision that does not depend on the processor."""
    model = click.option(
        "--model",
        type=MODEL,
        multiple=True,
        default=[DEFAULT],
        show_default=True,
        help=f"{_MODEL_HELP} Repeat it to compare models.",
    )
    return with_options(command, model, *_ALIGNING_OPTIONS, dtype_option("float32"))


def with_options(command: Command, *options: Callable[[Command], Command]) -> Command:
    """The command with these options, in their order."""
    for option in reversed(options):
        command = option(command)
    return command


def aligner_from(options: dict[str, Any], all_layers: bool = True) -> Aligner:
    """The aligner that the values of `model_options` describe; imports torch."""
    from xalign.aligner import Aligner

    return Aligner.load(**options, all_layers=all_layers)
