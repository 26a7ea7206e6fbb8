"""Signals that ask a run to stop: it ends between two pairs, and says how to go on."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C; kill, SLURM, systemd; a terminal that goes away


class Stopped(BaseException):
    """A signal asked the run to stop; `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Stopped by {signal.Signals(number).name}")
        self.number = number


class Stopping:
    """Lets a run stop while it waits for the next item, never while it writes one."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._waits = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        self._number = number
        if self._waits:
            self._waits = False
            raise Stopped(number)

    def between(self, items: Iterable[T]) -> Iterator[T]:
        """The items; raises `Stopped` before the next of them once a signal has come."""
        stream = iter(items)
        while True:
            self._waits = True
            if self._number is not None:
                raise Stopped(self._number)
            try:
                item = next(stream)
            except StopIteration:
                return
            finally:
                self._waits = False
            yield item


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Signals stop the run at its next item. Those that are ignored, as by nohup, stay so."""
    stop = Stopping()
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop.handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
