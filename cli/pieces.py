"""Text in pieces: how a command is told of it, and what it then aligns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from xalign.errors import OptionError
from xalign.text.marks import Marks
from xalign.text.pieces import Splitting, in_words
from xalign.text.sentence_pieces import SentencePieces
from xalign.text.sentences import SentencePair

Command = TypeVar("Command", bound=Callable[..., Any])
MODEL = click.Path(dir_okay=False, path_type=Path)

subwords_option = click.option(
    "--subwords",
    type=click.Choice(["auto", "none", *(marks.value for marks in Marks)]),
    default="auto",
    show_default=True,
    help="How the text marks the pieces of words; auto finds it out for each side, none takes them for words.",
)
_PIECES_OPTIONS = (
    subwords_option,
    click.option(
        "--pieces-src",
        type=MODEL,
        metavar="MODEL",
        help="Link the pieces of this SentencePiece model, as Marian numbers them, not the words of the source.",
    ),
    click.option("--pieces-tgt", type=MODEL, metavar="MODEL", help="The same for the target."),
)


def pieces_options(command: Command) -> Command:
    """Whether words are in pieces, or links are of pieces; `words_of` takes the values."""
    for option in reversed(_PIECES_OPTIONS):
        command = option(command)
    return command


def words_of(
    subwords: str, pieces_src: Path | None, pieces_tgt: Path | None
) -> Callable[[Iterator[SentencePair]], Iterator[SentencePair]]:
    """What makes of pairs the words that are aligned, for `as_given` to take back.

    Raises:
        OptionError: options that do not go together.
        InputError: a model cannot be read.
    """
    if subwords not in ("auto", "none") and None not in (pieces_src, pieces_tgt):
        raise OptionError(
            "--subwords is for text in pieces, --pieces-src and --pieces-tgt split text in words"
        )
    marks = marks_of(subwords)
    source: Splitting = marks if pieces_src is None else SentencePieces(pieces_src)
    target: Splitting = marks if pieces_tgt is None else SentencePieces(pieces_tgt)
    return partial(in_words, source=source, target=target)


def marks_of(subwords: str) -> Marks | Literal["auto"] | None:
    """The value of --subwords."""
    if subwords == "auto":
        return "auto"
    return None if subwords == "none" else Marks(subwords)
