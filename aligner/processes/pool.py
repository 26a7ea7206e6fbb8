"""Several processes with an aligner each, on cores or on devices: sentence pairs -> alignments, in their order.

One process reads, cuts the text into the blocks that a single aligner cuts it into, and hands each block to whichever
process is free; links do not depend on who computed them. What is above blocks (a lexicon, copied words) is done here,
by the same code as in `Aligner`. Processes rather than threads: threads of one process wait for one another wherever
Python runs.
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
from types import TracebackType
from typing import Any, Self

from ..ahead import run_ahead, until_error
from ..blocks import blocks, taken_with
from ..errors import OptionError, WorkerError, XalignError
from ..linking import aligned
from ..links import Alignment
from ..models import DEFAULT
from ..models.preset import Options
from ..options import with_keywords
from ..text.pairs import Pair, as_pairs
from ..text.sentences import SentencePair
from ..text.tokenization import splits
from ..text.untokenized import watched
from .facts import Facts
from .worker import Found, Message, unpacked, work

AHEAD = 3  # blocks that a process has at once: at work, prepared, and under way

logger = logging.getLogger("xalign")
_Task = tuple[Message, "Future[list[Any]]"]


class AlignerPool:
    """Processes that align. One thread at a time may use it; `close`, or the end of a `with`, ends them.

    A script that makes one needs the usual `if __name__ == "__main__":`, since the processes import it.

    `facts`: the model and the method, and on what all of them compute.
    """

    def __init__(self, workers: Sequence[_Worker]) -> None:
        self._workers = workers
        self._threads: list[Thread] = []
        self._end = weakref.finalize(self, _end, workers)  # and at the end of the program
        self.facts, *others = [worker.facts() for worker in workers]
        for other in others:
            self._expect_the_same(other)
        run = self.facts.run
        self._split = splits(run.words, run.source_language, run.target_language)

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
        """A process for each of the devices; one that is named twice has two.

        >>> with AlignerPool.load("mini", ["cuda:0", "cuda:1"]) as pool:  # doctest: +SKIP
        ...     list(pool.align([("das Haus", "the house")]))

        Args:
            threads: of each process.
            options: everything else that `Aligner.load` takes.

        Raises:
            ModelError, OptionError: as of `Aligner.load`; or devices are of different kinds.
            WorkerError: a process ended at once.
        """
        name = model if isinstance(model, str) else os.fspath(model)
        workers = [_Worker(device, (name, device, dtype, options, threads)) for device in devices]
        try:
            return cls(workers)
        except BaseException:
            _end(workers)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._end()

    def align(self, pairs: Iterable[Pair]) -> Iterator[Alignment]:
        """As `Aligner.align`.

        Raises:
            InputError: something is no pair.
            WorkerError: a process ended, or failed; the pairs before are done.
        """
        return (alignment for _, alignment in self.align_pairs(pairs))

    def align_pairs(self, pairs: Iterable[Pair], first: int = 0) -> Iterator[tuple[SentencePair, Alignment]]:
        """As `Aligner.align_pairs`; errors as of `align`."""
        stream = watched(as_pairs(pairs, self._split), first)
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
        """Each pair with what was found in it, while the processes are at work on the next blocks."""
        for thread in self._threads:  # a text that nobody read to its end
            thread.join()
        tasks: Queue[_Task | None] = Queue()
        self._threads = [thread for worker in self._workers for thread in worker.serving(tasks)]
        begun: deque[tuple[list[SentencePair], Future[list[Any]]]] = deque()
        most = AHEAD * len(self._workers) + 1
        try:
            failures: list[BaseException] = []  # of the text
            for pairs, first in until_error(run_ahead(cut), failures, BaseException):
                task: _Task = (first, [(tuple(p.source), tuple(p.target)) for p in pairs]), Future()
                tasks.put(task)
                begun.append((pairs, task[1]))
                while begun and (len(begun) > most or begun[0][1].done()):
                    yield from _found(*begun.popleft())
            while begun:
                yield from _found(*begun.popleft())
            if failures:
                raise failures[0]
        finally:
            for _ in self._workers:
                tasks.put(None)


def _found(
    pairs: list[SentencePair], future: Future[list[Any]]
) -> Iterator[tuple[SentencePair, Sequence[Any]]]:
    for pair, value in zip(pairs, future.result(), strict=True):
        yield pair, [unpacked(value)]


class _Worker:
    """A process on a device, and the connection to it."""

    def __init__(self, device: str, arguments: tuple[Any, ...]) -> None:
        context = get_context("spawn")  # a fork would take neither CUDA nor torch's threads along
        ours, theirs = context.Pipe()
        self._device = device
        self.connection: Connection = ours
        self.process: BaseProcess = context.Process(
            target=work, args=(theirs, *arguments), name=f"xalign-{device}", daemon=True
        )
        self.process.start()
        theirs.close()

    def facts(self) -> Facts:
        """What its aligner is, once that is loaded.

        Raises:
            XalignError: what kept it from being loaded.
        """
        try:
            reply = self.connection.recv()
        except (EOFError, OSError):
            raise self._ended() from None
        if isinstance(reply, XalignError):
            raise reply
        facts, said = reply
        _tell(said)
        return facts  # type: ignore[no-any-return]

    def serving(self, tasks: Queue[_Task | None]) -> list[Thread]:
        """Two threads, begun, that hand tasks to the process and take what it finds, up to the first None."""
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
            with suppress(OSError, ValueError):  # it has ended, which is told where an answer is waited for
                self.connection.send(None if task is None else task[0])
            if task is None:
                return

    def _receive(self, begun: SimpleQueue[Future[list[Any]] | None], slots: Semaphore) -> None:
        while (future := begun.get()) is not None:
            try:
                reply: Found | WorkerError = self.connection.recv()
            except (EOFError, OSError, TypeError):  # TypeError: of a connection that is closed meanwhile
                reply = self._ended()
            if isinstance(reply, WorkerError):
                future.set_exception(reply)
            else:
                _tell(reply.said)
                future.set_result(reply.values)
            slots.release()

    def _ended(self) -> WorkerError:
        self.process.join(5)
        status = self.process.exitcode
        how = f"was killed by signal {-status}" if status is not None and status < 0 else "has ended"
        return WorkerError(
            f"the process on {self._device} {how}; if memory ran out, give fewer devices, or smaller batches"
        )


def _tell(said: Iterable[logging.LogRecord]) -> None:
    for record in said:
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


def _end(workers: Iterable[_Worker]) -> None:
    for worker in workers:
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
