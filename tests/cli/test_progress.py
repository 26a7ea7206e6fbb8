"""The bar: there for a person who watches, and nowhere else."""

import io
import sys
from pathlib import Path

import pytest

from xalign.cli.progress import count_lines, track


class Terminal(io.StringIO):
    def isatty(self):
        return True


def never():
    raise AssertionError("asked for a total that nobody sees")


def test_a_pipe_sees_no_bar(capsys):
    assert list(track(range(3), "pairs", never, quiet=False)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_no_bar_when_quiet(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(track(range(3), "pairs", never, quiet=True)) == [0, 1, 2]
    assert sys.stderr.getvalue() == ""


@pytest.mark.parametrize(("total", "shown"), [(3, "3/3"), (None, "3/?")])
def test_a_terminal_sees_count_and_rate(monkeypatch, total, shown):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(track(iter(range(3)), "pairs", lambda: total, quiet=False)) == [0, 1, 2]
    assert "pairs" in sys.stderr.getvalue()
    assert shown in sys.stderr.getvalue()
    assert "/s" in sys.stderr.getvalue()


def test_lines_of_plain_files_are_counted(tmp_path):
    (tmp_path / "text").write_bytes(b"a\n\nb\n" * 1000)
    (tmp_path / "text.gz").write_bytes(b"")
    assert count_lines(tmp_path / "text") == 3000
    assert [count_lines(path) for path in (tmp_path / "text.gz", tmp_path / "none", tmp_path, Path("-"))] == [
        None
    ] * 4
