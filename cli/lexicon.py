"""`xalign lexicon`: links and their text -> lexical translation tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from xalign.cli.groups import option_group
from xalign.cli.options import WRITTEN
from xalign.cli.text import LinkedText
from xalign.cli.together import expect_with
from xalign.errors import OptionError
from xalign.files import expect_outputs, writing
from xalign.translation_table import TranslationTable


@click.command()
@option_group(LinkedText, "linked")
@click.option(
    "--s2t", type=WRITTEN, metavar="FILE", help="Write p(target | source), a line each: target source p."
)
@click.option(
    "--t2s", type=WRITTEN, metavar="FILE", help="Write p(source | target), a line each: source target p."
)
@click.option("--shortlist", type=WRITTEN, metavar="FILE", help="Write s2t pruned to --best, without NULL.")
@click.option(
    "--best",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="Target words per source word in the shortlist, at most.",
)
def lexicon(
    linked: LinkedText,
    s2t: Path | None,
    t2s: Path | None,
    shortlist: Path | None,
    best: int,
) -> None:
    """Write lexical translation tables, as Marian and Moses read them.

    \b
    Examples:
      xalign lexicon corpus.align --src corpus.de --tgt corpus.en --s2t lex.s2t --t2s lex.t2s
      xalign lexicon corpus.align --src corpus.de --tgt corpus.en --shortlist lex.s2t.pruned.gz --best 50

    LINKS has any readable format (docs/formats.md); - is standard input. The text is that of --src and --tgt, or the
    one that LINKS contains. The tables are those of extract-lex, which comes with Moses and Marian (docs/lexicon.md).
    Each FILE is compressed by its suffix; one of them may be - for standard output.
    """
    outputs = [path for path in (s2t, t2s, shortlist) if path is not None]
    if not outputs:
        raise OptionError("there is nothing to write: give --s2t, --t2s or --shortlist")
    expect_outputs(outputs, linked.files)
    expect_with("--shortlist", shortlist, "best")
    table = TranslationTable().add_all(linked.with_text())
    tables = (
        (s2t, table.source_to_target),
        (t2s, table.target_to_source),
        (shortlist, partial(table.shortlist, best)),
    )
    for path, lines in tables:
        if path is not None:
            with writing(path) as file:
                file.writelines(line.encode() for line in lines())
