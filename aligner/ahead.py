"""Iterators that run ahead of their consumers, so that reading and tokenising overlap with computing."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from itertools import chain, islice
from queue import Full, Queue
from threading import Event, Thread, current_thread
from typing import TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=Exception)
_POLL = 0.2  # seconds after which a waiting thread checks whether its consumer has stopped


def run_ahead(items: Iterable[T], most: int = 2, wait: bool = False) -> Generator[T, None, None]:
    """The items in their order, computed by a thread, at most `most` of them before they are needed.

    An error in `items` is raised in place of the item. A consumer that stops early ends the thread. With `wait` it
    waits until the thread has ended: a process that exits while another thread computes is aborted.

    >>> list(run_ahead(range(3)))
    [0, 1, 2]
    """
    waiting: Queue[tuple[list[T], BaseException | None]] = Queue(maxsize=most)
    stopped = Event()

    def put(item: tuple[list[T], BaseException | None]) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=_POLL)
                return
            except Full:
                continue

    def produce() -> None:
        try:
            for item in items:
                put(([item], None))
                if stopped.is_set():
                    return
        except BaseException as error:
            put(([], error))
        else:
            put(([], None))

    thread = Thread(target=produce, name="xalign-ahead", daemon=True)
    thread.start()
    try:
        while True:
            found, error = waiting.get()
            if error is not None:
                raise error
            if not found:
                return
            yield found[0]
    finally:
        stopped.set()
        if wait and thread is not current_thread():
            thread.join()


def begun(items: Iterator[T]) -> Iterator[T]:
    """The items, the first one computed now, so that an error at the very start is raised before anything else."""
    return chain(list(islice(items, 1)), items)


def until_error(items: Iterable[T], errors: list[E], kind: type[E]) -> Iterator[T]:
    """The items up to an error of this kind, which goes to `errors`, to be raised when those items are processed.

    `kind` is Exception or a kind of it, since a KeyboardInterrupt must not wait for those items.
    """
    try:
        yield from items
    except kind as error:
        errors.append(error)
