"""The standard streams of the process: messages, closed or full streams, and a clean exit."""

from __future__ import annotations

import io
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NoReturn

import click

from xalign.errors import OptionError, XalignError, reason_of
from xalign.options import did_you_mean

_REMEMBERED = 1_000  # messages that are remembered in order not to repeat them


def tell(text: str) -> None:
    """Write a line to stderr; if that fails, the run goes on."""
    with suppress(OSError):
        click.echo(text, err=True)


def as_typed(text: str, options: Iterable[str], command: click.Command | None = None) -> str:
    """A message of the library with options spelled as on the command line, at the first place of each in the text.

    >>> as_typed("layer is 99: give another", ["layer"]), as_typed("give words='unicode'", ["words"])
    ('--layer is 99: give another', 'give --words unicode')
    """
    for name in options:
        found = re.search(rf"(?<![\w-]){name}(?:=(\([^)]*\)|'[^']*'))?(?![\w-])", text)
        if found is not None:
            text = text[: found.start()] + _typed(name, found[1], command) + text[found.end() :]
    return text


def _typed(name: str, value: str | None, command: click.Command | None) -> str:
    value = value and value.strip("()'").replace(" ", "")
    # The name of an option that may be repeated is a plural.
    known = [each for each in command.params if each.name in (name, f"{name}s")] if command else []
    for option in known:
        if value is not None and getattr(option, "flag_value", None) == value:
            return option.opts[0]
    flags = [flag for option in known for flag in option.opts if flag.startswith("--")]
    flag = flags[0] if flags else f"--{name.replace('_', '-')}"
    return flag if value is None else f"{flag} {value}"


class GuessingGroup(click.Group):
    """A group of commands that corrects a mistyped name: "did you mean"."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            guess = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(error.message.removesuffix(".") + (guess or "."), error.ctx) from None


class _Telling(logging.Handler):
    """Writes each message of the library as a line, and the same line only once."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = as_typed(record.getMessage(), getattr(record, "options", ()))
        if text in self._told:
            return
        if len(self._told) == _REMEMBERED:
            self._told.clear()
        self._told.add(text)
        tell(f"Warning: {text}" if record.levelno >= logging.WARNING else text)


@contextmanager
def telling() -> Iterator[None]:
    """Write the messages of the logger "xalign" to stderr: warnings, and with --verbose information."""
    logger, handler = logging.getLogger("xalign"), _Telling()
    level = logger.level
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def run_as_process(command: Callable[[], object]) -> NoReturn:
    """Call a command that ends in SystemExit, and exit with its status.

    If results cannot be written to standard output, every command fails, also for its help.
    """
    _open_closed_streams()
    status: Any = 0
    try:
        command()
    except SystemExit as end:
        status = end.code
    except XalignError as error:  # from output of click itself: help, version
        tell(f"Error: {error}")
        status = 2
    _end(status)


class _Output(io.FileIO):
    """Standard output that raises an OptionError if it cannot be written."""

    def write(self, data: Any) -> Any:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OptionError(f"standard output: cannot be written: {reason_of(error)}") from None


def _open_closed_streams() -> None:
    """Open files that fail in place of closed streams; messages on a closed stderr are dropped.

    Otherwise the next file to be opened would get the descriptor of a closed stream, and the output meant for the
    stream.
    """
    for descriptor, way in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            # It gets the lowest free descriptor, which is this one.
            os.set_inheritable(os.open(os.devnull, way), True)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(1, "wb", closefd=False)),
        encoding=sys.stdout.encoding if sys.stdout else "utf-8",
        errors=sys.stdout.errors if sys.stdout else "strict",
        line_buffering=sys.stdout is not None and sys.stdout.isatty(),
    )
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _is_stuck(stream: IO[str]) -> bool:
    """Whether it has text that cannot be written."""
    try:
        stream.flush()
    except (OSError, OptionError):
        return True
    return False


def _end(status: Any) -> NoReturn:
    for descriptor, stream in ((1, sys.stdout), (2, sys.stderr)):
        if _is_stuck(stream):  # the error was reported already, and Python would report it again
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
            _is_stuck(stream)
    if any(thread.name.startswith("xalign-") for thread in threading.enumerate()):
        # Python would stop these threads at any point, and inside a C++ library that aborts the process.
        os._exit(status if isinstance(status, int) else 0 if status is None else 1)
    sys.exit(status)
