"""Recipes run to their end: each script and option exists, and each step finds the files that it reads."""

import ast
import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from conftest import REPOSITORY

from xalign.cli import main
from xalign.links import Alignment
from xalign.text.sentences import SentencePair

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
    assert sum(command[:2] == ["xalign", "train"] for command in made) == 11
    for command in made:
        assert_can_be_given(command)


def test_mini_is_made_and_taught_by_commands_that_exist(commands):
    for recipe in ("mini/make.sh", "mini/teach.sh"):
        made = commands(recipe)
        assert [Path(command[1]).name for command in made[-2:]] == ["bundle.py", "calibrate.py"]
        for command in made:
            assert_can_be_given(command)


SCORED = """
import sys

from calibrate import fit_pairs
from filtering import scores
from translations import SHUFFLED, TRUE, Example
from xalign import Aligner
from xalign.text.sentences import SentencePair, read_files

pairs = [*read_files(*sys.argv[1:])][:8]
targets = [pair.target for pair in pairs]
true = [Example("de-en", 1, TRUE, pair) for pair in pairs]
wrong = [
    Example("de-en", 1, SHUFFLED, SentencePair(pair.source, target))
    for pair, target in zip(pairs, targets[1:] + targets[:1])
]
weights, _ = fit_pairs(Aligner.load("mini", calibrated=False), [*true, *wrong])
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


def labels(monkeypatch, language: str, source: str, target: str, scores: dict[tuple[int, int], float]):
    """The links that count in full as labels, of links that a model found."""
    monkeypatch.syspath_prepend(REPOSITORY / "recipes" / "small")
    relabel = importlib.import_module("relabel")
    pair = SentencePair(tuple(source.split()), tuple(target.split()))
    found = replace(Alignment.of(scores), scores=tuple(scores[link] for link in sorted(scores)))
    weights = relabel.label(pair, found, language, with_english=True)
    return {link for link, weight in weights.items() if weight == 1}


def test_labels_have_the_links_of_function_words_that_gold_of_the_language_has(monkeypatch):
    article = "the house stands", "huset står", {(0, 0): 0.7, (1, 0): 0.9, (2, 1): 0.9}
    assert labels(monkeypatch, "sv", *article) == {(1, 0), (2, 1)}
    assert labels(monkeypatch, "da", *article) == {(0, 0), (1, 0), (2, 1)}
    free = "the old house", "det gamla huset", {(0, 0): 0.9, (1, 1): 0.9, (2, 2): 0.9}
    assert labels(monkeypatch, "sv", *free) == {(0, 0), (1, 1), (2, 2)}
    assert labels(monkeypatch, "ja", "the old house", "その 古い 家", free[2]) == {(1, 1), (2, 2)}
    shared = "houses stand", "les maisons sont", {(0, 0): 0.7, (0, 1): 0.9, (1, 2): 0.9}
    assert labels(monkeypatch, "fr", *shared) == {(0, 1), (1, 2)}
    assert labels(monkeypatch, "de", *shared) == {(0, 0), (0, 1), (1, 2)}
    verb = "we want to go", "vi vill gå", {(0, 0): 0.9, (1, 1): 0.9, (3, 2): 0.9}
    assert labels(monkeypatch, "sv", *verb) == {(0, 0), (1, 1), (2, 1), (3, 2)}
    assert labels(monkeypatch, "de", *verb) == {(0, 0), (1, 1), (3, 2)}
