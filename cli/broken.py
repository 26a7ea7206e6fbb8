"""Broken lines of a text: whether they end a run, and the report that lists them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from xalign.errors import LineError, LongLine, OptionError

STOP, EMPTY = "stop", "empty"
logger = logging.getLogger("xalign")


class BrokenLines:
    """What is done about the broken lines from `first` to `last`, counted from 1; others count as empty in silence.

    A line that is too long counts as empty always.
    """

    def __init__(self, policy: str, first: int, last: float, report: IO[str] | None) -> None:
        self.count = 0
        self._policy, self._first, self._last, self._report = policy, first, last, report

    def __call__(self, error: LineError) -> None:
        """Raises the error if the line ends the run."""
        if not self._first <= error.line <= self._last:
            return
        self.count += 1
        if self._report is not None:
            fields = {"file": error.file, "line": error.line, "error": error.reason}
            self._report.write(json.dumps(fields, ensure_ascii=False) + "\n")
            self._report.flush()
        if isinstance(error, LongLine):
            logger.warning("%s: it counts as empty; --longest-line allows more", error)
        elif self._policy == STOP:
            raise error
        elif self.count == 1:
            logger.warning("%s; this line counts as empty, and so will every other broken line", error)


@contextmanager
def reporting(path: Path | None) -> Iterator[IO[str] | None]:
    """The file of the report, written as lines come.

    Raises:
        OptionError: it cannot be written.
    """
    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise OptionError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    with file:
        yield file
