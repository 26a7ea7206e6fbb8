"""Progress: a bar on a terminal, plain lines elsewhere, and nothing where nothing is wanted."""

import io
import logging
import sys
import time

import click
import pytest
from click.testing import CliRunner

import xalign.cli.align  # noqa: F401
from xalign.cli import main
from xalign.cli.options import progress_options
from xalign.cli.progress import track, watching
from xalign.cli.standard import telling
from xalign.cli.watch import Lines


class Terminal(io.StringIO):
    def isatty(self):
        return True


def never():
    raise AssertionError("asked for a total that nobody sees")


def slowly(count, seconds=0.01):
    for number in range(count):
        time.sleep(seconds)
        yield number


def test_a_run_that_is_over_soon_says_nothing_in_a_pipe(capsys):
    assert list(track(range(3), "pairs", never)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("total", "shown"), [(30, " of 30 pairs ("), (None, " pairs, ")])
def test_a_long_run_in_a_pipe_says_how_far_it_is_and_at_last_how_long_it_took(capsys, total, shown):
    assert list(track(slowly(30), "pairs", lambda: total, every=0.05)) == list(range(30))
    *lines, last = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert all(shown in line and "/s" in line for line in lines)
    assert all(("left" in line) == (total is not None) for line in lines)
    assert last in ("30 pairs in 0 s", "30 pairs in 1 s")


def test_lines_come_while_nothing_passes(capsys):
    with watching("steps", lambda: 7, "lines", every=0.02):
        time.sleep(0.2)
    assert capsys.readouterr().err.splitlines()[0] == "0 of 7 steps (0 %), 0.0/s"


def test_a_line_has_count_share_rate_time_left_and_note():
    lines = Lines("steps", lambda: 1_000, clock=iter([0.0, 100.0]).__next__)
    lines.go_on_from(200)
    for _ in range(50):
        lines.advance()
    lines.note = "loss 1.5"
    assert lines.line() == "250 of 1,000 steps (25 %), 0.5/s, 25 min 0 s left, loss 1.5"


@pytest.mark.parametrize("every", [0.001, 30])
def test_nothing_is_said_where_nothing_is_wanted(monkeypatch, every):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(track(slowly(3), "pairs", never, "none", every)) == [0, 1, 2]
    assert sys.stderr.getvalue() == ""


@pytest.mark.parametrize(("total", "shown"), [(3, "3/3"), (None, "3/?")])
def test_a_terminal_sees_count_and_rate(monkeypatch, total, shown):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(track(iter(range(3)), "pairs", lambda: total)) == [0, 1, 2]
    assert "pairs" in sys.stderr.getvalue()
    assert shown in sys.stderr.getvalue()
    assert "/s" in sys.stderr.getvalue()


def test_a_terminal_may_have_lines_and_a_pipe_a_bar(monkeypatch, capsys):
    with watching("pairs", lambda: 3, "bar") as watch:
        watch.say("a line that stays")
    assert "a line that stays\n" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(track(range(3), "pairs", never, "lines")) == [0, 1, 2]
    assert sys.stderr.getvalue() == ""


@click.command()
@progress_options
def command(progress):
    logging.getLogger("xalign").info("what happens")
    for _ in range(2):
        logging.getLogger("xalign").warning("line %d is strange", 7)
    click.echo(progress)


@pytest.mark.parametrize(
    ("options", "progress"),
    [
        ([], "auto"),
        (["-q"], "none"),
        (["--progress", "lines"], "lines"),
        (["--progress", "lines", "--quiet"], "none"),
        (["-v"], "auto"),
    ],
)
def test_options_say_what_is_told(options, progress):
    with telling():
        result = CliRunner().invoke(command, options)
    assert result.stdout == f"{progress}\n"
    told = ["what happens"] if "-v" in options else []
    assert result.stderr.splitlines() == [*told, "Warning: line 7 is strange"]
    assert logging.getLogger("xalign").level == logging.NOTSET


def test_the_total_of_a_run_is_counted_from_where_it_began(tmp_path, monkeypatch):
    told = []

    def spy(items, what, total, progress):
        for item in items:
            yield item
            told.append(total())  # asked for late, when much is done already

    monkeypatch.setattr(sys.modules["xalign.cli.align"], "track", spy)
    text = tmp_path / "text"
    text.write_text("das Haus\n" * 5, encoding="utf-8")
    for options, total in (([], 5), (["--total", "9"], 9), (["--total", "9", "--from-line", "3"], 7)):
        told.clear()
        result = CliRunner().invoke(main, ["align", "--model", "mini", *options, str(text), str(text)])
        assert (result.exit_code, set(told)) == (0, {total})
