"""`xalign align`: parallel text -> links."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xalign.ahead import begun, until_error
from xalign.cli.broken import OnError
from xalign.cli.cluster import Cluster
from xalign.cli.groups import option, option_group
from xalign.cli.help import SectionedCommand
from xalign.cli.options import model_options, output_option, progress_options
from xalign.cli.output import Stream, made_by
from xalign.cli.output import output as output_to
from xalign.cli.part import Lines, Part
from xalign.cli.pieces import Pieces
from xalign.cli.processes import Processes
from xalign.cli.progress import track
from xalign.cli.screening import Screening, expect_possible
from xalign.cli.standard import tell
from xalign.cli.stopping import stopping
from xalign.cli.text_input import TextInput
from xalign.cli.together import expect_format
from xalign.errors import OptionError, XalignError
from xalign.files import count_lines, expect_outputs, is_replaced
from xalign.formats import WRITERS, WriteOptions
from xalign.pieces import as_given, given

if TYPE_CHECKING:
    from xalign.aligner import Aligner
    from xalign.cli.job import Job
    from xalign.links import Alignment
    from xalign.processes import AlignerPool
    from xalign.text.sentences import SentencePair

    Aligned = tuple[SentencePair, Alignment]

ARGUMENTS = "xalign.arguments"


class _Remembering(SectionedCommand):
    """Keeps the arguments as they were typed, for the command that goes on."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)


@dataclass(frozen=True)
class OutputFormat:
    """How an alignment is written."""

    writer: str = option(
        "--format",
        type=click.Choice(list(WRITERS)),
        default="pharaoh",
        show_default=True,
        help="Format of the output (docs/formats.md).",
    )
    scores: bool = option(
        "--scores", is_flag=True, help="Also write the score of each link and of each pair."
    )
    min_score: float | None = option(
        "--min-score",
        type=float,
        metavar="X",
        help="Write no links for a pair that scores below X: its line is empty (docs/filtering.md).",
    )
    one_based: bool = option(
        "--one-based", is_flag=True, help="Count words from 1 in pharaoh, tsv and jsonl, too."
    )

    def __post_init__(self) -> None:
        expect_format("--one-based", self.one_based, self.writer, "based")
        expect_format("--scores", self.scores, self.writer, "scored")

    @property
    def options(self) -> WriteOptions:
        """JSON lines have the scores in any case."""
        return WriteOptions(self.scores or self.writer == "jsonl", self.one_based)

    def __call__(self, pair: SentencePair, alignment: Alignment, number: int) -> str:
        """The lines of the pair with this number, counted from 1."""
        return WRITERS[self.writer](pair, alignment, number, self.options)


@click.command(cls=_Remembering)
@option_group(TextInput, "text")
@output_option
@click.option("--resume", is_flag=True, help="Go on where a run with the same -o was stopped, if one was.")
@option_group(Lines, "lines")
@option_group(OutputFormat, "write")
@option_group(OnError, "on_error")
@option_group(Pieces, "pieces")
@model_options
@option_group(Processes, "processes")
@option_group(Cluster, "cluster")
@progress_options
@click.pass_context
def align(
    ctx: click.Context,
    /,
    text: TextInput,
    output: Path,
    resume: bool,
    lines: Lines,
    write: OutputFormat,
    on_error: OnError,
    pieces: Pieces,
    processes: Processes,
    cluster: Cluster,
    progress: str,
    **model: Any,
) -> None:
    """Align the words of parallel sentences.

    \b
    Examples:
      xalign align test.de test.en > test.align
      paste test.de test.en | xalign align --tsv --model xlm-align | gzip > test.align.gz
      xalign align --words unicode --format jsonl raw.de raw.en > links-with-offsets.jsonl
      xalign align --scores --min-score 0.5 web.de web.en > web.align

    SRC and TGT have one sentence per line, with spaces between words; --words unicode splits text that is not
    tokenized. Without TGT, SRC or standard input has "source ||| target" on each line, JSON objects, or with --tsv
    columns. Files may be plain, .gz, .xz, .bz2 or .zst. If words are in pieces (▁ @@ ## Ġ ￭ </w>), words are aligned
    and pieces are linked (docs/marian.md). Output line i belongs to input line i; if a side is empty, so is the line.
    With -o, the output is called FILE.partial until it is complete; a run that was stopped goes on with --resume.
    """
    if cluster.is_meant():
        options = cluster.arguments(text, write.options, on_error, pieces, processes.threads, model)
        return cluster.run(options, progress)
    read, in_words = text.reader(model), pieces.in_words()
    expect_outputs([output, on_error.report], text.files)
    if resume and not is_replaced(output):
        raise click.UsageError("--resume goes with -o FILE")
    part, quiet = lines.of(text.source), progress == "none"
    text.tell_terminal()
    with on_error.for_lines_of(part) as broken:
        pairs = begun(read(broken))  # a missing file is told before a model is loaded
        with ExitStack() as stack:
            aligner, facts = stack.enter_context(processes.aligning(model))
            expect_possible(write.min_score, facts.calibrated)
            made, typed = made_by(facts, ctx.params), ctx.meta[ARGUMENTS]
            out = stack.enter_context(output_to(output, made, part, resume, typed))
            total = partial(_left, part, lines.total, text.source, out.pairs)
            counted = partial(track, what="pairs", total=total, progress=progress)
            screening = Screening(write.min_score, warns=facts.calibrated and not quiet)
            _run(aligner, pairs, in_words, part, out, write, lambda aligned: counted(screening(aligned)))
    if write.min_score is not None and not quiet:
        tell(screening.outcome)


def _run(
    aligner: Aligner | AlignerPool,
    pairs: Iterator[SentencePair],
    in_words: Callable[[Iterator[SentencePair]], Iterator[SentencePair]],
    part: Part,
    out: Job | Stream,
    write: Callable[[SentencePair, Alignment, int], str],
    counted: Callable[[Iterator[Aligned]], Generator[Aligned]],
) -> None:
    """Align the rest of the part. An error in the text is raised when all pairs before it are written."""
    first = part.first + out.pairs
    start, stop = aligner.taken_with(first, part.end)
    ended_by: list[XalignError] = []
    words = in_words(until_error(pairs, ended_by, XalignError))
    try:
        words = _read_up_to(words, out, first, start)
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


def _read_up_to(
    pairs: Iterator[SentencePair], out: Job | Stream, first: int, start: int
) -> Iterator[SentencePair]:
    """Skip the `first` pairs, check those that are finished, and give the pairs from `start` on.

    Raises:
        OptionError: the finished pairs are those of another text, or the text has fewer pairs.
    """
    again: deque[SentencePair] = deque(maxlen=first - start)
    passed = 0

    def done() -> Iterator[SentencePair]:
        nonlocal passed
        for passed, pair in enumerate(islice(pairs, first), start=1):
            again.append(pair)
            if passed > first - out.pairs:
                yield given(pair)

    out.recognize(done())
    if passed < first:
        raise OptionError(f"--from-line is {first + 1}: the text has only {passed} lines")
    return chain(again, pairs)


def _left(part: Part, lines: int | None, source: Path | str, done: int) -> int | None:
    """How many pairs of a part are left after those of an earlier run; None if that is unknown."""
    total = part.total(lines or count_lines(source))
    return None if total is None else total - done
