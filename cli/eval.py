"""`xalign eval`: gold, and hypotheses or a model -> precision, recall, F1, AER."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from xalign.cli.gold_input import GoldInput
from xalign.cli.groups import option_group
from xalign.cli.help import SectionedCommand
from xalign.cli.options import (
    FOLDER,
    READ,
    WRITTEN,
    aligner_from,
    line_option,
    models_options,
    progress_options,
)
from xalign.cli.progress import track
from xalign.cli.text import expect_both, expect_standard_once
from xalign.cli.together import expect_with, typed
from xalign.cli.values import layer_list
from xalign.errors import OptionError
from xalign.files import expect_outputs, writing
from xalign.models import resolve
from xalign.score.evaluation import Gold, Hypothesis, ProbableMistake, evaluate, probable_mistakes
from xalign.score.figures import expect_figure
from xalign.score.report import REPORTS, sentence_table
from xalign.score.testsets import find_testset
from xalign.text.sentences import SentencePair, read_files

logger = logging.getLogger("xalign")


@click.command(cls=SectionedCommand)
@click.argument("files", type=READ, nargs=-1, metavar="[HYPOTHESIS]...")
@option_group(GoldInput, "gold_input")
@click.option("--src", "source", type=READ, help="Source text: to align, or to check links against.")
@click.option("--tgt", "target", type=READ, help="Target text.")
@click.option(
    "--testset",
    type=(str, FOLDER),
    metavar="NAME FOLDER",
    help="A public gold set and the folder of its download, for gold and text (xalign testsets).",
)
@click.option(
    "--layers", metavar="LIST", help="Score several layers of the model in one pass: all, or 7,8,9."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(REPORTS)),
    default="text",
    show_default=True,
    help="Format of the report.",
)
@click.option(
    "--sentences", type=WRITTEN, help="Write the counts and scores of each sentence pair to this TSV file."
)
@click.option(
    "--plot",
    type=WRITTEN,
    help="Draw AER by layer and by length, precision and recall by threshold, reliability: a .png, .svg or .pdf file.",
)
@line_option
@models_options
@progress_options
def eval(
    files: tuple[Path, ...],
    gold_input: GoldInput,
    source: Path | None,
    target: Path | None,
    testset: tuple[str, Path] | None,
    layers: str | None,
    form: str,
    sentences: Path | None,
    plot: Path | None,
    longest_line: int,
    progress: str,
    **options: Any,
) -> None:
    """Score links, or the links that a model finds, against gold.

    \b
    Examples:
      xalign eval --gold gold.txt out.align
      xalign eval --gold gold.txt old.align new.align
      xalign eval --gold gold.txt --src test.de --tgt test.en --model mini --model small
      xalign eval --gold gold.txt --src test.de --tgt test.en --model xlm-align --layers all --plot layers.png
      xalign eval --testset de-en alignment-test-sets/ --model mini

    HYPOTHESIS is a file of links in any readable format (docs/formats.md); - is standard input. Without it, the
    text is aligned first. A paired test compares each further file or model with the first one, and each layer with
    the best one.
    """
    _check_usage(files, (gold_input.gold, source, target), testset is not None, [*options, "layers"])
    expect_outputs([sentences, plot], [gold_input.gold, source, target, *files])
    if plot is not None:
        expect_figure(plot)
    text: list[SentencePair] | None = None
    if testset is not None:
        text, gold = find_testset(testset[0]).read(testset[1])
    else:
        text = list(read_files(source, target, longest_line)) if source and target else None
        gold = gold_input.read_gold(text)
    by_models = _from_models(options, layers, text or [], progress)
    hypotheses = gold_input.read(files, gold) if files else list(by_models)
    scores = evaluate(gold, hypotheses, against="best" if layers else "first")
    for mistake in probable_mistakes(gold, hypotheses[-1:] if layers else hypotheses, text):
        logger.warning("%s: %s", mistake.name, _told(mistake, gold, is_file=bool(files)))
    if plot is not None:
        from xalign.score.plots import draw

        picture = draw(scores, hypotheses, gold, text, plot)
        with writing(plot) as file:
            file.write(picture)
    if sentences is not None:
        with writing(sentences) as file:
            file.writelines(line.encode() for line in sentence_table(scores))
    click.echo(REPORTS[form](scores), nl=False)


def _check_usage(
    files: Sequence[Path],
    inputs: tuple[Path | None, Path | None, Path | None],
    has_testset: bool,
    model_parameters: Sequence[str],
) -> None:
    gold, source, target = inputs
    if has_testset and any(path is not None for path in inputs):
        raise OptionError("--testset brings gold and text: leave out --gold, --src and --tgt")
    if not has_testset and gold is None:
        raise OptionError("there is nothing to score against: give --gold, or --testset")
    expect_both(source, target)
    if not files and source is None and not has_testset:
        raise OptionError("nothing to score: give a file of links, or --src and --tgt to align with a model")
    expect_standard_once([*inputs, *files])
    expect_with("--gold", gold, "gold_one_based")
    if not files and (unused := typed("one_based", "reverse")):
        raise OptionError(f"{unused[0]} is about files of links: leave it out to score a model")
    if files and (given := typed(*model_parameters)):
        raise OptionError(f"{given[0]} is for aligning with a model: leave it out to score {files[0]}")
    if len(typed("layer", "layers")) == 2:
        raise OptionError("--layer and --layers exclude each other: give one")


def _from_models(
    options: dict[str, Any], layers: str | None, text: Sequence[SentencePair], progress: str
) -> Iterator[Hypothesis]:
    models = options.pop("model")
    for model in models:
        # With --layers the model needs no layer of its own, if it has none; every encoder has layer 0.
        any_layer = layers and resolve(model).method.layer is None
        aligner = aligner_from({**options, "model": model} | ({"layer": 0} if any_layer else {}))
        chosen = layer_list(layers or str(aligner.method.layer), aligner.encoder.layers)
        found = track(aligner.align_layers(text, chosen), "pairs", partial(len, text), progress)
        for hypothesis in Hypothesis.of_layers(aligner, chosen, found):
            several = len(chosen) > 1 and len(models) > 1
            name = f"{aligner.preset.name} {hypothesis.name}" if several else hypothesis.name
            yield replace(hypothesis, name=name)


def _told(mistake: ProbableMistake, gold: Gold, is_file: bool) -> str:
    if mistake.better is None:
        return f"{mistake.text}; counted all the same"
    reading = mistake.better.reading
    advice = []
    if reading.reverse:
        advice.append("--reverse (or without it)" if is_file else "--src and --tgt the other way round")
    if reading.base:
        advice.append(_base_advice(reading.base, mistake.one_based, gold.one_based))
    return f"AER would be {100 * mistake.better.aer:.1f} with {' and '.join(advice)}; not applied"


def _base_advice(base: int, one_based: bool | None, gold_one_based: bool | None) -> str:
    """What adds `base` to the numbers of the links, beside those of the gold; only what is not so already."""
    if base < 0:
        helpful = {"--one-based": one_based is False, "--gold-zero-based": gold_one_based is True}
    else:
        helpful = {"--gold-one-based": gold_one_based is False, "--zero-based": one_based is True}
    first, *others = [option for option, helps in helpful.items() if helps] or [
        f"every word number of the links 1 {'lower' if base < 0 else 'higher'}"
    ]
    return f"{first} (or {others[0]})" if others else first
