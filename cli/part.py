"""Which lines of a text a run aligns: all, some from a line on, or the k-th of n shards.

The outputs of the parts of a text, concatenated, are the output of the whole text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import click

from xalign.cli.groups import option
from xalign.cli.job import MEMBER
from xalign.errors import OptionError
from xalign.files import count_lines, read_lines
from xalign.files.addresses import is_address


@dataclass(frozen=True)
class Part:
    """The lines from `first` up to `end`, counted from 0; None is the end of the text."""

    first: int = 0
    end: int | None = None

    @classmethod
    def shard(cls, k: int, n: int, lines: int) -> Part:
        """The k-th of n shards. If there are enough lines, shards end where members of a compressed file end.

        >>> Part.shard(2, 3, 100), Part.shard(2, 3, 100_000)
        (Part(first=33, end=66), Part(first=30000, end=60000))
        """
        step = MEMBER if lines >= n * MEMBER else 1
        first, end = (lines * number // n // step * step for number in (k - 1, k))
        return cls(first, lines if k == n else end)

    def has(self, line: int) -> bool:
        """Whether it contains a line, counted from 1."""
        return self.first < line and (self.end is None or line <= self.end)

    def total(self, lines: int | None) -> int | None:
        """How many lines it has, if the text has `lines`."""
        if lines is None:
            return None if self.end is None else self.end - self.first
        return max(0, (lines if self.end is None else min(self.end, lines)) - self.first)


@dataclass(frozen=True)
class Lines:
    """The options that choose a part."""

    from_line: int | None = option(
        "--from-line", type=click.IntRange(min=1), metavar="N", help="Align the text from this line on."
    )
    lines: int | None = option("--lines", type=click.IntRange(min=0), metavar="N", help="Align only N lines.")
    shard: str | None = option(
        "--shard",
        metavar="K/N",
        help="Align the K-th of N parts of the text; the concatenated outputs are that of the whole text.",
    )
    total: int | None = option(
        "--total",
        type=click.IntRange(min=1),
        metavar="N",
        help="Lines of the text, for progress: those of pipes and compressed files are not counted.",
    )

    def of(self, text: Path | str) -> Part:
        """The part of this text.

        Raises:
            OptionError: there is no such shard, or the lines of the text cannot be counted.
        """
        if self.shard is None:
            first = 0 if self.from_line is None else self.from_line - 1
            return Part(first, None if self.lines is None else first + self.lines)
        if self.from_line is not None or self.lines is not None:
            raise click.UsageError("--shard excludes --from-line and --lines: give one or the other")
        numbers = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,8})", self.shard, re.ASCII)
        if numbers is None or int(numbers[1]) > int(numbers[2]):
            raise OptionError(f"--shard is {self.shard[:40]!r}: expected k/n, such as 3/16, k from 1 to n")
        return Part.shard(int(numbers[1]), int(numbers[2]), _count(text))


def _count(text: Path | str) -> int:
    lines = count_lines(text)
    if lines is None and not is_address(text) and not Path(text).is_file():
        raise OptionError(
            f"--shard counts the lines of the text first, and {text} can be read only once: give a file"
        )
    return sum(1 for _ in read_lines(text, on_broken=lambda error: None)) if lines is None else lines
