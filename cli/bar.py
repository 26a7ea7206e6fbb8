"""A progress bar on stderr: count, rate, time taken and time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from xalign.cli.watch import Watch


class RateColumn(ProgressColumn):
    """Items a second. A column of our own, so that the rate is computed when the bar is drawn, not at each item."""

    def render(self, task: Task) -> Text:
        if task.speed is None:
            return Text("-/s")
        return Text(f"{task.speed:,.0f}/s" if task.speed >= 10 else f"{task.speed:.1f}/s")


class Bar(Watch):
    """A bar that `rich` draws."""

    def __init__(self, progress: Progress, what: str, total: int | None) -> None:
        self._progress, self._what, self._total = progress, what, total
        self._task = progress.add_task(what, total=total)
        super().__init__()

    def advance(self, by: int = 1) -> None:
        super().advance(by)
        self._progress.update(self._task, advance=by, description=self.note or self._what)

    def go_on_from(self, done: int) -> None:
        super().go_on_from(done)
        self._progress.reset(self._task, total=self._total, completed=done)

    def say(self, text: str) -> None:
        self._progress.console.print(text, highlight=False)


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Bar]:
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bar(progress, what, total)
