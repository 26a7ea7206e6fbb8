"""Options as data: what each may be, how a wrong value is told, and that Python and the command line have the same."""

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from click.testing import CliRunner

from xalign.aligner import Aligner
from xalign.cli import main
from xalign.cli.align import align
from xalign.errors import LayerError, OptionError
from xalign.input_shape import InputShape
from xalign.method import Extraction, Level, Method, MethodOptions
from xalign.models.preset import Options, Preset, RunOptions
from xalign.options import did_you_mean, parameters

ROOT = Path(__file__).resolve().parent.parent


def keywords(**options):
    return Preset.of("p", "p", layer=3).with_options(options)


def test_the_keywords_are_the_fields():
    assert set(get_type_hints(MethodOptions)) == set(parameters(Method))
    fields = {*parameters(Method), *parameters(InputShape), *parameters(RunOptions)}
    assert set(get_type_hints(Options)) == fields | {"src_lang", "tgt_lang"}


def test_signature_help_shows_every_keyword_of_an_aligner():
    for function in (Aligner.load, Aligner):
        shown = inspect.signature(function).parameters
        assert set(get_type_hints(Options)) <= set(shown)
        assert shown["threshold"].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.slow
def test_types_of_keywords_are_checked(tmp_path):
    """By mypy, as in a program of a user; the checkout is read, since mypy cannot follow an editable install."""
    program = tmp_path / "program.py"
    program.write_text(
        "from aligner import EXTRACTORS, Aligner\n"
        'Aligner.load("mini", layer=3, extract="itermax", src_lang="de")\n'
        'Aligner.load("mini", layer="3")\n'
        'Aligner.load("mini", treshold=0.5)\n'
        'EXTRACTORS["itermax"]\n'
        'Aligner.load("mini").align([["das Haus", "the house"], ("ja", ["yes"])])\n',
        encoding="utf-8",
    )
    command = [
        sys.executable,
        "-m",
        "mypy",
        str(program),
    ]  # here, where mypy may remember what it knows of torch
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert [line for line in said.splitlines() if re.search(":[256]:", line)] == []
    assert 'program.py:3: error: Argument "layer"' in said
    assert "program.py:4: error: Unexpected keyword argument" in said


def test_the_command_line_has_an_option_for_every_field_with_a_help_text():
    named = {option.name: option for option in align.params}
    for kind in (InputShape, Method, RunOptions):
        for name, parameter in parameters(kind).items():
            assert (name in named and named[name].help == parameter.option.help) or not parameter.option.help
    assert named["source_language"].opts == ["--src-lang"]


@pytest.mark.parametrize("option", ["source_language", "src_lang"])
def test_languages_have_the_names_of_the_command_line_too(option):
    _, run = keywords(**{option: "de"})
    assert run.source_language == "de"


def test_none_leaves_a_value_to_the_preset():
    settled, run = keywords(**dict.fromkeys(get_type_hints(Options)))
    assert settled == Preset.of("p", "p", layer=3)
    assert run == RunOptions()


def test_the_values_of_a_choice_are_texts_and_its_types_are_known():
    method = Method(layer=1, extract="softmax", level="word")
    assert (
        method.extract is Extraction.SOFTMAX
        and method.extract == "softmax"
        and f"{method.extract}" == "softmax"
    )
    assert method.level is Level.WORD


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"extract": "itermx"}, "extract is 'itermx': choose one of argmax, .*; did you mean 'itermax'\\?"),
        ({"extrct": "itermax"}, "unknown option 'extrct'; did you mean 'extract'\\?"),
        ({"srclang": "de"}, "unknown option 'srclang'; did you mean 'source_language'\\?"),
        ({"segments": "no"}, "segments is 'no': it must be true or false"),
        ({"threshold": float("inf")}, "threshold is inf: it must be a number or none"),
        ({"distortion": 1.5}, "distortion is 1.5: it must be a number from 0 to 1"),
        (
            {"threshold": 2, "extract": "agreement-grow"},
            "threshold is 2: it must be a number from 0 to 1 with extract agreement-grow",
        ),
        (
            {"threshold": -0.1, "extract": "xlm-align"},
            "threshold is -0.1: .* from 0 to 1 with extract xlm-align",
        ),
        ({"lexicon": 1, "threshold": 1.1}, "threshold is 1.1: .* from 0 to 1"),
        ({"lexicon": -1}, "lexicon is -1: it must be a whole number from 0"),
    ],
)
def test_a_wrong_option_is_told_as_python_spells_it(options, message):
    with pytest.raises(OptionError, match=message) as caught:
        keywords(**options)
    assert "--" not in str(caught.value)


def test_true_is_one_round_of_a_lexicon():
    assert keywords(lexicon=True)[0].method.lexicon == 1
    with pytest.raises(OptionError, match="layer is True"):
        keywords(layer=True)


def test_a_method_without_a_layer_asks_for_one():
    with pytest.raises(LayerError, match=r"^give layer: .* of mine aligns best"):
        Method().layer_of("mine")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--extract", "itermx"], "--extract is 'itermx': choose one of argmax"),
        (["--extract", "match", "--symmetrize", "union"], "--symmetrize goes with --extract argmax"),
        (["--lexicon", "--level", "subword"], "leave out --extract, --symmetrize, --distortion and --level"),
        (["--device", "warp"], "--device warp cannot be used here"),
    ],
)
def test_the_command_line_adds_the_dashes(arguments, message):
    result = CliRunner().invoke(main, ["align", *arguments], input="a ||| b\n")
    assert result.exit_code == 2
    assert message in result.stderr and len(result.stderr.splitlines()) == 1


def test_only_what_is_alike_is_guessed():
    assert did_you_mean("algn", ["align", "eval"]) == "; did you mean 'align'?"
    assert did_you_mean("xyz", ["align", "eval"]) == ""
    assert did_you_mean(3, ["align"]) == ""
