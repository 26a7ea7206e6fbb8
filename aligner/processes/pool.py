"""Several processes with an aligner each, on cores or on devices: sentence pairs -> alignments, in their order.

This process reads the text, cuts it into the same blocks as a single aligner, and hands each block to a worker process
that is free. So the links do not depend on the number of workers. The steps that follow the blocks (a lexicon, copied
words) run in this process, by the same code as in `Aligner`. The workers are processes and not threads, because only
one thread of a process can run Python code at a time.
"""

from __future__ import annotations

import logging
import os
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Queue, SimpleQueue
from threading import Semaphore, Thread
from typing import Any, Self

from ..ahead import run_ahead, until_error
from ..blocks import blocks, taken_with
from ..errors import OptionError, WorkerError, XalignError
from ..linking import aligned
from ..links import Alignment
from ..models import DEFAULT, lasting_name
from ..models.preset import Options
from ..options import with_keywords
from ..text.pairs import Pair, as_pairs
from ..text.sentences import SentencePair
from ..text.tokenization import splits
from ..text.untokenized import Watcher
from .worker import Facts, Found, Message, unpacked, work

AHEAD = 3  # blocks that a worker has at once: one is computed, one is prepared, one is on its way

logger = logging.getLogger("xalign")
_Task = tuple[Message, "Future[list[Any]]"]


class AlignerPool:
    """An `Aligner` in each of several worker processes. Only one thread at a time may use the pool.

    It aligns one text at a time: a new text ends an earlier one, even if that was not read to its end.

    `close`, or the end of a `with` statement, ends the workers. A script that creates a pool needs the usual
    `if __name__ == "__main__":`, since each worker imports the script.

    `facts`: the model, the method, the device type and the precision of all workers.
    """

    def __init__(self, workers: Sequence[_Worker]) -> None:
        self._workers = workers
        self._tasks: Queue[_Task | None] = Queue()  # of the text that was begun last
        self._threads: list[Thread] = []  # that serve these tasks
        self._end = weakref.finalize(self, _end, workers)  # called at the end of the program, too
        self.facts, *others = [worker.facts() for worker in workers]
        for other in others:
            self._expect_the_same(other)
        run = self.facts.run
        self._split = splits(run.words, run.source_language, run.target_language)
        self._watcher = Watcher()

    @classmethod
    @with_keywords(Options)
    def load(
        cls,
        model: str | os.PathLike[str] = DEFAULT,
        devices: Sequence[str] = ("cpu", "cpu"),
        dtype: str = "auto",
        *,
        threads: int = 1,
        **options: Any,
    ) -> Self:
        """A worker for each of the devices; a device that is named twice gets two workers.

        >>> with AlignerPool.load("mini", ["cuda:0", "cuda:1"]) as pool:  # doctest: +SKIP
        ...     list(pool.align([("das Haus", "the house")]))

        Args:
            model, dtype: as in `Aligner.load`.
            devices: names such as "cpu" or "cuda:1", all of the same type.
            threads: number of processor cores of each worker.
            options: all other arguments of `Aligner.load`.

        Raises:
            ModelError: as from `Aligner.load`.
            OptionError: as from `Aligner.load`, or there are no devices, or devices of different types.
            WorkerError: a worker ended before its model was loaded.
        """
        if isinstance(devices, str) or not devices:
            raise OptionError(f"devices is {devices!r}: it must be a list of one or more devices", "devices")
        name, workers = lasting_name(model), list[_Worker]()
        try:
            for device in devices:
                workers.append(_Worker(device, (name, device, dtype, options, threads)))
            return cls(workers)
        except BaseException:
            _end(workers)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the workers, even if they are computing."""
        self._end()

    def align(self, pairs: Iterable[Pair]) -> Iterator[Alignment]:
        """One alignment per pair, in the order of the pairs, as `Aligner.align` gives them.

        Raises:
            InputError: an item is not a pair.
            WorkerError: a worker ended or failed, or the pool was closed or began another text; all alignments
                before are correct.
        """
        return (alignment for _, alignment in self.align_pairs(pairs))

    def align_pairs(self, pairs: Iterable[Pair], first: int = 0) -> Iterator[tuple[SentencePair, Alignment]]:
        """As `Aligner.align_pairs`. Raises the errors of `align`."""
        stream = self._watcher.watched(as_pairs(pairs, self._split), first)
        found = self._run(blocks(stream, self.facts.block, self.facts.limits.first_block, first=first))
        return ((pair, each) for pair, [each] in aligned(found, self.facts.method, self.facts.limits, first))

    def taken_with(self, first: int, end: int | None = None) -> tuple[int, int | None]:
        """As `Aligner.taken_with`."""
        together = self.facts.limits.together if self.facts.method.lexicon else None
        return taken_with(first, end, self.facts.block, self.facts.limits.first_block, together)

    def _expect_the_same(self, other: Facts) -> None:
        facts = self.facts
        if (other.device, other.dtype) != (facts.device, facts.dtype):
            kinds = " and ".join(f"{each.device} in {each.dtype}" for each in (facts, other))
            raise OptionError(
                f"devices are of different kinds ({kinds}): give devices of one kind", "devices"
            )

    def _run(
        self, cut: Iterator[tuple[list[SentencePair], int]]
    ) -> Iterator[tuple[SentencePair, Sequence[Any]]]:
        """Each pair with its result, as long as the pool works on this text."""
        self._expect_open()
        self._end_text(self._tasks)
        for thread in self._threads:
            thread.join()
        tasks = self._tasks = Queue()
        for found in self._computed(cut, tasks):
            yield found
            self._expect_open()
            if self._tasks is not tasks:
                raise WorkerError(
                    "the pool began another text before this one was read to its end: "
                    "read one after the other, or load a pool for each"
                )

    def _expect_open(self) -> None:
        if not self._end.alive:
            raise WorkerError("the pool was closed")

    def _end_text(self, tasks: Queue[_Task | None]) -> None:
        """Tell the threads of each worker that no tasks follow."""
        for _ in self._workers:
            tasks.put(None)

    def _computed(
        self, cut: Iterator[tuple[list[SentencePair], int]], tasks: Queue[_Task | None]
    ) -> Iterator[tuple[SentencePair, Sequence[Any]]]:
        """Each pair with its result; meanwhile the workers compute the next blocks."""
        self._threads = [thread for worker in self._workers for thread in worker.serving(tasks)]
        begun: deque[tuple[list[SentencePair], Future[list[Any]]]] = deque()
        most = AHEAD * len(self._workers) + 1
        failures: list[Exception] = []  # of the text
        try:
            for pairs, first in until_error(run_ahead(cut), failures, Exception):
                task: _Task = (first, [(tuple(p.source), tuple(p.target)) for p in pairs]), Future()
                tasks.put(task)
                begun.append((pairs, task[1]))
                while begun and (len(begun) > most or begun[0][1].done()):
                    yield from _found(*begun.popleft())
        finally:  # before the last results: a worker with several threads waits for the next block, or for the end
            self._end_text(tasks)
        while begun:
            yield from _found(*begun.popleft())
        if failures:
            raise failures[0]


def _found(
    pairs: list[SentencePair], future: Future[list[Any]]
) -> Iterator[tuple[SentencePair, Sequence[Any]]]:
    for pair, value in zip(pairs, future.result(), strict=True):
        yield pair, [unpacked(value)]


class _Worker:
    """A worker process on a device, and the connection to it."""

    def __init__(self, device: str, arguments: tuple[Any, ...]) -> None:
        context = get_context("spawn")  # in a forked process neither CUDA nor torch's threads would work
        ours, theirs = context.Pipe()
        self._device = device
        self.connection: Connection = ours
        self.process: BaseProcess = context.Process(
            target=work, args=(theirs, *arguments), name=f"xalign-{device}", daemon=True
        )
        self.process.start()
        theirs.close()

    def facts(self) -> Facts:
        """Wait until its aligner is loaded, and return its description.

        Raises:
            XalignError: the model could not be loaded.
            WorkerError: the worker ended.
        """
        try:
            reply = self.connection.recv()
        except (EOFError, OSError):
            raise self._ended() from None
        if isinstance(reply, XalignError):
            raise reply
        facts, messages = reply
        _log(messages)
        return facts  # type: ignore[no-any-return]

    def serving(self, tasks: Queue[_Task | None]) -> list[Thread]:
        """Start two threads and return them: one sends tasks to the worker, one receives results, until a None.

        Sending must not wait for results: a worker with several threads finishes a block once it has the next one.
        """
        slots, begun = Semaphore(AHEAD), SimpleQueue[Future[list[Any]] | None]()
        threads = [
            Thread(target=run, args=(begun, slots, *more), name=f"xalign-pool-{run.__name__}", daemon=True)
            for run, more in ((self._send, (tasks,)), (self._receive, ()))
        ]
        for thread in threads:
            thread.start()
        return threads

    def _send(
        self,
        begun: SimpleQueue[Future[list[Any]] | None],
        slots: Semaphore,
        tasks: Queue[_Task | None],
    ) -> None:
        while True:
            slots.acquire()
            task = tasks.get()
            begun.put(None if task is None else task[1])
            with suppress(OSError, ValueError):  # it has ended; `_receive` will notice
                self.connection.send(None if task is None else task[0])
            if task is None:
                return

    def _receive(self, begun: SimpleQueue[Future[list[Any]] | None], slots: Semaphore) -> None:
        while (future := begun.get()) is not None:
            try:
                reply: Found | WorkerError = self.connection.recv()
            except (EOFError, OSError, TypeError):  # TypeError: the connection was closed meanwhile
                reply = self._ended()
            if isinstance(reply, WorkerError):
                future.set_exception(reply)
            else:
                _log(reply.messages)
                future.set_result(reply.values)
            slots.release()

    def _ended(self) -> WorkerError:
        self.process.join(5)
        status = self.process.exitcode
        how = f"was killed by signal {-status}" if status is not None and status < 0 else "has ended"
        return WorkerError(
            f"the process on {self._device} {how}; if memory ran out, give fewer devices, or smaller batches"
        )


def _log(messages: Iterable[logging.LogRecord]) -> None:
    for record in messages:
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


def _end(workers: Iterable[_Worker]) -> None:
    for worker in workers:
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
