"""A folder that a model is written into -> one error that names it, whichever library cannot write.

Python raises OSError, safetensors and tokenizers errors of their own with "(os error 28)" in them, and torch.save a
RuntimeError without any reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import OptionError

_NUMBERED = re.compile(r"\(os error (\d+)\)")


@contextmanager
def filling(folder: Path) -> Iterator[None]:
    """OptionError, which names the folder, where it cannot be made or nothing more be written into it."""
    try:
        yield
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise OptionError(f"{folder}: cannot be written: {reason.lower()}") from error


def _reason(error: Exception) -> str | None:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if number := _NUMBERED.search(str(error)):
        return os.strerror(int(number[1]))
    if isinstance(error, RuntimeError) and "PytorchStreamWriter" in str(error):
        return "there may be no space left"
    return None
