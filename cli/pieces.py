"""Text in pieces: the options of a command, and the words that it aligns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import click

from xalign.cli.groups import option, shared
from xalign.cli.options import READ
from xalign.errors import OptionError
from xalign.pieces import Splitting, in_words
from xalign.text.marks import Marks
from xalign.text.sentence_pieces import SentencePieces
from xalign.text.sentences import SentencePair

subwords_option = click.option(
    "--subwords",
    type=click.Choice(["auto", "none", *(marks.value for marks in Marks)]),
    default="auto",
    show_default=True,
    help="How the pieces of words are marked; auto detects it for each side, none takes pieces for words.",
)


@dataclass(frozen=True)
class Pieces:
    """How pieces of words are marked in the text, or the models that split its words into pieces."""

    subwords: str = shared(subwords_option)
    pieces_src: Path | None = option(
        "--pieces-src",
        type=READ,
        metavar="MODEL",
        help="Link the pieces of this SentencePiece model, as Marian numbers them, not the words of the source.",
    )
    pieces_tgt: Path | None = option(
        "--pieces-tgt", type=READ, metavar="MODEL", help="The same for the target."
    )

    def in_words(self) -> Callable[[Iterator[SentencePair]], Iterator[SentencePair]]:
        """A function that turns pairs in pieces into pairs in words, which `as_given` undoes."""
        if self.subwords not in ("auto", "none") and None not in (self.pieces_src, self.pieces_tgt):
            raise OptionError(
                "--subwords is for text in pieces, --pieces-src and --pieces-tgt split text in words"
            )
        marks = marks_of(self.subwords)
        source: Splitting = marks if self.pieces_src is None else SentencePieces(self.pieces_src)
        target: Splitting = marks if self.pieces_tgt is None else SentencePieces(self.pieces_tgt)
        return partial(in_words, source=source, target=target)


def marks_of(subwords: str) -> Marks | Literal["auto"] | None:
    """The value of --subwords."""
    if subwords == "auto":
        return "auto"
    return None if subwords == "none" else Marks(subwords)
