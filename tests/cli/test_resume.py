"""`xalign align` in parts, stopped and killed: the bytes are those of one undisturbed run."""

import random
import re
import shlex
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from click.testing import CliRunner

from xalign.aligner import Aligner
from xalign.blocks import Limits
from xalign.cli import job, main, part
from xalign.files import read_lines

WORDS = ["Das", "Haus", "ist", "klein", ",", "aber", "the", "house", "is", "small", "but", "garden", "."]
# The program with short blocks, members and lexicons, and saved at every pair: a kill comes between any two steps.
PROGRAM = (
    "from xalign.blocks import Limits; from xalign.cli import job, part, main\n"
    "from xalign.aligner import Aligner; from functools import partial\n"
    "job.MEMBER = part.MEMBER = 40; job.EVERY = 0.0\n"
    "Aligner.load = partial(Aligner.load, limits=Limits(block=32, first_block=8, together=40))\n"
    "main()"
)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """What PROGRAM does to a process, here."""
    for module in (job, part):
        monkeypatch.setattr(module, "MEMBER", 40)
    monkeypatch.setattr(job, "EVERY", 0.0)
    load, limits = Aligner.load, Limits(block=32, first_block=8, together=40)
    monkeypatch.setattr(Aligner, "load", lambda **options: load(**options, limits=limits))


def some_lines(count):
    chosen = random.Random(count)
    sides = [
        [" ".join(chosen.choices(WORDS, k=chosen.randint(0, 12))) for _ in range(2)] for _ in range(count)
    ]
    return "".join(f"{source} ||| {target}\n" for source, target in sides)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text"
    path.write_text(some_lines(300), encoding="utf-8")
    return path


@pytest.fixture
def command(tiny):
    """Arguments of the program, with scores, whose last digits tell whether batches were the same."""
    return ["align", "--model", str(tiny("preset")), "--device", "cpu", "--dtype", "float32", "--scores"]


def run(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)])


def process(*arguments, **options):
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *map(str, arguments)], **options)


def whole(command, text, path, *options):
    """The bytes of a run that nothing disturbs."""
    result = run(*command, text, "-o", path, *options)
    assert (result.exit_code, result.stderr) == (0, "")
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.mark.parametrize("options", [[], ["--lexicon"], ["--format", "naacl"]])
def test_parts_put_one_after_the_other_are_the_whole(command, text, tmp_path, options):
    expected = run(*command, text, *options).stdout
    parts = [
        run(*command, text, *options, "--from-line", start, "--lines", end - start)
        for start, end in pairwise([1, 8, 9, 31, 150, 299, 301])
    ]
    assert {part.stderr for part in parts} == {""}
    assert "".join(part.stdout for part in parts) == expected
    rest = run(*command, text, *options, "--from-line", 150)
    assert rest.stdout == "".join(part.stdout for part in parts[4:])


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_shards_put_one_after_the_other_are_the_whole_compressed_too(command, text, tmp_path, suffix):
    expected = whole(command, text, tmp_path / f"out{suffix}")
    shards = [tmp_path / f"{k}{suffix}" for k in range(1, 5)]
    for k, shard in enumerate(shards, start=1):
        assert run(*command, text, "--shard", f"{k}/4", "-o", shard).exit_code == 0
    assert b"".join(shard.read_bytes() for shard in shards) == expected


@pytest.mark.parametrize(("suffix", "options"), [("", []), (".gz", ["--lexicon", "--from-line", "5"])])
def test_a_run_that_is_killed_again_and_again_gives_the_same_bytes(command, text, tmp_path, suffix, options):
    path = tmp_path / f"out{suffix}"
    expected = whole(command, text, path, *options)
    state = tmp_path / f"out{suffix}.partial.state"
    kills = 0
    for wait in (0.0, 0.01):
        before = state.read_bytes() if state.exists() else b""
        with process(*command, text, "-o", path, *options, "--resume") as program:
            while program.poll() is None and (not state.exists() or state.read_bytes() == before):
                time.sleep(0.001)
            time.sleep(wait)
            program.kill()
        kills += program.returncode == -signal.SIGKILL
    assert kills
    assert run(*command, text, "-o", path, *options, "--resume").exit_code == 0
    assert path.read_bytes() == expected


def test_a_signal_ends_a_run_after_whole_lines_with_the_command_that_goes_on(command, text, tmp_path):
    path, partial = tmp_path / "a b.gz", tmp_path / "a b.gz.partial"
    expected = whole(command, text, path)
    for pause in (0, 0.02, 0.1, 0.3):  # the first lines may not be there yet
        with process(*command, text, "-o", path, stderr=subprocess.PIPE, text=True) as program:
            while program.poll() is None and not (tmp_path / "a b.gz.partial.state").exists():
                time.sleep(0.001)
            time.sleep(pause)
            program.send_signal(signal.SIGTERM)
            _, said = program.communicate(timeout=60)
        assert program.returncode == 128 + signal.SIGTERM
        if said != "Stopped by SIGTERM; nothing is written\n":
            break
        for left in tmp_path.glob("a b.gz.*"):
            left.unlink()
    lines = r"(?:lines 1 to (?P<last>\d+) are|line (?P<only>1) is)"
    told = re.fullmatch(rf"Stopped by SIGTERM; {lines} in {partial}; go on: xalign (?P<command>.*)\n", said)
    (tmp_path / "rest.gz").write_bytes(partial.read_bytes())
    assert len(list(read_lines(tmp_path / "rest.gz"))) == int(told["last"] or told["only"])
    result = run(*shlex.split(told["command"]))
    assert (result.exit_code, result.stderr, path.read_bytes()) == (0, "", expected)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_after_a_broken_line_was_mended_a_run_goes_on(command, text, tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    expected = whole(command, text, path)
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    text.write_text("".join([*lines[:90], "broken\n", *lines[91:]]), encoding="utf-8")
    result = run(*command, text, "-o", path)
    told = re.search(r"lines 1 to 90 are in .*; fix the text, then go on: xalign (.*)\n", result.stderr)
    assert result.exit_code == 2
    again = run(*shlex.split(told[1]))
    assert (again.exit_code, again.stderr) == (2, result.stderr)
    text.write_text("".join(lines), encoding="utf-8")
    assert run(*shlex.split(told[1])).exit_code == 0
    assert path.read_bytes() == expected


def test_another_text_is_refused_without_the_command_that_was_refused(command, text, tmp_path):
    path, other = tmp_path / "out", tmp_path / "other"
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    other.write_text("".join(["x ||| y\n", *lines[1:]]), encoding="utf-8")
    text.write_text("".join([*lines[:90], "broken\n"]), encoding="utf-8")
    assert run(*command, text, "-o", path).exit_code == 2
    result = run(*command, other, "-o", path, "--resume")
    assert result.exit_code == 2
    assert "the text is not the one that" in result.stderr
    assert "lines 1 to 90 are in" in result.stderr
    assert "go on" not in result.stderr


def test_after_a_broken_line_a_run_goes_on_that_leaves_it_empty(command, text, tmp_path):
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    text.write_text("".join([*lines[:150], "broken\n", *lines[150:]]), encoding="utf-8")
    expected, path = tmp_path / "expected", tmp_path / "out"
    assert run(*command, text, "-o", expected, "--on-error", "empty").exit_code == 0
    assert run(*command, text, "-o", path).exit_code == 2
    assert run(*command, text, "-o", path, "--resume", "--on-error", "empty").exit_code == 0
    assert path.read_bytes() == expected.read_bytes()


def test_broken_lines_of_other_parts_are_no_concern_of_a_part(command, text, tmp_path):
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    text.write_text("".join(["broken\n", *lines[1:150], "broken\n", *lines[151:]]), encoding="utf-8")
    report = tmp_path / "report"
    result = run(*command, text, "--from-line", 10, "--lines", 140, "--report", report)
    assert (result.exit_code, result.stderr, result.stdout.count("\n")) == (0, "", 140)
    assert report.read_text() == ""
    result = run(*command, text, "--from-line", 10, "--lines", 142)
    assert (result.exit_code, result.stdout.count("\n")) == (2, 141)
    assert "line 151: expected" in result.stderr
    assert "go on: --from-line 151 --lines 1\n" in result.stderr


@pytest.mark.parametrize("part", [["--shard", "2/3"], ["--from-line", 101, "--lines", 100]])
def test_what_is_left_of_a_part_is_named_and_aligned_by_itself(command, text, part):
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    expected = run(*command, text, *part).stdout
    text.write_text("".join([*lines[:150], "broken\n", *lines[151:]]), encoding="utf-8")
    result = run(*command, text, *part)
    end = " instead of --shard" if "--shard" in part else ""
    assert f"go on: --from-line 151 --lines 50{end}\n" in result.stderr
    text.write_text("".join(lines), encoding="utf-8")
    assert result.stdout + run(*command, text, "--from-line", 151, "--lines", 50).stdout == expected


def test_the_report_of_a_resumed_run_has_all_broken_lines(command, text, tmp_path):
    path, report = tmp_path / "out", tmp_path / "report"
    options = ["-o", path, "--on-error", "empty", "--report", report]
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    text.write_text("".join(["broken\n", *lines[1:250], "broken\n", *lines[251:]]), encoding="utf-8")
    with process(*command, text, *options, stderr=subprocess.DEVNULL) as program:
        while program.poll() is None and not (tmp_path / "out.partial.state").exists():
            time.sleep(0.001)
        program.kill()
    assert run(*command, text, *options, "--resume").exit_code == 0
    assert [line.split('"line": ')[1].split(",")[0] for line in report.read_text().splitlines()] == [
        "1",
        "251",
    ]


def test_what_cannot_be_resumed_or_cut_is_told(text):
    def told(*arguments):
        result = CliRunner().invoke(main, ["align", *map(str, arguments)], input="a ||| b\n")
        assert result.exit_code == 2
        return result.stderr

    assert "--resume goes with -o FILE" in told(text, "--resume")
    assert "--shard is '0/3': expected k/n" in told(text, "--shard", "0/3")
    assert "--shard is '4/3': expected k/n" in told(text, "--shard", "4/3")
    assert "--shard excludes --from-line and --lines" in told(text, "--shard", "1/3", "--lines", 3)
    assert "can be read only once" in told("--shard", "1/3")
    assert "--from-line is 302: the text has only 300 lines" in told(text, "--from-line", 302)
