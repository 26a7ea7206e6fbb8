"""A file of links, and the text that they are about: options of commands that read both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from xalign.cli.groups import argument, option, shared
from xalign.cli.options import READ, base_option, line_option
from xalign.errors import OptionError
from xalign.files import STANDARD
from xalign.formats import OUTSIDE, iter_aligned, iter_with_text
from xalign.links import Alignment
from xalign.text.sentences import SentencePair, read_files


@dataclass(frozen=True)
class LinkedText:
    """LINKS, and the text: that of --src and --tgt, or the one that LINKS contains."""

    links: Path = argument(type=READ, default=STANDARD)
    source: Path | None = option("--src", type=READ, help="The source text that the links are about.")
    target: Path | None = option("--tgt", type=READ, help="The target text.")
    one_based: bool | None = shared(base_option("", "LINKS counts"))
    outside: str = option(
        "--outside",
        type=click.Choice(OUTSIDE),
        default="error",
        show_default=True,
        help="What to do with links to words that a sentence does not have.",
    )
    longest_line: int = shared(line_option)

    @property
    def files(self) -> list[Path | None]:
        return [self.links, self.source, self.target]

    def with_text(self, format: str = "auto") -> Iterator[tuple[SentencePair, Alignment]]:
        """Each pair with its links; OptionError if the files do not go together."""
        return iter_with_text(self.links, self._pairs(), format, self.one_based, self.outside)

    def aligned(self, format: str = "auto") -> Iterator[tuple[SentencePair | None, Alignment]]:
        """As `with_text`, but there may be no text."""
        return iter_aligned(self.links, self._pairs(), format, self.one_based, self.outside)

    def _pairs(self) -> Iterator[SentencePair] | None:
        expect_both(self.source, self.target)
        expect_standard_once(self.files)
        if self.source is None or self.target is None:
            return None
        return read_files(self.source, self.target, self.longest_line)


def expect_both(source: Path | None, target: Path | None) -> None:
    """OptionError if one of --src and --tgt is given, and not the other."""
    if (source is None) != (target is None):
        raise OptionError("--src and --tgt go together: give both")


def expect_standard_once(inputs: Iterable[Path | str | None]) -> None:
    """OptionError if several inputs are standard input."""
    if [str(path) for path in inputs].count(STANDARD) > 1:
        raise OptionError('"-" stands for several files: standard input can be read once')
