"""`xalign convert`: links in one format -> links in another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from xalign.ahead import begun
from xalign.cli.options import PATH, line_option, output_option
from xalign.cli.pieces import marks_of, subwords_option
from xalign.cli.text import base_option, outside_option, text_of, text_options
from xalign.cli.together import expect_with
from xalign.errors import OptionError
from xalign.files import STANDARD, expect_no_input, writing
from xalign.formats import FORMATS, READABLE, WRITERS, WriteOptions, iter_aligned, iter_with_text
from xalign.links import Alignment
from xalign.pieces import gathered
from xalign.text.sentences import SentencePair

BASED = ("pharaoh", "tsv", "jsonl")  # the formats in which xalign counts words from 0 or from 1
NO_TEXT = SentencePair((), ())


@click.command()
@click.argument("links", type=PATH, default=STANDARD)
@click.option(
    "--to",
    "target_format",
    type=click.Choice(list(WRITERS)),
    default="pharaoh",
    show_default=True,
    help="The format to write.",
)
@click.option(
    "--from",
    "source_format",
    type=click.Choice(["auto", *READABLE]),
    default="auto",
    show_default=True,
    help="The format of LINKS.",
)
@text_options
@base_option
@click.option("--to-one-based", is_flag=True, help="Count words from 1 in pharaoh, tsv and jsonl, too.")
@click.option("--no-scores", is_flag=True, help="Leave scores out.")
@click.option("--reverse", is_flag=True, help="Swap source and target, in links and text.")
@click.option(
    "--join-pieces",
    is_flag=True,
    help="The text is in pieces (▁ @@ ## Ġ ￭ </w>): write the words that they make, and links of words.",
)
@subwords_option
@outside_option
@output_option
@line_option
def convert(
    links: Path,
    target_format: str,
    source_format: str,
    source: Path | None,
    target: Path | None,
    one_based: bool | None,
    to_one_based: bool,
    no_scores: bool,
    reverse: bool,
    join_pieces: bool,
    subwords: str,
    outside: str,
    output: Path,
    longest_line: int,
) -> None:
    """Write links in another format.

    \b
    Examples:
      xalign convert gold.wa --to pharaoh > gold.align
      xalign convert out.align --src test.de --tgt test.en --to tsv -o out.tsv.gz
      xalign convert pieces.align --src test.spm.de --tgt test.spm.en --join-pieces > words.align

    LINKS has any readable format (docs/formats.md); - is standard input. The text is that of --src and --tgt, or the
    one that LINKS contains. Links are checked against the text if there is one. Scores are kept if the format can hold
    them.
    """
    expect_with("--join-pieces", join_pieces, "subwords")
    expect_no_input(output, [links, source, target])
    if to_one_based and target_format not in BASED:
        raise OptionError(f"--to-one-based is for {', '.join(BASED)}: {target_format} has its own numbers")
    text = text_of([links], source, target, longest_line)
    given = links, text, source_format, one_based, outside
    aligned: Iterator[tuple[SentencePair | None, Alignment]]
    if join_pieces:
        marks = marks_of(subwords)
        aligned = begun(gathered(iter_with_text(*given), marks, marks))
    elif FORMATS[target_format].needs_text:
        aligned = begun(iter_with_text(*given))
    else:
        aligned = begun(iter_aligned(*given))
    write, options = WRITERS[target_format], WriteOptions(scores=not no_scores, one_based=to_one_based)
    with writing(output) as file:
        for number, (pair, alignment) in enumerate(aligned, start=1):
            shown = pair or NO_TEXT
            if reverse:
                shown, alignment = SentencePair(shown.target, shown.source), alignment.reversed()
            file.write(write(shown, alignment, number, options).encode())
