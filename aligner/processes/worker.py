"""One process of a pool (pool.py): blocks of sentence pairs from a connection -> what its engine finds in them.

First it says what its aligner is, `Facts`, or which error kept it from being loaded. Then it gets blocks, as `Message`,
and answers each with `Found`, in their order, or with the error that it fails with; None ends a text, and another may
follow. It ends with its connection, and leaves signals to the process that started it.
"""

from __future__ import annotations

import logging
import signal
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import torch

from ..aligner import Aligner
from ..errors import WorkerError, XalignError
from ..links import Alignment, Link
from ..text.sentences import SentencePair
from .facts import Facts
from .heard import Heard

Words = tuple[str, ...]
Message = tuple[int, list[tuple[Words, Words]]]
"""A block: how many pairs of the text come before it, and the words of its pairs."""

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Found(NamedTuple):
    """What was found in the pairs of a block, packed, and what the logger "xalign" said meanwhile."""

    values: list[Any]
    said: list[logging.LogRecord]


def work(
    connection: Connection, model: str, device: str, dtype: str, keywords: Mapping[str, Any], threads: int
) -> None:
    """What the process does, to its end."""
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    heard = Heard.everything(logging.INFO)
    torch.set_num_threads(threads)
    with suppress(EOFError, OSError):  # whoever started this process has gone
        try:
            aligner = Aligner.load(model, device, dtype, **keywords)
        except XalignError as error:
            connection.send(error)
            return
        connection.send((Facts.of(aligner), heard.taken()))
        try:
            while True:
                _serve(connection, aligner, heard)
        except (EOFError, OSError):
            raise
        except Exception as error:
            connection.send(WorkerError(f"the process on {device} failed: {type(error).__name__}: {error}"))


def _serve(connection: Connection, aligner: Aligner, heard: Heard) -> None:
    """The blocks of one text."""
    sizes: deque[int] = deque()

    def blocks() -> Iterator[tuple[list[SentencePair], int]]:
        while (message := connection.recv()) is not None:
            first, pairs = message
            sizes.append(len(pairs))
            yield [SentencePair(*pair) for pair in pairs], first

    values: list[Any] = []
    for _, [value] in aligner.engine.run_blocks(blocks(), [aligner.layer], *aligner.finding):
        values.append(packed(value))
        if len(values) == sizes[0]:
            sizes.popleft()
            connection.send(Found(values, heard.taken()))
            values = []


def packed(value: Any) -> Any:
    """An alignment as plain tuples, which travel several times as fast; anything else as it is."""
    if isinstance(value, Alignment):
        return tuple(map(tuple, value.links)), value.scores, value.score
    return value


def unpacked(value: Any) -> Any:
    """What `packed` took."""
    if type(value) is tuple:
        links, scores, score = value
        return Alignment(tuple(map(Link._make, links)), scores=scores, score=score)
    return value
