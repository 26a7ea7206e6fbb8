"""Parallel text as a command reads it: two files or one stream, and how the text is split into words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click

from xalign.cli.groups import argument, option, shared
from xalign.cli.options import PLACE, line_option
from xalign.cli.standard import tell
from xalign.cli.values import columns_of
from xalign.errors import OptionError
from xalign.files import STANDARD, OnBroken, skip_long
from xalign.text.line_filter import WHOLE, commands_of, filtered
from xalign.text.sentences import SentencePair, read_files, read_stream
from xalign.text.tokenization import TOKENIZERS, splits


@dataclass(frozen=True)
class TextInput:
    """SRC and TGT, or one stream with both sides on each line."""

    source: Path | str = argument(type=PLACE, metavar="[SRC]", default=STANDARD)
    target: Path | str | None = argument(type=PLACE, metavar="[TGT]", required=False)
    form: str | None = shared(
        click.option(
            "--tsv", "form", flag_value="tsv", help="The input has source and target in two columns."
        ),
        click.option(
            "--jsonl",
            "form",
            flag_value="jsonl",
            help='The input has JSON objects with "src" and "tgt" (detected automatically).',
        ),
    )
    columns: str | None = option(
        "--columns",
        metavar="SRC,TGT",
        help="The columns of source and target, counted from 1; by default 1,2. Implies --tsv. With --jsonl: names.",
    )
    words: str | None = option(
        "--words",
        type=click.Choice(list(TOKENIZERS)),
        help="How text is split into words: at spaces and tabs (default), by Unicode's rules for text that is not "
        "tokenized, or as by Python's str.split.",
    )
    commands: tuple[str, ...] = option(
        "--words-command",
        metavar="CMD",
        multiple=True,
        help="A tokenizer that reads and writes lines; give it twice for source and target. {lang} is the language of "
        "the side.",
    )
    longest_line: int = shared(line_option)

    def __post_init__(self) -> None:
        if self.commands and self.words is not None:
            raise OptionError("--words and --words-command both say how text becomes words: give one")

    @property
    def files(self) -> list[Path | str]:
        return [self.source] if self.target is None else [self.source, self.target]

    def reader(self, model: Mapping[str, Any]) -> Callable[[OnBroken], Iterator[SentencePair]]:
        """A function that reads the pairs, split into words. `model`: values of `model_options`, for the languages."""
        languages = model["source_language"], model["target_language"]
        then: Callable[[Iterator[SentencePair]], Iterator[SentencePair]] = iter
        split = splits(self.words, *languages)
        if self.commands:
            split, then = WHOLE, partial(filtered, commands=commands_of(self.commands, *languages))
        if self.target is not None and (self.form or self.columns):
            option = f"--{self.form}" if self.columns is None else "--columns"
            raise click.UsageError(f"{option} is for one stream, not for two files")
        if self.target is not None:
            read = partial(read_files, self.source, self.target, self.longest_line, split=split)
        else:
            form = self.form or ("tsv" if self.columns else None)
            columns = None if self.columns is None else columns_of(self.columns, form)
            read = partial(read_stream, self.source, form, columns, self.longest_line, split=split)
        return lambda on_broken: then(read(on_broken=on_broken))

    def pairs(self, model: Mapping[str, Any], most: int | None = None) -> list[SentencePair]:
        """The first `most` pairs, or all; a line that cannot be read ends the command."""
        return list(islice(self.reader(model)(skip_long), None if most is None else min(most, sys.maxsize)))

    def tell_terminal(self) -> None:
        """Say what is expected on the terminal, since a command that waits in silence looks as if it hung."""
        if self.target is None and str(self.source) == STANDARD and sys.stdin and sys.stdin.isatty():
            form = "tsv" if self.columns else self.form
            pair = {"tsv": "source TAB target", "jsonl": "JSON objects"}.get(
                form or "", '"source ||| target"'
            )
            tell(f"Reading {pair} from the terminal, a pair a line. End with Ctrl-D.")
