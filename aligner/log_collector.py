"""Messages of the logger "xalign" in a worker process -> records that can be sent to the process that started it."""

from __future__ import annotations

import logging
from typing import Self


class LogCollector(logging.Handler):
    """Collects log records in a form that can be pickled."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[logging.LogRecord] = []

    @classmethod
    def of_all(cls, level: int) -> Self:
        """A new handler that collects all messages of this level and above, which reach no other handler."""
        collector, logger = cls(), logging.getLogger("xalign")
        logger.addHandler(collector)
        logger.propagate = False
        logger.setLevel(level)
        return collector

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args, record.exc_info = record.getMessage(), None, None
        self._records.append(record)

    def take(self) -> list[logging.LogRecord]:
        """The records since the last call."""
        self.acquire()  # as around `emit`, which other threads may call
        try:
            return self._records
        finally:
            self._records = []
            self.release()
