"""Counts the items of a command, in silence or as a line of text. The bar is in bar.py."""

from __future__ import annotations

import time
from collections.abc import Callable

from xalign.cli.standard import tell


class Watch:
    """Counts finished items and shows nothing. `note`, such as a loss, is for subclasses to show."""

    def __init__(self) -> None:
        self.done = 0
        self.note = ""

    def advance(self, by: int = 1) -> None:
        self.done += by

    def go_on_from(self, done: int) -> None:
        """Start from the items of an earlier run, which do not count for rate and time left."""
        self.done = done

    def say(self, text: str) -> None:
        """Print a line that stays."""


class Lines(Watch):
    """Makes a plain line from time to time.

    >>> lines = Lines("pairs", lambda: 4_000, clock=iter([0.0, 60.0]).__next__)
    >>> lines.done = 3_000
    >>> lines.line()
    '3,000 of 4,000 pairs (75 %), 50/s, 20 s left'
    """

    def __init__(
        self, what: str, total: Callable[[], int | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._what, self._total, self._clock = what, total, clock
        self._known: list[int | None] = []  # the total, once it was computed
        self._since, self._before = clock(), 0

    def go_on_from(self, done: int) -> None:
        self.done = self._before = done

    def say(self, text: str) -> None:
        tell(text)

    def line(self) -> str:
        """Count, rate, time left, note."""
        if not self._known:
            self._known.append(self._total())
        [total] = self._known
        seconds = max(self._clock() - self._since, 1e-9)
        rate = (self.done - self._before) / seconds
        parts = [f"{self.done:,} {self._what}"]
        if total:
            parts = [f"{self.done:,} of {total:,} {self._what} ({100 * self.done // total} %)"]
        parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
        if total and rate:
            parts.append(f"{duration((total - self.done) / rate)} left")
        return ", ".join([*parts, *([self.note] if self.note else [])])

    def end(self) -> str:
        """Count and time taken."""
        return f"{self.done:,} {self._what} in {duration(self._clock() - self._since)}"


def duration(seconds: float) -> str:
    """
    >>> duration(42), duration(150), duration(11_000)
    ('42 s', '2 min 30 s', '3 h 3 min')
    """
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
