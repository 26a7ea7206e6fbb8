"""Files of links, and their text: options that several commands share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from xalign.cli.options import PATH, Command, with_options
from xalign.errors import OptionError
from xalign.files import STANDARD
from xalign.formats import OUTSIDE
from xalign.text.sentences import SentencePair, read_files

outside_option = click.option(
    "--outside",
    type=click.Choice(OUTSIDE),
    default="error",
    show_default=True,
    help="What to do with links to words that a sentence does not have.",
)
base_option = click.option(
    "--one-based/--zero-based",
    default=None,
    help="Whether LINKS counts words from 1 or 0; by default what is usual for its format.",
)

_TEXT_OPTIONS = (
    click.option("--src", "source", type=PATH, help="The source text that the links are about."),
    click.option("--tgt", "target", type=PATH, help="The target text."),
)


def text_options(command: Command) -> Command:
    """--src and --tgt; `text_of` takes the values."""
    return with_options(command, *_TEXT_OPTIONS)


def expect_both(source: Path | None, target: Path | None) -> None:
    """OptionError if one of --src and --tgt is given, and not the other."""
    if (source is None) != (target is None):
        raise OptionError("--src and --tgt go together: give both")


def expect_standard_once(inputs: Iterable[Path | str | None]) -> None:
    """OptionError if several inputs are standard input."""
    if [str(path) for path in inputs].count(STANDARD) > 1:
        raise OptionError('"-" stands for several files: standard input can be read once')


def text_of(
    links: Sequence[Path], source: Path | None, target: Path | None, longest_line: int
) -> Iterator[SentencePair] | None:
    """The sentence pairs of --src and --tgt; None if neither is given.

    Raises:
        OptionError: one of the two is missing, or several files are standard input.
    """
    expect_both(source, target)
    expect_standard_once([*links, source, target])
    if source is None or target is None:
        return None
    return read_files(source, target, longest_line)
