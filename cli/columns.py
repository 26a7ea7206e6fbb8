"""--columns: which columns of the input are source and target."""

from __future__ import annotations

import re

from xalign.errors import OptionError
from xalign.text.sentences import Columns


def two_numbers(text: str) -> tuple[int, int] | None:
    """Two different numbers from 1, with a comma between them.

    >>> two_numbers("2,3"), two_numbers("2,2"), two_numbers("0,1")
    ((2, 3), None, None)
    """
    match = re.fullmatch(r"([1-9]\d{0,5}),([1-9]\d{0,5})", text, re.ASCII)
    return None if match is None or match[1] == match[2] else (int(match[1]), int(match[2]))


def columns_of(text: str, form: str | None) -> Columns:
    """Two numbers, or where the form, one of tsv and jsonl, leaves it open or has names, two names.

    >>> columns_of("2,3", "tsv"), columns_of("de,en", "jsonl"), columns_of("de,en", None)
    ((2, 3), ('de', 'en'), ('de', 'en'))

    Raises:
        OptionError: it is something else.
    """
    numbers = two_numbers(text)
    if numbers is not None and form != "jsonl":
        return numbers
    names = tuple(text.split(","))
    if form != "tsv" and numbers is None and len(names) == 2 and all(names) and names[0] != names[1]:
        return names[0], names[1]
    expected = "two names, such as de,en" if form == "jsonl" else "two numbers from 1, such as 2,3"
    raise OptionError(f"--columns is {text[:40]!r}: expected {expected}")
