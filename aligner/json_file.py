"""A file with one JSON object -> that object, or a ModelError that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import ModelError, reason_of


def read_object(path: Path) -> dict[str, Any]:
    """The object in `path`.

    Raises:
        ModelError: the file is missing, too large, not UTF-8 or not JSON, is nested too deeply, or holds something
            else.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {reason_of(error)}") from error
    if len(content) > _MOST_BYTES:
        raise ModelError(f"{path}: more than {_MOST_BYTES:,} bytes, which no such file has")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: not UTF-8 (position {error.start + 1})") from error
    return parse_object(text, path)


def parse_object(text: str, where: Path | str) -> dict[str, Any]:
    """The object in `text`, which was read from `where`; raises ModelError as `read_object` does."""
    try:
        content = json.loads(text)
    except RecursionError:
        raise ModelError(f"{where}: nested too deeply to be read") from None
    except ValueError as error:
        raise ModelError(f"{where}: not JSON ({error})") from error
    if not isinstance(content, dict):
        raise ModelError(f"{where}: expected an object, found {shortened(content)}")
    return content


def shortened(value: object) -> str:
    """A value in short form, for a message; it may come from a file and be megabytes long.

    >>> shortened([1, 2])
    '[1, 2]'
    """
    if isinstance(value, (list, dict)) and len(value) > _SHOWN:
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)} members"
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # ValueError: an integer of thousands of digits
        return f"a very large {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


_SHOWN = 60
_MOST_BYTES = 100_000_000  # the largest tokenizers have some 35 million
