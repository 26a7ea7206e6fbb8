"""Broken lines of a text: whether they end a run, and the report that lists them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from xalign.cli.groups import option
from xalign.cli.options import PATH
from xalign.cli.part import Part
from xalign.errors import LineError, LongLine, OptionError, reason_of
from xalign.json_line import json_line

STOP, EMPTY = "stop", "empty"
GOING_ON = "--on-error empty writes an empty line for such lines"
logger = logging.getLogger("xalign")


class BrokenLines:
    """Decides about broken lines: with `stop` they end the run, with `empty` they count as empty.

    A line that is too long always counts as empty. All of them are listed in the report, except lines outside the part.
    """

    def __init__(self, policy: str, part: Part, report: IO[str] | None) -> None:
        self.count = 0
        self._policy, self._part, self._report = policy, part, report

    def __call__(self, error: LineError) -> None:
        """Raise the error if the line ends the run."""
        if not self._part.has(error.line):
            return
        self.count += 1
        if self._report is not None:
            fields = {"file": error.file, "line": error.line, "error": error.reason}
            self._report.write(json_line(fields))
            self._report.flush()
        if isinstance(error, LongLine):
            logger.warning("%s: it counts as empty; --longest-line allows more", error)
        elif self._policy == STOP:
            error.args = (f"{error}; {GOING_ON}",)
            raise error


@dataclass(frozen=True)
class OnError:
    """The options that decide about broken lines."""

    on_error: str = option(
        "--on-error",
        type=click.Choice([STOP, EMPTY]),
        default=STOP,
        show_default=True,
        help="If a line cannot be read: end the run after the lines before it, or write an empty line for it.",
    )
    report: Path | None = option(
        "--report", type=PATH, metavar="FILE", help="List the lines that cannot be read, as JSON lines."
    )

    @contextmanager
    def for_lines_of(self, part: Part) -> Iterator[BrokenLines]:
        """Decides about the broken lines of a part. If the run succeeds, a warning counts them."""
        with _reporting(self.report) as file:
            broken = BrokenLines(self.on_error, part, file)
            yield broken
        if broken.count:
            lines = (
                "1 line that cannot be read counts"
                if broken.count == 1
                else f"{broken.count:,} lines that cannot be read count"
            )
            where = "--report FILE lists such lines" if self.report is None else f"listed in {self.report}"
            logger.warning("%s as empty: %s", lines, where)


@contextmanager
def _reporting(path: Path | None) -> Iterator[IO[str] | None]:
    """The report, which is written line by line."""
    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise OptionError(f"{path}: cannot be written: {reason_of(error)}") from None
    with file:
        yield file
