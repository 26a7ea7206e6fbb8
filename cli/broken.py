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
from xalign.cli.job import write_all
from xalign.cli.options import WRITTEN
from xalign.cli.part import Part
from xalign.errors import LineError, LongLine
from xalign.files import is_replaced, telling_failures, writing
from xalign.files.compression import open_as
from xalign.json_line import json_line

STOP, EMPTY = "stop", "empty"
GOING_ON = "--on-error empty writes an empty line for such lines"
logger = logging.getLogger("xalign")


class BrokenLines:
    """Decides about broken lines: with `stop` they end the run, with `empty` they count as empty.

    A line that is too long always counts as empty. All of them are listed in the report, except lines outside the part.
    """

    def __init__(self, policy: str, part: Part, report: IO[bytes] | None, path: Path | None) -> None:
        self.count = 0
        self._policy, self._part, self._report, self._path = policy, part, report, path

    def __call__(self, error: LineError) -> None:
        """Raise the error if the line ends the run."""
        if not self._part.has(error.line):
            return
        self.count += 1
        if self._report is not None:
            fields = {"file": error.file, "line": error.line, "error": error.reason}
            with telling_failures(self._path or ""):
                # Without a buffer, which would fail again when it is closed.
                write_all(getattr(self._report, "raw", self._report), json_line(fields).encode())
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
        "--report", type=WRITTEN, metavar="FILE", help="List the lines that cannot be read, as JSON lines."
    )

    @contextmanager
    def for_lines_of(self, part: Part) -> Iterator[BrokenLines]:
        """Decides about the broken lines of a part. If the run succeeds, a warning counts them."""
        with _reporting(self.report) as file:
            broken = BrokenLines(self.on_error, part, file, self.report)
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
def _reporting(path: Path | None) -> Iterator[IO[bytes] | None]:
    """The report, compressed by its suffix. A file has its name at once, since it is of use if the run fails."""
    if path is None:
        yield None
        return
    with telling_failures(path):
        opened = open_as(path.suffix, path, "wb") if is_replaced(path) else writing(path)
    with telling_failures(path), opened as file:
        yield file
