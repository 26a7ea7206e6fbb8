"""`xalign align`: parallel text -> links."""

from __future__ import annotations

from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

import click

from xalign.ahead import begun, remembered
from xalign.cli.options import aligner_from, model_options, quiet_option
from xalign.cli.progress import count_lines, track
from xalign.files import STANDARD, expect_no_input, writing
from xalign.formats import WRITERS, WriteOptions
from xalign.sentences import SentencePair, read_files, read_stream

PATH = click.Path(allow_dash=True, path_type=Path)


@click.command()
@click.argument("source", type=PATH, metavar="[SRC]", default=STANDARD)
@click.argument("target", type=PATH, metavar="[TGT]", required=False)
@click.option("--tsv", "form", flag_value="tsv", help="The stream has source and target in two columns.")
@click.option(
    "--jsonl",
    "form",
    flag_value="jsonl",
    help='The stream has objects with "src" and "tgt" (found out by itself).',
)
@click.option("--output", "-o", type=PATH, default=STANDARD, help="File to write, compressed by its suffix.")
@click.option("--format", "writer", type=click.Choice(list(WRITERS)), default="pharaoh", show_default=True)
@click.option("--scores", is_flag=True, help="Write the score of each link and of the pair.")
@click.option("--one-based", is_flag=True, help="Number words from 1.")
@model_options
@quiet_option
def align(
    source: Path,
    target: Path | None,
    form: str | None,
    output: Path,
    writer: str,
    scores: bool,
    one_based: bool,
    quiet: bool,
    **model: Any,
) -> None:
    """Align the words of parallel sentences.

    \b
    xalign align test.de test.en > test.align
    paste test.de test.en | xalign align --tsv --model xlm-align | gzip > test.align.gz

    SRC and TGT hold a sentence a line, words separated by spaces. A single SRC, or standard input, is a stream of
    "source ||| target", of JSON lines, or with --tsv of columns. All are read as they are, or from .gz .xz .bz2 .zst.
    Output line i belongs to input line i; a pair with an empty side gives an empty line.
    """
    if target is not None and form is not None:
        raise click.UsageError(f"--{form} is for one stream, not for two files")
    expect_no_input(output, [source, target])
    # A missing file is told before a model is loaded or a file emptied.
    pairs = begun(read_stream(source, form) if target is None else read_files(source, target))
    aligner = aligner_from(model, all_layers=False)
    read: deque[SentencePair] = deque()  # what the aligner has taken, and the writer not yet
    taken = remembered(pairs, read)
    alignments = track(aligner.align(taken), "pairs", partial(count_lines, source), quiet)
    write, options = WRITERS[writer], WriteOptions(scores, one_based)
    with writing(output) as file:
        for number, alignment in enumerate(alignments, start=1):
            file.write(write(read.popleft(), alignment, number, options).encode())
