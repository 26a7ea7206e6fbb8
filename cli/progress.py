"""How far a command has come: a bar on stderr where a person is watching, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from xalign.files import STANDARD

T = TypeVar("T")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


def track(items: Iterable[T], what: str, total: int | None, quiet: bool) -> Iterator[T]:
    """The items, counted on stderr as they pass: rate, and time left where the total is known."""
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, rate="-")
        for item in items:
            yield item
            progress.advance(task)
            speed = progress.tasks[0].speed
            if speed:
                progress.update(task, rate=f"{speed:,.0f}")


def count_lines(path: Path) -> int | None:
    """The number of lines of a plain file; None where counting would mean waiting, or reading twice what comes once."""
    if str(path) == STANDARD or path.suffix in _COMPRESSED or not path.is_file():
        return None
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
