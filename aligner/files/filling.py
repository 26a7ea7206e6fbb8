"""Errors while a model is written to a folder -> one error that names the folder, whichever library wrote.

Python raises OSError, safetensors and tokenizers raise errors of their own that contain "(os error 28)", and torch.save
raises a RuntimeError without a reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import OptionError, reason_of

_NUMBERED = re.compile(r"\(os error (\d+)\)")


@contextmanager
def filling(folder: Path) -> Iterator[None]:
    """Raise an OptionError, with the name of the folder, if it cannot be created or written."""
    try:
        yield
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise OptionError(f"{folder}: cannot be written: {reason}") from error


def _reason(error: Exception) -> str | None:
    if isinstance(error, OSError):
        return reason_of(error)
    if number := _NUMBERED.search(str(error)):
        return os.strerror(int(number[1])).lower()
    if isinstance(error, RuntimeError) and "PytorchStreamWriter" in str(error):
        return "there may be no space left"
    return None
