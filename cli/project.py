"""`xalign project`: annotation of one language -> the same annotation of its translation."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import click

from xalign.ahead import begun
from xalign.cli.help import SectionedCommand
from xalign.cli.options import (
    LANGUAGES,
    READ,
    WRITTEN,
    aligner_from,
    library_options,
    model_options,
    output_option,
    progress_options,
)
from xalign.cli.progress import track
from xalign.cli.standard import tell
from xalign.cli.text import expect_standard_once
from xalign.cli.together import expect_with, expect_without
from xalign.cli.values import two_numbers
from xalign.errors import OptionError
from xalign.files import count_lines, expect_outputs, side_by_side, writing
from xalign.formats import iter_aligned
from xalign.links import Alignment
from xalign.project import FORMATS, Rules, detect_format, read_annotated, read_translations
from xalign.project import project as carry
from xalign.project.conllu import check_columns
from xalign.project.iob import COLUMNS
from xalign.project.spans import Strategy
from xalign.project.stream import TEXT, Sentence
from xalign.text.sentences import SentencePair
from xalign.text.tokenization import TOKENIZERS, tokenize

_Pairs = Iterable[tuple[Sentence, Sentence]]
_Link = Callable[[Iterator[SentencePair]], Iterable[tuple[Any, Alignment]]]


@click.command(cls=SectionedCommand)
@click.argument("annotated", type=READ)
@click.argument("target", type=READ)
@click.option(
    "--format",
    "format",
    type=click.Choice(FORMATS),
    help="Format of ANNOTATED; by default that of its suffix.",
)
@click.option(
    "--align", "links", type=READ, metavar="FILE", help="Use these links instead of aligning the text."
)
@click.option(
    "--columns",
    metavar="COLUMNS",
    help="conllu: columns to project, such as UPOS,FEATS (default: UPOS). iob: columns of word and tag, such as 2,3.",
)
@library_options(Rules, "rules")
@click.option(
    "--words",
    type=click.Choice(list(TOKENIZERS)),
    help="How text is split into words. Default: unicode for offsets and markup, whitespace for iob and conllu.",
)
@click.option("--report", type=WRITTEN, metavar="FILE", help="List what was not projected, and why.")
@output_option
@model_options
@progress_options
def project(
    annotated: Path,
    target: Path,
    format: str | None,
    links: Path | None,
    columns: str | None,
    rules: dict[str, Any],
    words: str | None,
    report: Path | None,
    output: Path,
    progress: str,
    **model: Any,
) -> None:
    """Carry annotation over to a translation.

    \b
    Examples:
      xalign project train.iob train.de > train.de.iob
      xalign project en.conllu text.de --columns UPOS,FEATS --align en-de.align > de.conllu
      xalign project page.html page.de.txt --report lost.tsv > page.de.html

    ANNOTATED has words and tags in columns (iob), CoNLL-U (conllu), JSON lines with character offsets (offsets), or
    text with inline tags and placeholders (markup). TARGET is its translation, one sentence per line. Links come from
    a model, or from a file with --align. The output is always well-formed. What could not be projected is counted on
    stderr and listed with --report. The rules are in docs/project.md.
    """
    form = format or detect_format(annotated)
    _expect_used(form, links, rules["strategy"], model)
    expect_standard_once([annotated, target, links])
    names, numbers = _columns(columns, form)
    expect_outputs([output, report], [annotated, target, links])
    manner = words or ("unicode" if form in TEXT else "whitespace")
    split = [
        partial(tokenize, manner=manner, language=model[f"{side}_language"]) for side in ("source", "target")
    ]
    sources = read_annotated(annotated, form, split[0], numbers)
    translations = read_translations(target, form, split[1])
    pairs = begun(side_by_side((annotated, target), sources, translations, "sentence"))
    with ExitStack() as stack:
        link: Any = (
            partial(iter_aligned, links) if links else aligner_from(model, all_layers=False).align_pairs
        )
        # Closed here, and not wherever the last reference goes, since it ends threads.
        counted = stack.enter_context(
            closing(track(_linked(pairs, link), "sentences", partial(count_lines, target), progress))
        )
        file = stack.enter_context(writing(output))
        listed = stack.enter_context(writing(report)) if report else None
        total, lost = 0, Counter[str]()
        for number, carried in enumerate(carry(counted, form, Rules(**rules, columns=names)), start=1):
            file.write(carried.text.encode())
            total += carried.total
            lost.update(each.why for each in carried.lost)
            if listed is not None:
                rows = (f"{number}\t{' '.join(what.split())}\t{why}\n" for what, why in carried.lost)
                listed.write("".join(rows).encode(errors="backslashreplace"))
    if progress != "none":
        tell(_outcome(total, lost))


def _outcome(total: int, lost: Counter[str]) -> str:
    reasons = "".join(
        f"; {count:,} {'was' if count == 1 else 'were'} not: {why}" for why, count in lost.most_common()
    )
    return f"{total - lost.total():,} of {total:,} carried over as they were{reasons}"


def _expect_used(form: str, links: Path | None, strategy: Strategy, model: Iterable[str]) -> None:
    """UsageError for an option that would change nothing."""
    expect_without("--align", links, (name for name in model if name not in LANGUAGES))
    expect_with("--format conllu", form == "conllu", "fill")
    expect_without("--format conllu", form == "conllu", ("strategy", "gap"))
    expect_without("--strategy cover", strategy is Strategy.COVER, ("gap",))


def _columns(text: str | None, form: str) -> tuple[tuple[str, ...], tuple[int, int]]:
    """(names of CoNLL-U, numbers of word and tag): the value of --columns, and the default of the other."""
    if text is None:
        return Rules().columns, COLUMNS
    if form == "conllu":
        return check_columns(text.split(",")), COLUMNS
    if form != "iob":
        raise OptionError(f"--columns is for conllu and iob, and the format is {form}")
    numbers = two_numbers(text)
    if numbers is None:
        raise OptionError(f"--columns is {text[:40]!r}: expected the numbers of word and tag, such as 2,3")
    return Rules().columns, numbers


def _linked(pairs: _Pairs, link: _Link) -> Iterator[tuple[Sentence, Sentence, Alignment]]:
    """Each pair with the links between its words."""
    waiting: deque[tuple[Sentence, Sentence]] = deque()

    def words() -> Iterator[SentencePair]:
        for pair in pairs:
            waiting.append(pair)
            yield SentencePair(pair[0].words, pair[1].words)

    for _, alignment in link(words()):
        yield *waiting.popleft(), alignment
