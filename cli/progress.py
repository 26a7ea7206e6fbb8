"""How far a command has come: a bar on stderr where a person is watching, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TypeVar

from xalign.compression import COMPRESSED
from xalign.files import STANDARD

T = TypeVar("T")


def track(items: Iterable[T], what: str, total: Callable[[], int | None], quiet: bool) -> Generator[T]:
    """The items, counted on stderr as they pass: rate, and time left where the total is known.

    `total` is asked only where there is a bar, since finding it out may take a while.
    """
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    from xalign.cli.bar import bar

    with bar() as progress:
        task = progress.add_task(what, total=total())
        for item in items:
            yield item
            progress.advance(task)


def count_lines(path: Path) -> int | None:
    """The number of lines of a plain file; None where counting would take long, or take the lines away."""
    if str(path) == STANDARD or path.suffix in COMPRESSED or not path.is_file():
        return None
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
