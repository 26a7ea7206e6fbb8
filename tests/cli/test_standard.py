"""Standard streams that are closed or full, and the end of the process."""

import re
import subprocess
import sys

import pytest

COMMANDS = {
    "help": "--help",
    "help of a command": "align --help",
    "version": "--version",
    "models": "models",
    "eval": "eval --gold links links",
    "symmetrize": "symmetrize links links",
}
quick_commands = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
CLOSED = "standard output: cannot be written: bad file descriptor"
FULL = "standard output: cannot be written: no space left on device"


@pytest.fixture
def shell(tmp_path):
    """`shell("models >&-")`: the command with these redirections, in a folder of its own."""
    (tmp_path / "links").write_text("0-0 1-1\n", encoding="utf-8")
    (tmp_path / "a.de").write_text("das Haus\n", encoding="utf-8")
    (tmp_path / "a.en").write_text("the house\n", encoding="utf-8")

    def run(line, limit="unlimited"):
        """`limit`: blocks that a file can have."""
        return subprocess.run(
            f"ulimit -f {limit}; {sys.executable} -m xalign.cli {line}",
            shell=True,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return run


@quick_commands
def test_a_result_that_standard_output_does_not_take_is_one_line_and_no_success(shell, command):
    for redirection, complaint in ((">&-", CLOSED), (">/dev/full", FULL)):
        result = shell(f"{command} {redirection}")
        assert (result.returncode, result.stderr) == (2, f"Error: {complaint}\n")


@quick_commands
def test_nobody_needs_to_listen_on_stderr(shell, command):
    expected = shell(command)
    assert (expected.returncode, expected.stderr) == (0, "")
    for redirection in ("2>&-", "2>/dev/full", "<&-"):
        result = shell(f"{command} {redirection}")
        assert (result.returncode, result.stdout) == (0, expected.stdout)


def test_warnings_that_nobody_can_read_do_not_end_the_run(shell):
    line = "eval --gold links links --src a.en --tgt a.de"
    (warned, unread) = (shell(f"{line} {more}") for more in ("", "2>/dev/full"))
    assert (warned.returncode, unread.returncode, unread.stdout) == (0, 0, warned.stdout)


def test_an_error_that_nobody_can_read_is_one_all_the_same(shell):
    for redirection in ("2>&-", "2>/dev/full", ">&- 2>&-"):
        assert shell(f"eval --gold missing links {redirection}").returncode != 0


def test_text_is_aligned_without_stderr(shell, tiny):
    model = f"--model {tiny('preset')} --device cpu"
    expected = shell(f"align {model} a.de a.en")
    assert expected.stdout.endswith("\n")
    for redirection in ("2>&-", "2>/dev/full", "<&- 2>&-"):
        result = shell(f"align {model} a.de a.en {redirection}")
        assert (result.returncode, result.stdout) == (0, expected.stdout)


def test_links_that_standard_output_does_not_take_are_one_line_and_no_success(shell, tiny):
    model = f"--model {tiny('preset')} --device cpu"
    for redirection, complaint in ((">&-", CLOSED), (">/dev/full", FULL)):
        result = shell(f"align {model} a.de a.en {redirection}")
        assert (result.returncode, result.stderr) == (2, f"Error: {complaint}; nothing is written\n")
    result = shell(f"align {model} a.de a.en -o out >&-")
    assert (result.returncode, result.stderr) == (0, "")


def test_no_file_gets_the_number_of_a_closed_stream(shell, tmp_path):
    """What a library says on stderr would go into the alignments."""
    code = (
        "from functools import partial; from pathlib import Path; import sys\n"
        "from xalign.cli.standard import run_as_process\n"
        "run_as_process(lambda: sys.exit(Path('links').open().fileno()))"
    )
    (tmp_path / "code.py").write_text(code, encoding="utf-8")
    closed = "0<&- 1>&- 2>&-"
    result = subprocess.run(f"{sys.executable} code.py {closed}", shell=True, cwd=tmp_path)
    assert result.returncode >= 3


def test_the_end_does_not_wait_for_threads_and_does_not_abort(tmp_path):
    """A thread of ours may be within a library that aborts where Python stops it: it is left as it is."""
    code = (
        "import atexit, sys, threading, time\n"
        "from xalign.cli.standard import run_as_process\n"
        "atexit.register(print, 'stopped')\n"
        "threading.Thread(target=time.sleep, args=(600,), name='xalign-ahead', daemon=True).start()\n"
        "print('written')\n"
        "run_as_process(lambda: sys.exit(7))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (7, "written\n", "")


@pytest.mark.parametrize("output", ["-o out", "> out"])
def test_a_full_disk_in_mid_run_is_one_line_with_the_number_of_lines_that_are_there(
    shell, tiny, tmp_path, output
):
    """Though threads are at work then. What it says to do next gives the rest."""
    (tmp_path / "text").write_text("das Haus ||| the house\n" * 1500, encoding="utf-8")
    command = f"align --format jsonl --model {tiny('preset')} --device cpu text"
    result = shell(f"{command} {output}", limit=64)
    is_stream = output.startswith(">")
    name = "standard output" if is_stream else "out"
    there = r"whole, and part of line \d+ is written: cut it off" if is_stream else "in out.partial"
    told = re.fullmatch(
        rf"Error: {name}: cannot be written: file too large; lines 1 to (\d+) are {there}; go on: (.*)\n",
        result.stderr,
    )
    assert (result.returncode, told is not None) == (2, True), result.stderr
    lines = (tmp_path / ("out" if is_stream else "out.partial")).read_bytes().splitlines(keepends=True)
    count = int(told[1])
    assert len(lines) == count + is_stream
    assert all(line.endswith(b"}\n") for line in lines[:count])
    goes_on = f"--from-line {count + 1}" if is_stream else f"xalign {command} {output} --resume"
    assert told[2] == goes_on
