"""`xalign convert`: links in one format -> links in another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from xalign.ahead import begun
from xalign.cli.groups import option_group
from xalign.cli.options import output_option
from xalign.cli.pieces import marks_of, subwords_option
from xalign.cli.text import LinkedText
from xalign.cli.together import expect_format, expect_with
from xalign.files import expect_outputs, writing
from xalign.formats import FORMATS, READABLE, WRITERS, WriteOptions
from xalign.links import Alignment
from xalign.pieces import gathered
from xalign.text.sentences import SentencePair

NO_TEXT = SentencePair((), ())


@click.command()
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
@option_group(LinkedText, "linked")
@click.option("--to-one-based", is_flag=True, help="Count words from 1 in pharaoh, tsv and jsonl, too.")
@click.option("--no-scores", is_flag=True, help="Leave scores out.")
@click.option("--reverse", is_flag=True, help="Swap source and target, in links and text.")
@click.option(
    "--join-pieces",
    is_flag=True,
    help="The text is in pieces (▁ @@ ## Ġ ￭ </w>): write the words that they make, and links of words.",
)
@subwords_option
@output_option
def convert(
    linked: LinkedText,
    target_format: str,
    source_format: str,
    to_one_based: bool,
    no_scores: bool,
    reverse: bool,
    join_pieces: bool,
    subwords: str,
    output: Path,
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
    expect_outputs([output], linked.files)
    expect_format("--to-one-based", to_one_based, target_format, "based")
    aligned: Iterator[tuple[SentencePair | None, Alignment]]
    if join_pieces:
        marks = marks_of(subwords)
        aligned = begun(gathered(linked.with_text(source_format), marks, marks))
    elif FORMATS[target_format].needs_text:
        aligned = begun(linked.with_text(source_format))
    else:
        aligned = begun(linked.aligned(source_format))
    write, options = WRITERS[target_format], WriteOptions(scores=not no_scores, one_based=to_one_based)
    with writing(output) as file:
        for number, (pair, alignment) in enumerate(aligned, start=1):
            shown = pair or NO_TEXT
            if reverse:
                shown, alignment = SentencePair(shown.target, shown.source), alignment.reversed()
            file.write(write(shown, alignment, number, options).encode())
