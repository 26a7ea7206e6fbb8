"""`xalign eval`: gold, and hypotheses or a model -> precision, recall, F1, AER."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from click.core import ParameterSource

from xalign.aer import Signature, count
from xalign.cli.layers import layer_list
from xalign.cli.options import aligner_from, line_option, model_options, quiet_option
from xalign.cli.progress import track
from xalign.cli.standard import tell
from xalign.errors import FormatError, OptionError
from xalign.files import STANDARD, expect_no_input, name_of, writing
from xalign.formats import read_alignments, read_gold
from xalign.links import Alignment
from xalign.models import Preset, resolve
from xalign.plausibility import Reading, better_reading, out_of_range
from xalign.report import REPORTS, Score, sentence_table
from xalign.sentences import SentencePair, read_files

if TYPE_CHECKING:
    from xalign.pipeline import Aligner

PATH = click.Path(allow_dash=True, path_type=Path)


class Hypothesis(NamedTuple):
    """Alignments to score, where they come from, and what their signature says of that."""

    name: str
    alignments: Sequence[Alignment]
    settings: dict[str, object]


@click.command()
@click.argument("files", type=PATH, nargs=-1, metavar="[HYPOTHESIS]...")
@click.option("--gold", type=PATH, required=True, help="The links to score against.")
@click.option("--src", "source", type=PATH, help="Source text, to align or to check the links against.")
@click.option("--tgt", "target", type=PATH, help="Target text.")
@click.option(
    "--gold-one-based/--gold-zero-based",
    default=None,
    help="The number of the first word in the gold; by default what its format has.",
)
@click.option("--one-based/--zero-based", default=None, help="The same for the hypotheses.")
@click.option("--reverse", is_flag=True, help="The hypotheses say target-source.")
@click.option(
    "--layers", metavar="LIST", help="Score several layers of the model in one pass: all, or 7,8,9."
)
@click.option("--format", "form", type=click.Choice(list(REPORTS)), default="text", show_default=True)
@click.option(
    "--sentences", type=PATH, help="Write counts and scores of each sentence pair to this TSV file."
)
@line_option
@model_options
@quiet_option
@click.pass_context
def eval(
    ctx: click.Context,
    /,
    files: tuple[Path, ...],
    gold: Path,
    source: Path | None,
    target: Path | None,
    gold_one_based: bool | None,
    one_based: bool | None,
    reverse: bool,
    layers: str | None,
    form: str,
    sentences: Path | None,
    longest_line: int,
    quiet: bool,
    **model: object,
) -> None:
    """Score links, or the links that a model finds, against gold.

    \b
    xalign eval --gold gold.txt out.align
    xalign eval --gold gold.txt old.align new.align
    xalign eval --gold gold.txt --src test.de --tgt test.en --model xlm-align --layers all

    Of several HYPOTHESIS files, each is compared with the first by a paired test; - is stdin. Without any,
    the text is aligned first. Formats are found out (docs/formats.md).
    """
    _check_usage(ctx, files, source, target, [*model, "layers"])
    if [str(path) for path in (gold, source, target, *files)].count(STANDARD) > 1:
        raise OptionError('"-" stands for several files: standard input can be read once')
    if sentences is not None:
        expect_no_input(sentences, [gold, source, target, *files])
    text = list(read_files(source, target, longest_line)) if source and target else None
    links, numbers = _read_gold(gold, gold_one_based, text)
    if files:
        hypotheses = list(_from_files(files, gold, len(links), numbers, one_based, reverse))
    else:
        hypotheses = list(_from_model(model, layers, text or [], quiet))
    scores = _score(hypotheses, links, paired=bool(files))
    for warning in _warnings(gold, links, hypotheses, text, are_files=bool(files)):
        tell(f"Warning: {warning}")
    click.echo(REPORTS[form](scores), nl=False)
    if sentences is not None:
        with writing(sentences) as file:
            file.writelines(line.encode() for line in sentence_table(scores))


def _check_usage(
    ctx: click.Context,
    files: Sequence[Path],
    source: Path | None,
    target: Path | None,
    model_parameters: Sequence[str],
) -> None:
    if (source is None) != (target is None):
        raise OptionError("--src and --tgt go together: give both")
    if not files and source is None:
        raise OptionError("nothing to score: give a file of links, or --src and --tgt to align with a model")
    given = [
        name for name in model_parameters if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    unused = [
        name
        for name in ("one_based", "reverse")
        if not files and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if unused:
        raise OptionError(f"{_option(ctx, unused[0])} is about files of links: leave it out to score a model")
    if files and given:
        raise OptionError(
            f"{_option(ctx, given[0])} is for aligning with a model: leave it out to score {files[0]}"
        )
    if "layer" in given and "layers" in given:
        raise OptionError("--layer and --layers exclude each other: give one")


def _option(ctx: click.Context, parameter: str) -> str:
    """What a parameter is called on the command line."""
    return next(option.opts[0] for option in ctx.command.params if option.name == parameter)


def _read_gold(
    gold: Path, one_based: bool | None, text: Sequence[SentencePair] | None
) -> tuple[list[Alignment], list[int] | None]:
    """The links, and the numbers by which hypotheses may name the pairs: where there is a text, its lines do."""
    links, numbers = read_gold(gold, one_based, None if text is None else len(text))
    if not links:
        raise FormatError(f"{name_of(gold)} is empty: there is nothing to score against")
    if text is not None and len(links) != len(text):
        raise FormatError(
            f"{name_of(gold)} has links for {len(links)} sentence pairs, but the text has {len(text)}"
        )
    return links, numbers if text is None else None


def _from_files(
    files: Sequence[Path],
    gold: Path,
    pairs: int,
    numbers: Sequence[int] | None,
    one_based: bool | None,
    reverse: bool,
) -> Iterator[Hypothesis]:
    for path in files:
        links = read_alignments(path, one_based=one_based, reverse=reverse, sentences=pairs, numbers=numbers)
        if len(links) != pairs:
            shorter, longer = (path, gold) if len(links) < pairs else (gold, path)
            end = min(len(links), pairs)
            raise FormatError(
                f"{name_of(shorter)} ends after sentence pair {end}, but {name_of(longer)} goes on"
            )
        yield Hypothesis(name_of(path), links, {})


def _from_model(
    options: dict[str, object], layers: str | None, text: Sequence[SentencePair], quiet: bool
) -> Iterator[Hypothesis]:
    # Where layers are listed, the model needs none of its own; layer 0 is one that every encoder has.
    aligner = aligner_from({**options, "layer": 0} if layers else options)
    chosen = layer_list(layers or str(aligner.method.layer), aligner.encoder.layers)
    found = list(track(aligner.align_layers(text, chosen), "pairs", partial(len, text), quiet))
    preset = resolve(str(options["model"]))
    for layer in chosen:
        name = f"layer {layer}" if layers else preset.name
        yield Hypothesis(name, [by_layer[layer] for by_layer in found], _settings(aligner, preset, layer))


def _settings(aligner: Aligner, preset: Preset, layer: int) -> dict[str, object]:
    """For the signature: what it always names, then what that alone would not have settled."""
    from xalign.method import AlignOptions

    chosen = aligner.method
    plain = AlignOptions(layer=chosen.layer, extract=chosen.extract).completed_by(preset)
    usual = {"model": preset.name, "layer": layer, "extract": chosen.extract, "level": chosen.level}
    names = [field.name for field in fields(chosen)]
    values = {name: getattr(chosen, name) for name in names}
    changed = {
        name: value for name, value in values.items() if value is not None and value != getattr(plain, name)
    }
    dtype = str(aligner.encoder.dtype).removeprefix("torch.")
    return {**usual, **changed, **({} if dtype == "float32" else {"dtype": dtype})}


def _score(hypotheses: Sequence[Hypothesis], gold: Sequence[Alignment], paired: bool) -> list[Score]:
    scores: list[Score] = []
    for hypothesis in hypotheses:
        counts = [count(*pair) for pair in zip(hypothesis.alignments, gold, strict=True)]
        against = scores[0] if paired and scores else None
        signature = Signature.of(gold, hypothesis.settings)
        scores.append(Score.of(hypothesis.name, signature, counts, against))
    return scores


def _warnings(
    gold: Path,
    links: Sequence[Alignment],
    hypotheses: Sequence[Hypothesis],
    text: Sequence[SentencePair] | None,
    are_files: bool,
) -> Iterator[str]:
    files = [(name_of(gold), links)]
    files += [(hypothesis.name, hypothesis.alignments) for hypothesis in hypotheses if are_files]
    for name, alignments in files:
        if found := out_of_range(alignments, text):
            yield f"{name}: {found}; counted all the same"
    for hypothesis in hypotheses if are_files else hypotheses[-1:]:
        if better := better_reading(hypothesis.alignments, links):
            advice = _advice(better.reading, are_files)
            yield f"{hypothesis.name}: AER would be {100 * better.aer:.1f} with {advice}; not applied"


def _advice(reading: Reading, is_file: bool) -> str:
    advice = []
    if reading.reverse:
        advice.append("--reverse (or without it)" if is_file else "--src and --tgt the other way round")
    if reading.base:
        advice.append(_BASE_ADVICE[is_file, reading.base])
    return " and ".join(advice)


# (whether the hypothesis comes from a file, what to add to its numbers) -> what to try
_BASE_ADVICE = {
    (True, -1): "--one-based (or --gold-zero-based)",
    (True, 1): "--gold-one-based (or --zero-based)",
    (False, -1): "--gold-zero-based",
    (False, 1): "--gold-one-based",
}
