"""Iterators that run ahead of their consumers, so that reading and tokenising overlap with computing."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from itertools import chain, islice
from queue import Full, Queue
from threading import Event, Thread, current_thread
from typing import TypeVar

from .errors import XalignError

T = TypeVar("T")
_POLL = 0.2  # seconds after which a waiting thread looks whether its consumer is gone


def run_ahead(items: Iterable[T], most: int = 2, wait: bool = False) -> Generator[T, None, None]:
    """The items in their order, at most `most` of them made before they are asked for.

    An error in `items` is raised where the item that it stands for would have come. A consumer that stops early ends
    the thread, and with `wait` waits for that: a process that ends while another thread computes is aborted.

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
    """The items, the first of them made now: what is wrong from the start is told before anything else is done."""
    return chain(list(islice(items, 1)), items)


def until_error(items: Iterable[T], errors: list[XalignError]) -> Iterator[T]:
    """The items; an error ends them, and waits in `errors` until all that is made of the items before it is done."""
    try:
        yield from items
    except XalignError as error:
        errors.append(error)
