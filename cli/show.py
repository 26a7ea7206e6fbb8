"""`xalign show`: text with links -> a grid in the terminal, a web page, a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xalign.cli.gold_input import GoldInput
from xalign.cli.groups import option_group
from xalign.cli.help import SectionedCommand
from xalign.cli.options import LANGUAGES, READ, WRITTEN, aligner_from, models_options, progress_options
from xalign.cli.progress import track
from xalign.cli.text import expect_standard_once
from xalign.cli.text_input import TextInput
from xalign.cli.together import expect_with, typed
from xalign.errors import OptionError
from xalign.files import STANDARD, expect_outputs, name_of, writing
from xalign.score.evaluation import Hypothesis, settings
from xalign.score.figures import expect_figure
from xalign.show.case import Exhibit
from xalign.show.figure import draw
from xalign.show.web import page
from xalign.text.sentences import SentencePair

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")


@click.command(cls=SectionedCommand)
@option_group(TextInput, "text_input")
@click.option(
    "--align",
    "files",
    type=READ,
    multiple=True,
    help="Links to show; repeat it to compare files side by side.",
)
@option_group(GoldInput, "gold_input")
@click.option(
    "--pairs", "numbers", metavar="LIST", help="Show only these pairs, counted from 1, such as 1-20,31."
)
@click.option("--html", type=WRITTEN, help="Write a web page that needs no network, instead of printing.")
@click.option("--png", type=WRITTEN, help="Draw one pair for a paper: a .png, .svg or .pdf file.")
@models_options
@progress_options
def show(
    text_input: TextInput,
    files: tuple[Path, ...],
    gold_input: GoldInput,
    numbers: str | None,
    html: Path | None,
    png: Path | None,
    progress: str,
    **options: Any,
) -> None:
    """Look at links: a grid for each sentence pair, in the terminal or on a web page.

    \b
    Examples:
      echo 'Das Haus ist klein. ||| The house is small.' | xalign show --words unicode
      xalign show test.de test.en --align out.align --gold gold.txt | less -R
      xalign show test.de test.en --model mini --model small --gold gold.txt --html page.html

    SRC and TGT have one sentence per line, with spaces between words; --words unicode splits text that is not
    tokenized. Without TGT, SRC or standard input has "source ||| target" on each line, JSON objects, or with --tsv
    columns. Without --align the text is aligned first. There are no colours if the output is not a terminal, or if
    NO_COLOR is set.
    """
    expect_with("--gold", gold_input.gold, "gold_one_based")
    expect_with("--align", files, "one_based", "reverse")
    with_model = not files or bool(typed("model"))
    expect_with("--model", with_model, *(name for name in options if name not in LANGUAGES))
    inputs = [path for path in (*text_input.files, *files, gold_input.gold) if path is not None]
    expect_standard_once(inputs)
    expect_outputs([html, png], inputs)
    if png is not None:
        expect_figure(png)
    # Files of links and gold are about the whole text.
    text, chosen = _read(text_input, options, numbers, bool(files) or gold_input.gold is not None)
    if png is not None and len(chosen) != 1:
        raise OptionError(f"--png draws one pair, not {len(chosen)}: choose it, such as --pairs 3")
    gold = None if gold_input.gold is None else gold_input.read_gold(text)
    systems = [
        replace(system, name=name, alignments=_pick(system.alignments, chosen))
        for system, name in zip(gold_input.read(files, gold, text), _short(files), strict=True)
    ]
    if gold is not None:
        gold = replace(gold, name=Path(gold.name).name, alignments=_pick(gold.alignments, chosen))
    text = _pick(text, chosen)
    similarities = None
    if with_model:
        models, similarities = _by_models(options, text, progress)
        systems += models
    exhibit = Exhibit.of(text, systems, gold, similarities, chosen)
    if html is not None:
        title = " and ".join(_short(list(map(Path, text_input.files))))
        _write(html, page(exhibit, title, (options["source_language"], options["target_language"])).encode())
    if png is not None:
        _write(png, draw(exhibit, png))
    if html is None and png is None:
        _print(exhibit)


def _read(
    text_input: TextInput, options: Mapping[str, Any], numbers: str | None, is_whole: bool
) -> tuple[list[SentencePair], Sequence[int]]:
    """(pairs, numbers of those that --pairs names, in order); unless `is_whole`, no pair behind the last of them."""
    if numbers is None:
        text = text_input.pairs(options)
        return text, range(1, len(text) + 1)
    spans = _spans(numbers)
    text = text_input.pairs(options, None if is_whole else max(span[-1] for span in spans.values()))
    for part, span in spans.items():
        if span[-1] > len(text):
            raise OptionError(f"--pairs asks for {part}: the text has pairs 1 to {len(text)}")
    return text, sorted({number for span in spans.values() for number in span})


def _spans(numbers: str) -> dict[str, range]:
    """The parts of --pairs, and the numbers of pairs that each asks for, counted from 1."""
    spans = {}
    for part in numbers.split(","):
        first, dash, last = part.partition("-")
        try:
            span = range(int(first), int(last if dash else first) + 1)
        except ValueError:
            raise OptionError(f"--pairs is {numbers[:40]!r}: expected numbers such as 1-20,31") from None
        if not span or span[0] < 1:
            raise OptionError(f"--pairs asks for {part}: pairs are counted from 1, and a range goes upwards")
        spans[part] = span
    return spans


def _short(files: Sequence[Path]) -> list[str]:
    """Short names of files side by side: as many last parts of their paths as make them distinct."""
    depth = 1
    while len({file.parts[-depth:] for file in files}) < len({*files}):
        depth += 1
    return [name_of(file) if str(file) == STANDARD else str(Path(*file.parts[-depth:])) for file in files]


def _pick(values: Sequence[T], numbers: Sequence[int]) -> list[T]:
    return [values[number - 1] for number in numbers]


def _by_models(
    options: dict[str, Any], text: Sequence[SentencePair], progress: str
) -> tuple[list[Hypothesis], list[NDArray[np.float32]] | None]:
    """The links of each model, and the similarities of the first one, unless it uses a lexicon."""
    systems: list[Hypothesis] = []
    similarities = None
    for model in options["model"]:
        aligner = aligner_from({**options, "model": model}, all_layers=False)
        if systems or aligner.method.lexicon:
            found = list(track(aligner.align(text), "pairs", lambda: len(text), progress))
        else:
            compared = [
                each for _, each in track(aligner.compare(text), "pairs", lambda: len(text), progress)
            ]
            found = [each.alignment for each in compared]
            similarities = [each.similarity for each in compared]
        name, layer = aligner.preset.name, aligner.layer
        systems.append(Hypothesis(name, found, settings(aligner, layer)))
    return systems, similarities


def _write(path: Path, content: bytes) -> None:
    with writing(path) as file:
        file.write(content)


def _print(exhibit: Exhibit) -> None:
    from rich.console import Console

    from xalign.show.terminal import grids

    console = Console(soft_wrap=True, highlight=False)
    for text in grids(exhibit, console.width):
        console.print(text)
