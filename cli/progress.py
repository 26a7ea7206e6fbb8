"""The progress of a command, on stderr: a bar on a terminal, a plain line every 30 seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TypeVar

from xalign.cli.standard import tell
from xalign.cli.watch import Lines, Watch

T = TypeVar("T")
MODES = ("auto", "bar", "lines", "none")
EVERY = 30.0  # seconds between plain lines


@contextmanager
def watching(
    what: str, total: Callable[[], int | None], progress: str = "auto", every: float = EVERY
) -> Iterator[Watch]:
    """Counts the items of a command and shows the count as `progress` says, one of `MODES`.

    `total` is called only if it is shown, since counting may take a while.
    """
    if progress == "auto":
        progress = "bar" if sys.stderr.isatty() else "lines"
    if progress == "bar":
        from xalign.cli.bar import bar

        with bar(what, total()) as watch:
            yield watch
    elif progress == "lines":
        lines = Lines(what, total)
        with _telling(lines, every):
            yield lines
    else:
        yield Watch()


@contextmanager
def _telling(lines: Lines, every: float) -> Iterator[None]:
    """A thread writes the lines, so that they also come while no item passes."""
    ended = Event()

    def tell_lines() -> None:
        while not ended.wait(every):
            tell(lines.line())

    thread = Thread(target=tell_lines, name="progress", daemon=True)
    started = time.monotonic()
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if time.monotonic() - started >= every:
        tell(lines.end())


def track(
    items: Iterable[T],
    what: str,
    total: Callable[[], int | None],
    progress: str = "auto",
    every: float = EVERY,
) -> Generator[T]:
    """The items, counted on stderr as they pass, with rate, and time left if the total is known."""
    with watching(what, total, progress, every) as watch:
        for item in items:
            yield item
            watch.advance()
