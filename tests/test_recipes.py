"""Recipes run to their end: each script and option exists, and each step finds the files that it reads."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from conftest import REPOSITORY

from xalign.cli import main

STEPS = REPOSITORY / "tests" / "recipe_steps.py"


@pytest.fixture
def commands(tmp_path):
    """`commands("small/make.sh")`: what it would run, up to its end, with a stand-in for every program of ours."""
    programs, noted, work = (tmp_path / name for name in ("programs", "noted", "work"))
    programs.mkdir()
    for name in ("python", "xalign"):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{STEPS}" {name} "$@"\n', encoding="utf-8")
        program.chmod(0o755)

    def run(recipe: str, *arguments: str) -> list[list[str]]:
        noted.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "NOTED": str(noted),
            "XALIGN_DATA": str(tmp_path),
        }
        script = REPOSITORY / "recipes" / recipe
        subprocess.run(
            ["bash", script, work, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL
        )
        return [json.loads(line) for line in noted.read_text(encoding="utf-8").splitlines()]

    return run


def options_of(script: Path) -> dict[str, bool]:
    """The options that a script declares, and whether it must get them."""
    calls = [
        node for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    return {
        call.args[0].value: any(ast.unparse(each) == "required=True" for each in call.keywords)
        for call in calls
        if getattr(call.func, "attr", "") == "add_argument"
    }


def assert_can_be_given(command: list[str]) -> None:
    if command[0] == "xalign":
        given = main.get_command(click.Context(main), command[1])
        given.make_context(command[1], command[2:]).close()  # ends the test where click refuses it
        return
    declared = options_of(REPOSITORY / command[1])
    given = {word for word in command if word.startswith("--")}
    assert given <= declared.keys(), command
    assert {option for option, required in declared.items() if required} <= given, command


def test_small_is_made_and_mini_taught_by_commands_that_exist(commands):
    made = commands("small/make.sh", "--hub")
    steps = [Path(command[1]).name for command in (made[0], *made[-2:])]
    assert steps == ["convert.py", "bundle.py", "calibrate.py"]
    assert made[0][-1] == "--hub"
    assert sum(command[:2] == ["xalign", "train"] for command in made) == 9
    for command in made:
        assert_can_be_given(command)


def test_mini_is_made_and_taught_by_commands_that_exist(commands):
    for recipe in ("mini/make.sh", "mini/teach.sh"):
        made = commands(recipe)
        assert [Path(command[1]).name for command in made[-2:]] == ["bundle.py", "calibrate.py"]
        for command in made:
            assert_can_be_given(command)


SCORED = """
from calibrate import fit_pairs
from filtering import scores
from translations import SHUFFLED, TRUE, Example
from xalign import Aligner
from xalign.text.sentences import SentencePair, read_files
import sys

pairs = [*read_files(*sys.argv[1:])][:8]
targets = [pair.target for pair in pairs]
true = [Example("de-en", 1, TRUE, pair) for pair in pairs]
wrong = [
    Example("de-en", 1, SHUFFLED, SentencePair(pair.source, target))
    for pair, target in zip(pairs, targets[1:] + targets[:1])
]
weights, bias = fit_pairs(Aligner.load("mini", calibrated=False), [*true, *wrong])
of_pairs, of_links = scores(Aligner.load("mini"), [*true, *wrong])
print(len(weights), *(float(each[:8].mean() - each[8:].mean()) for each in (of_pairs, of_links)))
"""


def test_pairs_are_calibrated_and_filtered_by_what_the_engine_finds():
    texts = [REPOSITORY / "eval_data" / "de-en" / f"test.{language}" for language in ("de", "en")]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "recipes" / "mini")}
    done = subprocess.run(
        [sys.executable, "-c", SCORED, *texts], env=environment, check=True, capture_output=True, text=True
    )
    width, by_pair, by_links = done.stdout.split()
    assert int(width) == 256 + 1  # a weight per dimension of the mean state, and one for the best similarity
    assert float(by_pair) > 0.5
    assert float(by_links) > 0
