"""A value that was read from JSON -> one line of JSON, its characters as they are.

Half of a surrogate pair, which JSON can escape and UTF-8 cannot write, stays an escape.
"""

from __future__ import annotations

import json
import re

from .errors import InputError

HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def json_line(value: object) -> str:
    r"""The line, with its end.

    >>> print(json_line({"ä": "\ud800"}), end="")
    {"ä": "\ud800"}

    Raises:
        InputError: the value is nested too deeply.
    """
    try:
        line = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise InputError("nested too deeply to be written as JSON") from None
    return HALF_CHARACTER.sub(lambda half: f"\\u{ord(half[0]):04x}", line) + "\n"


def expect_whole_characters(text: str, key: str) -> None:
    """InputError if the text under `key` has half of a surrogate pair."""
    if HALF_CHARACTER.search(text):
        raise InputError(
            f'"{key}" has half of a character (an escape \\ud800 to \\udfff without its other half)'
        )
