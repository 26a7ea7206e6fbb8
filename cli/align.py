"""`xalign align`: parallel text -> links."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xalign.ahead import begun, until_error
from xalign.cli.broken import EMPTY, STOP, BrokenLines, reporting
from xalign.cli.help import SectionedCommand
from xalign.cli.options import aligner_from, line_option, model_options, progress_options
from xalign.cli.pieces import pieces_options, words_of
from xalign.cli.progress import track
from xalign.cli.standard import tell
from xalign.cli.words import command_option, text_as_words, words_option
from xalign.errors import OptionError, XalignError
from xalign.files import STANDARD, count_lines, expect_no_input, writing
from xalign.formats import WRITERS, WriteOptions
from xalign.pieces import as_given
from xalign.sentences import read_files, read_stream

if TYPE_CHECKING:
    from xalign.aligner import Aligner
    from xalign.links import Alignment
    from xalign.sentences import SentencePair

PATH = click.Path(allow_dash=True, path_type=Path)


@click.command(cls=SectionedCommand)
@click.argument("source", type=PATH, metavar="[SRC]", default=STANDARD)
@click.argument("target", type=PATH, metavar="[TGT]", required=False)
@click.option("--tsv", "form", flag_value="tsv", help="The input has source and target in two columns.")
@click.option(
    "--jsonl",
    "form",
    flag_value="jsonl",
    help='The input has JSON objects with "src" and "tgt" (detected automatically).',
)
@click.option(
    "--columns",
    metavar="SRC,TGT",
    help="The columns of source and target, counted from 1; by default 1,2. Implies --tsv.",
)
@words_option
@command_option
@click.option(
    "--output", "-o", type=PATH, default=STANDARD, help="File to write; a suffix such as .gz compresses it."
)
@click.option(
    "--format",
    "writer",
    type=click.Choice(list(WRITERS)),
    default="pharaoh",
    show_default=True,
    help="Format of the output (docs/formats.md).",
)
@click.option("--scores", is_flag=True, help="Also write the score of each link and of each pair.")
@click.option("--one-based", is_flag=True, help="Count words from 1.")
@click.option(
    "--on-error",
    type=click.Choice([STOP, EMPTY]),
    default=STOP,
    show_default=True,
    help="If a line cannot be read: end the run after the lines before it, or write an empty line for it.",
)
@click.option(
    "--report", type=PATH, metavar="FILE", help="List the lines that cannot be read, as JSON lines."
)
@pieces_options
@line_option
@model_options
@progress_options
def align(
    source: Path,
    target: Path | None,
    form: str | None,
    columns: str | None,
    words: str | None,
    commands: tuple[str, ...],
    output: Path,
    writer: str,
    scores: bool,
    one_based: bool,
    on_error: str,
    report: Path | None,
    subwords: str,
    pieces_src: Path | None,
    pieces_tgt: Path | None,
    longest_line: int,
    progress: str,
    **model: Any,
) -> None:
    """Align the words of parallel sentences.

    \b
    Examples:
      xalign align test.de test.en > test.align
      paste test.de test.en | xalign align --tsv --model xlm-align | gzip > test.align.gz
      xalign align --words unicode --format jsonl raw.de raw.en > links-with-offsets.jsonl

    SRC and TGT have one sentence per line, with spaces between words; --words unicode splits text that is not
    tokenized. Without TGT, SRC or standard input has "source ||| target" on each line, JSON objects, or with --tsv
    columns. Files may be plain, .gz, .xz, .bz2 or .zst. If words are in pieces (▁ @@ ## Ġ ￭ </w>), words are aligned
    and pieces are linked (docs/marian.md). Output line i belongs to input line i; if a side is empty, so is the line.
    With -o, the output is called FILE.partial until it is complete.
    """
    if columns is not None and form is None:
        form = "tsv"
    if target is not None and form is not None:
        raise click.UsageError(
            f"--{form if columns is None else 'columns'} is for one stream, not for two files"
        )
    chosen = None if columns is None else _columns(columns, form)
    split, then = text_as_words(words, commands, model)
    for written in (output, report):
        if written is not None:
            expect_no_input(written, [source, target])
    write = partial(WRITERS[writer], options=WriteOptions(scores, one_based))
    if target is None and str(source) == STANDARD:
        _tell_of_the_terminal(form)
    in_words = words_of(subwords, pieces_src, pieces_tgt)
    with reporting(report) as file:
        broken = BrokenLines(on_error, file)
        # A missing file is told before a model is loaded.
        if target is None:
            pairs = begun(then(read_stream(source, form, chosen, longest_line, broken, split)))
        else:
            pairs = begun(then(read_files(source, target, longest_line, broken, split)))
        aligner = aligner_from(model, all_layers=False)
        _write_aligned(aligner, pairs, in_words, output, write, partial(count_lines, source), progress)
    broken.tell_count(report)


def _write_aligned(
    aligner: Aligner,
    pairs: Iterator[SentencePair],
    in_words: Callable[[Iterator[SentencePair]], Iterator[SentencePair]],
    output: Path,
    write: Callable[[SentencePair, Alignment, int], str],
    total: Callable[[], int | None],
    progress: str,
) -> None:
    """Align the pairs up to what ends the text, and raise that, if it is not the end, when all before it is written."""
    broken: list[XalignError] = []
    words = in_words(until_error(pairs, broken))
    aligned = track(as_given(aligner.align_pairs(words)), "pairs", total, progress)
    number = 0
    # Closed here, and not wherever the last reference goes, since it ends threads.
    with writing(output) as file, closing(aligned):
        for number, (pair, alignment) in enumerate(aligned, start=1):
            file.write(write(pair, alignment, number).encode())
        for error in broken:
            raise _with_advice(error, number)


def _tell_of_the_terminal(form: str | None) -> None:
    """In silence a command that waits for input would look as if it hung."""
    if sys.stdin is not None and sys.stdin.isatty():
        pair = {"tsv": "source TAB target", "jsonl": "JSON objects"}.get(form or "", '"source ||| target"')
        tell(f"Reading {pair} from the terminal, a pair a line. End with Ctrl-D.")


def _columns(text: str, form: str | None) -> tuple[int, int]:
    """The two numbers of --columns."""
    if form != "tsv":
        raise click.UsageError(f"--columns is for columns, and --{form} says there are none")
    numbers = re.fullmatch(r"([1-9]\d{0,5}),([1-9]\d{0,5})", text, re.ASCII)
    if numbers is None or numbers[1] == numbers[2]:
        raise OptionError(f"--columns is {text[:40]!r}: expected two numbers from 1, such as 2,3")
    return int(numbers[1]), int(numbers[2])


def _with_advice(error: XalignError, written: int) -> XalignError:
    """An error that ended the text, and how to go on after it."""
    if written:
        lines = "line 1 is" if written == 1 else f"lines 1 to {written} are"
        advice = (
            f"{lines} written: mend the text, then go on from line {written + 1} (tail -n +{written + 1})"
        )
        error.args = (f"{error}; {advice}",)
    return error
