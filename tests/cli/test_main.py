"""The `xalign` command as a whole: its commands, their help, their options."""

import inspect
import subprocess
import sys
from importlib.metadata import version

import click
import pytest
from click.testing import CliRunner
from commands import commands

from xalign.cli import COMMANDS, main
from xalign.version import VERSION


def run(*arguments):
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS), ["models", "verify"]])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(arguments, option):
    result = run(*arguments, option)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: main {' '.join(arguments)}".rstrip())
    assert result.stderr == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_shows_how_to_call_it(name):
    help_text = run(name, "--help").stdout
    assert f"xalign {name}" in help_text


def test_the_list_of_commands_has_a_line_for_each():
    lines = run("--help").stdout.splitlines()
    for name, (_, line) in COMMANDS.items():
        assert f"{name} {line}" in {" ".join(each.split()) for each in lines}


@pytest.mark.parametrize(
    "command", [pytest.param(each, id=" ".join(names) or "xalign") for names, each in commands()]
)
def test_help_has_labelled_examples_and_says_what_each_option_does(command):
    assert "\nExamples:\n  " in inspect.cleandoc(command.help)
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []


def test_the_many_options_of_training_stand_in_sections():
    lines = run("train", "--help").stdout.splitlines()
    titles = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    sections = ["Text and model", "Objectives", "Schedule", "How the trained model aligns", "Device"]
    assert titles == [f"{title}:" for title in (*sections, "Progress and help")]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("xalign al", {"align"}),
        ("xalign align --model xmod", {"xmod-base", "xmod-large"}),
        ("xalign align --model mi", {"mini"}),
        ("xalign train --init sm", {"small"}),
        ("xalign align --extract iter", {"itermax"}),
        ("xalign align --model runs/", {"runs/"}),  # a folder, which the shell completes
    ],
)
def test_the_shell_completes_commands_models_and_values(typed, expected):
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    environment = {"_XALIGN_COMPLETE": "bash_complete", **words}
    result = CliRunner().invoke(main, [], prog_name="xalign", env=environment)
    assert {line.partition(",")[2] for line in result.stdout.splitlines()} == expected


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_the_packages_and_names_those_of_torch_and_transformers(option):
    own, others = run(option).stdout.splitlines()
    assert own == f"xalign, version {VERSION}"
    python = ".".join(map(str, sys.version_info[:3]))
    assert others == f"torch {version('torch')}, transformers {version('transformers')}, Python {python}"


def test_the_version_waits_for_no_library():
    script = (
        "import sys; from xalign.cli import main; main.main(['--version'], standalone_mode=False); "
        "sys.exit(bool({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True).returncode == 0


@pytest.mark.parametrize("arguments", [["alien"], ["align", "--no-such"], ["align", "--format", "xml"]])
def test_what_is_not_there_is_bad_usage(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr.splitlines()[-1]


PROMISED = {
    "-o": None,
    "-q": None,
    "-v": None,
    "--progress": {"auto", "bar", "lines", "none"},
    "--tsv": None,
    "--columns": None,
    "--longest-line": None,
    "--on-error": {"stop", "empty"},
    "--report": None,
    "--resume": None,
    "--from-line": None,
    "--lines": None,
    "--shard": None,
    "--format": {
        "pharaoh",
        "words",
        "tsv",
        "jsonl",
        "naacl",
        "talp",
        "giza",
        "rwth",
        "tsinghua",
        "detokenized",
    },
    "--scores": None,
    "--one-based": None,
    "--model": None,
    "--layer": None,
    "--encode": {"pair", "separate"},
    "--similarity": {"dot", "cosine"},
    "--extract": {
        *("argmax", "forward", "backward", "union", "itermax", "match"),
        *("softmax", "entmax", "agreement", "agreement-grow", "xlm-align", "sinkhorn", "unbalanced"),
    },
    "--threshold": None,
    "--level": {"subword", "word"},
    "--punctuation": {"free", "apart"},
    "--symmetrize": {"intersection", "union", "grow-diag", "grow-diag-final", "grow-diag-final-and"},
    "--lexicon": None,
    "--distortion": None,
    "--jsonl": None,
    "--src-lang": None,
    "--tgt-lang": None,
    "--batch-tokens": None,
    "--device": None,
    "--dtype": {"auto", "float32", "bfloat16", "float16", "int8"},
}


@pytest.mark.parametrize(("name", "choices"), PROMISED.items())
def test_scripts_can_rely_on_the_options_of_align(name, choices):
    align = main.get_command(click.Context(main), "align")
    [option] = [each for each in align.params if name in each.opts]
    if choices is not None:
        assert set(option.type.choices) == choices


@pytest.mark.parametrize(("typed", "meant"), [(["alin"], "align"), (["models", "shwo"], "show")])
def test_a_mistyped_command_is_guessed(typed, meant):
    result = run(*typed)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"Error: No such command '{typed[-1]}'; did you mean '{meant}'?\n")


def test_what_is_like_no_command_is_not_guessed():
    assert run("zzz").stderr.endswith("Error: No such command 'zzz'.\n")


def test_the_command_is_there_where_the_path_is_not():
    command = [sys.executable, "-m", "xalign.cli", "--version"]
    assert (
        f"version {VERSION}\n" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    )
