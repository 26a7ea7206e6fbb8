"""The worker process of a pool (pool.py): receives blocks of sentence pairs, sends the results of its engine.

First it sends `Facts`, or the error that kept its aligner from being loaded. Then it receives blocks, each a `Message`,
and answers each with `Found`, in their order, or with a `WorkerError`. None ends a text, and another text may follow.
The worker ends when its connection is closed. It ignores signals, which the process that started it handles.
"""

from __future__ import annotations

import logging
import signal
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import torch

from ..aligner import Aligner
from ..blocks import Limits
from ..errors import WorkerError, XalignError
from ..links import NOT_ALIGNED, Alignment, Link
from ..log_collector import LogCollector
from ..method import Method
from ..models.preset import Preset, RunOptions
from ..text.sentences import SentencePair

Words = tuple[str, ...]
Message = tuple[int, list[tuple[Words, Words]]]
"""A block: the number of pairs of the text before it, and the words of its pairs."""

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@dataclass(frozen=True)
class Facts:
    """An aligner's preset and options, and where it computes, in a form that can be sent to other processes.

    `calibrated`: whether scores are probabilities (calibration.py). `block`: most pairs in a block (blocks.py).
    `device`: the type of the device, such as cpu or cuda. `dtype`: the precision, such as torch.float32.
    """

    preset: Preset
    method: Method
    run: RunOptions
    calibrated: bool
    limits: Limits
    block: int
    device: str
    dtype: str

    @classmethod
    def of(cls, aligner: Aligner) -> Facts:
        encoder = aligner.encoder
        return cls(
            preset=aligner.preset,
            method=aligner.method,
            run=aligner.run,
            calibrated=aligner.calibration is not None,
            limits=aligner.limits,
            block=aligner.engine.block,
            device=encoder.device.type,
            dtype=str(encoder.dtype),
        )


class Found(NamedTuple):
    """The results of the pairs of a block, as from `packed`, and the log records since the block before."""

    values: list[Any]
    messages: list[logging.LogRecord]


def work(
    connection: Connection, model: str, device: str, dtype: str, keywords: Mapping[str, Any], threads: int
) -> None:
    """The main function of the process. `keywords`: further arguments of `Aligner.load`. `threads`: cores to use."""
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    log = LogCollector.of_all(logging.INFO)
    torch.set_num_threads(threads)
    with suppress(EOFError, OSError):  # the connection is closed
        try:
            aligner = Aligner.load(model, device, dtype, **keywords)
        except XalignError as error:
            connection.send(error)
            return
        connection.send((Facts.of(aligner), log.take()))
        try:
            while True:
                _serve(connection, aligner, log)
        except (EOFError, OSError):
            raise
        except Exception as error:
            connection.send(WorkerError(f"the process on {device} failed: {type(error).__name__}: {error}"))


def _serve(connection: Connection, aligner: Aligner, log: LogCollector) -> None:
    """Receive the blocks of one text, and send their results."""
    sizes: deque[int] = deque()

    def blocks() -> Iterator[tuple[list[SentencePair], int]]:
        while (message := connection.recv()) is not None:
            first, pairs = message
            sizes.append(len(pairs))
            yield [SentencePair(*pair) for pair in pairs], first

    values: list[Any] = []
    for _, [value] in aligner.engine.run_blocks(blocks(), [aligner.layer], aligner.finding):
        values.append(packed(value))
        if len(values) == sizes[0]:
            sizes.popleft()
            connection.send(Found(values, log.take()))
            values = []


def packed(value: Any) -> Any:
    """An alignment as plain tuples, which are pickled several times as fast; any other value unchanged.

    `NOT_ALIGNED` is an empty tuple, so that it comes out as the same object, by which others know it.
    """
    if value is NOT_ALIGNED:
        return ()
    if isinstance(value, Alignment):
        return tuple(map(tuple, value.links)), value.scores, value.score
    return value


def unpacked(value: Any) -> Any:
    """The value that `packed` was given."""
    if type(value) is tuple:
        if not value:
            return NOT_ALIGNED
        links, scores, score = value
        return Alignment(tuple(map(Link._make, links)), scores=scores, score=score)
    return value
