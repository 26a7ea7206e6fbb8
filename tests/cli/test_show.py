import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from eval_runs import write

from xalign.cli import main

SOURCE = "das Haus ist klein\nwir sehen eine Katze\nja\n"
TARGET = "the house is small\nwe see a cat\nyes\n"
LINKS = "0-0 1-1 2-2 3-3\n0-0 1-1 3-3\n0-0\n"
GOLD = "0-0 1-1 2-2 3p3\n0-0 1-1 2-2 3-3\n0-0\n"


def run(*arguments: object, input: str | bytes | None = None, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, ["show", *map(str, arguments)], input=input)


@pytest.fixture
def text(tmp_path: Path) -> list[Path]:
    return [write(tmp_path / "test.de", SOURCE), write(tmp_path / "test.en", TARGET)]


@pytest.fixture
def links(tmp_path: Path) -> Path:
    return write(tmp_path / "out.align", LINKS)


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return write(tmp_path / "gold.txt", GOLD)


def test_links_of_a_file_are_shown_without_a_model(text, links):
    result = run(*text, "--align", links)
    assert result.exit_code == 0, result.output
    assert "1  Haus · ● · ·  house\n" in result.stdout
    assert result.stdout.count("pair ") == 3


def test_text_comes_from_columns_as_for_align(links):
    columns = "".join(
        f"{target}\t{source}\n" for source, target in zip(SOURCE.split("\n"), TARGET.split("\n"), strict=True)
    )
    result = run("--columns", "2,1", "--align", links, input=columns.removesuffix("\t\n"))
    assert result.exit_code == 0, result.output
    assert "1  Haus · ● · ·  house\n" in result.stdout


def test_a_missing_link_is_shown_against_gold(text, links, gold):
    result = run(*text, "--align", links, "--gold", gold)
    assert "2  eine · · ○ ·  ○a\n" in result.stdout
    assert "3 klein · · · ◐  ◐small\n" in result.stdout


def test_chosen_pairs_keep_their_numbers(text, links, gold):
    result = run(*text, "--align", links, "--gold", gold, "--pairs", "3,2-2")
    assert [line.split("  ")[0] for line in result.stdout.splitlines() if line.startswith("pair")] == [
        "pair 2",
        "pair 3",
    ]


def test_a_long_text_is_read_up_to_the_last_pair_that_is_asked_for(tiny):
    good, broken = b"das Haus ||| the house\n", b"\xff ||| no UTF-8\n"
    result = run("--pairs", "2,1", "--model", tiny("preset"), input=good * 2 + broken)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("pair ") == 2
    assert "line 3" in run("--pairs", "3", "--model", tiny("preset"), input=good * 2 + broken).stderr
    result = run("--pairs", "1,2-9999999999999999999999", "--model", tiny("preset"), input=good * 2)
    assert "--pairs asks for 2-9999999999999999999999: the text has pairs 1 to 2" in result.stderr


def test_the_text_is_aligned_where_no_links_are_given(text, tiny):
    result = run(*text, "--model", tiny("preset"))
    assert result.exit_code == 0, result.output
    assert "pair 3  score " in result.stdout


def test_a_pair_may_come_from_a_pipe(tiny):
    result = run("--model", tiny("preset"), input="das Haus ||| the house\n")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("pair 1  score ")


def test_text_may_be_given_as_it_is(tiny):
    result = run("--words", "unicode", "--model", tiny("preset"), input="das Haus . ||| the house.\n")
    assert [line.split()[1] for line in result.stdout.splitlines() if line[:2] in ("0 ", "1 ", "2 ")] == [
        "das",
        "Haus",
        ".",
    ]


def test_models_and_files_stand_side_by_side(text, links, tiny, tmp_path):
    models = ["--model", tiny("preset"), "--model", tiny("xlm-roberta"), "--layer", 2]
    page = tmp_path / "page.html"
    result = run(*text, "--align", links, *models, "--html", page)
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    content = page.read_text(encoding="utf-8")
    assert [f'{{"name":"{name}"' in content for name in ("out.align", "tiny", "xlm-roberta")] == [True] * 3
    assert '"heat":"' in content


def test_a_lexicon_has_no_similarity_to_show(text, tmp_path):
    page = tmp_path / "page.html"
    assert run(*text, "--lexicon", "--html", page).exit_code == 0
    assert '"heat":"' not in page.read_text(encoding="utf-8")


def test_files_of_one_name_are_told_apart_by_their_folders(text, links, tmp_path):
    (tmp_path / "new").mkdir()
    other = write(tmp_path / "new" / links.name, LINKS)
    result = run(*text, "--align", links, "--align", other, "--pairs", "1")
    assert "pair 1  new/out.align\n" in result.stdout


def test_a_figure_is_one_pair(text, links, tmp_path):
    figure = tmp_path / "grid.png"
    result = run(*text, "--align", links, "--png", figure)
    assert result.exit_code == 2
    assert "--png draws one pair, not 3: choose it, such as --pairs 3" in result.stderr
    assert run(*text, "--align", links, "--png", figure, "--pairs", "1").exit_code == 0
    assert figure.read_bytes().startswith(b"\x89PNG")


def command(*arguments, **environment):
    run = [sys.executable, "-m", "xalign.cli", "show", *map(str, arguments)]
    return subprocess.run(
        run, capture_output=True, text=True, env=environment | {"PYTHONPATH": ":".join(sys.path)}
    )


def test_colours_are_for_terminals_and_go_where_they_are_not_wanted(text, links):
    arguments = [*text, "--align", links]
    assert "\x1b[" in command(*arguments, FORCE_COLOR="1", TERM="xterm-256color").stdout
    assert "\x1b[" not in command(*arguments, TERM="xterm-256color").stdout
    without = command(*arguments, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color").stdout
    assert not any(f"\x1b[{code}" in without for code in ("36", "1;36", "32", "31"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pairs", "9"], "--pairs asks for 9: the text has pairs 1 to 3"),
        (["--pairs", "0-2"], "--pairs asks for 0-2: pairs are counted from 1, and a range goes upwards"),
        (["--pairs", "3-2"], "--pairs asks for 3-2: pairs are counted from 1, and a range goes upwards"),
        (["--pairs", "x"], "--pairs is 'x': expected numbers such as 1-20,31"),
        (["--pairs", "1-9999999999"], "--pairs asks for 1-9999999999: the text has pairs 1 to 3"),
    ],
)
def test_pairs_that_do_not_exist_are_named_with_the_range(text, links, arguments, message):
    result = run(*text, "--align", links, *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {message}\n")


def test_files_that_do_not_belong_together_are_refused(text, links, tmp_path):
    short = write(tmp_path / "short", "0-0\n")
    assert "ends after sentence pair 1, but the text goes on" in run(*text, "--align", short).stderr
    assert "has links for 1 sentence pairs, but the text has 3" in run(*text, "--gold", short).stderr


def test_an_input_is_not_written_over(text, links):
    result = run(*text, "--align", links, "--html", links)
    assert result.exit_code == 2
    assert links.read_text(encoding="utf-8") == LINKS
