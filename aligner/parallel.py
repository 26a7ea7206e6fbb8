"""Groups of tasks, run by several threads at once. The results of groups come in the order of the groups."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import torch

from .ahead import until_error

Group = TypeVar("Group")
Result = TypeVar("Result")


def run_groups(
    groups: Iterable[tuple[Group, Sequence[Callable[[], Result]]]], threads: int
) -> Iterator[tuple[Group, list[Result]]]:
    """Each group with the results of its tasks, while the tasks of the next group run.

    torch's own threads are divided among these threads. An error in `groups` is raised after the groups before it
    (a KeyboardInterrupt at once), an error of a task in place of its group.

    >>> list(run_groups([("a", [lambda: 1, lambda: 2]), ("b", [])], threads=2))
    [('a', [1, 2]), ('b', [])]
    """
    if threads == 1:
        for group, tasks in groups:
            yield group, [task() for task in tasks]
        return
    share = partial(torch.set_num_threads, max(1, torch.get_num_threads() // threads))
    begun: deque[tuple[Group, list[Future[Result]]]] = deque()
    failures: list[Exception] = []
    pool = ThreadPoolExecutor(threads, "xalign-worker", initializer=share)
    try:
        for group, tasks in until_error(groups, failures, Exception):
            begun.append((group, [pool.submit(task) for task in tasks]))
            if len(begun) > 1:
                yield _finished(*begun.popleft())
        while begun:
            yield _finished(*begun.popleft())
        if failures:
            raise failures[0]
    finally:
        # Without waiting: if this generator is not closed, the garbage collector may end it in one of these threads.
        pool.shutdown(wait=False, cancel_futures=True)


def _finished(group: Group, futures: Sequence[Future[Result]]) -> tuple[Group, list[Result]]:
    return group, [future.result() for future in futures]
