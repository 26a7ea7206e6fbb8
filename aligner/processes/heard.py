"""What the logger "xalign" says in a process that nobody watches -> records that travel to one that somebody does."""

from __future__ import annotations

import logging
from typing import Self


class Heard(logging.Handler):
    """Keeps what is said, in a form that can travel."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[logging.LogRecord] = []

    @classmethod
    def everything(cls, level: int) -> Self:
        """What from here on hears all that is said from this level on, alone."""
        heard, logger = cls(), logging.getLogger("xalign")
        logger.addHandler(heard)
        logger.propagate = False
        logger.setLevel(level)
        return heard

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args, record.exc_info = record.getMessage(), None, None
        self._records.append(record)

    def taken(self) -> list[logging.LogRecord]:
        """What was said since the last time."""
        records, self._records = self._records, []
        return records
