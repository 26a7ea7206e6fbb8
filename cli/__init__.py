"""The `xalign` command: a thin coat over the library, one file per command, imported when it is called."""

from __future__ import annotations

import importlib
import platform
from functools import partial
from importlib.metadata import version
from typing import Any

import click

from xalign.cli.standard import GuessingGroup, as_typed, run_as_process, tell, telling
from xalign.errors import XalignError
from xalign.version import VERSION

# command -> (module that holds a click command of that name, its one line in `xalign --help`).
# The line stands here so that the list of commands needs no import of any of them.
COMMANDS = {
    "align": ("xalign.cli.align", "Align the words of parallel sentences."),
    "convert": ("xalign.cli.convert", "Write links in another format."),
    "encode": ("xalign.cli.encode", "Write an encoder's hidden states to a file."),
    "eval": ("xalign.cli.eval", "Score alignments against gold: precision, recall, F1, AER."),
    "lexicon": ("xalign.cli.lexicon", "Write lexical translation tables from links."),
    "models": ("xalign.cli.models", "List the presets; show, verify or export a model."),
    "project": ("xalign.cli.project", "Carry tags, labels and markup over to a translation."),
    "show": ("xalign.cli.show", "Draw links: in the terminal, on a web page, as a figure."),
    "symmetrize": ("xalign.cli.symmetrize", "Combine two files of directed links."),
    "testsets": ("xalign.cli.testsets", "List the public gold sets; check a download."),
    "train": ("xalign.cli.train", "Train a model to align, with links or from text alone."),
}


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


class _Failure(click.ClickException):
    """One line on stderr, and click's exit status for bad usage."""

    exit_code = 2


class XalignGroup(GuessingGroup):
    """Imports a command's module when that command is asked for; errors become one line and exit status 2."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        run_as_process(partial(self.main, *args, **kwargs))

    def invoke(self, ctx: click.Context) -> object:
        try:
            with telling():
                return super().invoke(ctx)
        except XalignError as error:
            command = self.get_command(ctx, ctx.invoked_subcommand or "")
            text = "; ".join([as_typed(str(error), error.options, command), *_notes(error)])
            raise _Failure(" ".join(text.split())) from error
        except KeyboardInterrupt as interrupt:
            for note in _notes(interrupt):
                tell(note)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _tell_versions(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print the version, and those of what computes, without importing any of it."""
    if asked:
        libraries = (f"{name} {version(name)}" for name in ("torch", "transformers"))
        click.echo(f"xalign, version {VERSION}")
        click.echo(f"{', '.join(libraries)}, Python {platform.python_version()}")
        ctx.exit()


@click.group(cls=XalignGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    *("--version", "-V"),
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_versions,
    help="Show the versions of xalign, torch, transformers and Python.",
)
def main() -> None:
    """Find which words translate which in parallel sentences.

    \b
    Examples:
      echo 'Das Haus ist klein. ||| The house is small.' | xalign align --words unicode --format words
      xalign show test.de test.en --html page.html
    """
