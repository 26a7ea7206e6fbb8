"""--words and --words-command: how text becomes words, where it is not tokenized."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import click

from xalign.errors import OptionError
from xalign.text.line_filter import WHOLE, commands_of, filtered
from xalign.text.sentences import SentencePair, Splits
from xalign.text.tokenization import TOKENIZERS, splits

Command = TypeVar("Command", bound=Callable[..., Any])
Filter = Callable[[Iterator[SentencePair]], Iterator[SentencePair]]

words_option = click.option(
    "--words",
    type=click.Choice(list(TOKENIZERS)),
    help="How text becomes words: at spaces and tabs (default), by Unicode for text that is not tokenized, or as "
    "Python's str.split does.",
)
command_option = click.option(
    "--words-command",
    "commands",
    metavar="CMD",
    multiple=True,
    help="A tokenizer that reads and writes lines; give it twice for source and target. {lang} is the language of the "
    "side.",
)


def text_as_words(
    words: str | None, commands: Sequence[str], model: Mapping[str, Any]
) -> tuple[Splits, Filter]:
    """What makes words of the text while it is read, and what is done with the pairs after that."""
    languages = model["source_language"], model["target_language"]
    if not commands:
        return splits(words, *languages), iter
    if words is not None:
        raise OptionError("--words and --words-command both say how text becomes words: give one")
    return WHOLE, partial(filtered, commands=commands_of(commands, *languages))
