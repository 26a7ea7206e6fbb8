"""`xalign align`: parallel text -> links."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xalign.ahead import begun, until_error
from xalign.cli.broken import EMPTY, STOP, BrokenLines, reporting
from xalign.cli.help import SectionedCommand
from xalign.cli.options import PATH, line_option, model_options, output_option, progress_options
from xalign.cli.output import Stream, made_by
from xalign.cli.output import output as output_to
from xalign.cli.part import Part, read_up_to
from xalign.cli.pieces import pieces_options, words_of
from xalign.cli.processes import aligning, processes_options
from xalign.cli.progress import track
from xalign.cli.standard import tell
from xalign.cli.stopping import stopping
from xalign.cli.words import command_option, text_as_words, words_option
from xalign.errors import OptionError, XalignError
from xalign.files import STANDARD, count_lines, expect_no_input, is_replaced
from xalign.formats import WRITERS, WriteOptions
from xalign.text.pieces import as_given
from xalign.text.sentences import read_files, read_stream

if TYPE_CHECKING:
    from xalign.aligner import Aligner
    from xalign.cli.job import Job
    from xalign.links import Alignment
    from xalign.pool import AlignerPool
    from xalign.text.sentences import SentencePair

    Aligned = tuple[SentencePair, Alignment]

ARGUMENTS = "xalign.arguments"


class _Remembering(SectionedCommand):
    """Keeps the arguments as they were typed, for the command that goes on."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(cls=_Remembering)
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
@output_option
@click.option("--resume", is_flag=True, help="Go on where a run with the same -o was stopped, if one was.")
@click.option(
    "--from-line", type=click.IntRange(min=1), metavar="N", help="Align the text from this line on."
)
@click.option("--lines", type=click.IntRange(min=0), metavar="N", help="Align so many lines.")
@click.option(
    "--shard", metavar="K/N", help="Align the K-th of N parts of the text; concatenated they are the whole."
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
@processes_options
@progress_options
@click.pass_context
def align(
    ctx: click.Context,
    /,
    source: Path,
    target: Path | None,
    form: str | None,
    columns: str | None,
    words: str | None,
    commands: tuple[str, ...],
    output: Path,
    resume: bool,
    from_line: int | None,
    lines: int | None,
    shard: str | None,
    writer: str,
    scores: bool,
    one_based: bool,
    on_error: str,
    report: Path | None,
    subwords: str,
    pieces_src: Path | None,
    pieces_tgt: Path | None,
    longest_line: int,
    devices: str | None,
    threads: int | None,
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
    With -o, the output is called FILE.partial until it is complete; a run that was stopped goes on with --resume.
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
    if resume and not is_replaced(output):
        raise click.UsageError("--resume goes with -o FILE")
    part = Part.chosen(source, from_line, lines, shard)
    write = partial(WRITERS[writer], options=WriteOptions(scores, one_based))
    if target is None and str(source) == STANDARD:
        _tell_of_the_terminal(form)
    in_words = words_of(subwords, pieces_src, pieces_tgt)
    with reporting(report) as file:
        broken = BrokenLines(on_error, part, file)
        # A missing file is told before a model is loaded.
        if target is None:
            pairs = begun(then(read_stream(source, form, chosen, longest_line, broken, split)))
        else:
            pairs = begun(then(read_files(source, target, longest_line, broken, split)))
        with (
            aligning(model, devices, threads) as (aligner, facts),
            output_to(output, made_by(facts, ctx.params), part.first, resume, ctx.meta[ARGUMENTS]) as out,
        ):
            counted = partial(track, what="pairs", total=partial(_left, part, source, out), progress=progress)
            _run(aligner, pairs, in_words, part, out, write, counted)
    broken.tell_count(report)


def _run(
    aligner: Aligner | AlignerPool,
    pairs: Iterator[SentencePair],
    in_words: Callable[[Iterator[SentencePair]], Iterator[SentencePair]],
    part: Part,
    out: Job | Stream,
    write: Callable[[SentencePair, Alignment, int], str],
    counted: Callable[[Iterator[Aligned]], Generator[Aligned]],
) -> None:
    """Align what is left of the part; what ends the text early is raised when all pairs before it are written."""
    first = part.first + out.pairs
    start, stop = aligner.taken_with(first, part.end)
    ended_by: list[XalignError] = []
    words = in_words(until_error(pairs, ended_by))
    try:
        words = read_up_to(words, out, first, start)
    except OptionError as error:  # too few pairs, for which there may be a reason
        raise (ended_by or [error])[0] from None
    taken = islice(words, None if stop is None else stop - start)
    aligned = as_given(aligner.align_pairs(taken, first=start))
    wanted = islice(aligned, first - start, None if part.end is None else max(first, part.end) - start)
    # Closed here, and not wherever the last reference goes, since it ends threads.
    with stopping() as signals, closing(counted(wanted)) as stream:
        for pair, alignment in signals.between(stream):
            out.add(pair, write(pair, alignment, part.first + out.pairs + 1))
    if ended_by and (part.end is None or part.first + out.pairs < part.end):
        raise ended_by[0]


def _left(part: Part, source: Path, out: Job | Stream) -> int | None:
    """How many pairs are still to come."""
    total = part.total(count_lines(source))
    return None if total is None else total - out.pairs


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
