"""`xalign eval` on a little text with gold, and files of these."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xalign.cli import main

GERMAN = "das Haus ist klein .\nwir sehen eine Katze .\nmein Freund ist groß .\n"
ENGLISH = "the house is small .\nwe see a cat .\nmy friend is big .\n"
GOLD = "0-0 1-1 2-2 3-3 4-4\n0-0 1-1 2p2 3-3 4-4\n0-0 1-1 2-2 3-3 4-4\n"


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return write(tmp_path / "gold.txt", GOLD)


@pytest.fixture
def text(tmp_path: Path) -> list[object]:
    """The options --src and --tgt."""
    return ["--src", write(tmp_path / "test.de", GERMAN), "--tgt", write(tmp_path / "test.en", ENGLISH)]


def run(*arguments: object, input: str | None = None) -> Result:
    return CliRunner().invoke(main, ["eval", *map(str, arguments)], input=input)


def scores(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
