"""A file that takes hours: whatever stops the runs that write it, and wherever, it becomes the same file."""

import resource
import shutil
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xalign.cli import job as jobs
from xalign.cli.job import resumable
from xalign.errors import OptionError
from xalign.files import read_lines
from xalign.text.sentences import SentencePair

SUFFIXES = ["", ".gz", ".bz2", ".xz", ".zst"]
every_suffix = pytest.mark.parametrize("suffix", SUFFIXES)
PAIRS = [SentencePair((f"a{k}",), (f"b{k}", "ä")) for k in range(40)]
LINES = [f"{k}-{k} ä\n" for k in range(40)]
MADE_BY = {"model": "mini", "layer": 8, "--scores": False}


class Fault(Exception):
    pass


@pytest.fixture(autouse=True)
def small_members(monkeypatch):
    monkeypatch.setattr(jobs, "MEMBER", 7)


def write(path, until=None, resume=True, first=3, made_by=MADE_BY, pairs=PAIRS, save_after=()):
    """One run: it goes on with what is there, and a fault stops it after so many pairs."""
    with resumable(path, made_by, first, resume) as job:
        job.recognize(iter(pairs[: job.pairs]))
        for number in range(job.pairs, len(PAIRS)):
            if number == until:
                raise Fault
            job.add(pairs[number], LINES[number])
            if job.pairs in save_after:
                job.save()


def stopped(path, until, **more):
    with pytest.raises(Fault):
        write(path, until, **more)


@pytest.fixture
def undisturbed(tmp_path):
    def make(suffix):
        path = tmp_path / f"undisturbed{suffix}"
        write(path)
        return path.read_bytes()

    return make


@every_suffix
def test_an_undisturbed_run_leaves_the_file_and_nothing_else(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    write(path)
    assert [f"{line}\n" for line in read_lines(path)] == LINES
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@every_suffix
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(0, 39), max_size=5))
def test_a_run_that_was_stopped_any_number_of_times_gives_the_same_bytes(
    tmp_path, undisturbed, suffix, stops
):
    path = tmp_path / f"out{suffix}"
    for until in sorted(stops):
        stopped(path, until)
    write(path)
    assert path.read_bytes() == undisturbed(suffix)
    path.unlink()


@every_suffix
def test_what_a_stopped_run_has_done_can_be_read(tmp_path, suffix):
    """Beside the file that is to be, which stays what it was."""
    path, partial = tmp_path / f"out{suffix}", tmp_path / f"out{suffix}.partial"
    path.write_bytes(b"old")
    stopped(path, 11)
    assert path.read_bytes() == b"old"
    shutil.copy(partial, tmp_path / f"rest{suffix}")
    assert [f"{line}\n" for line in read_lines(tmp_path / f"rest{suffix}")] == LINES[:11]


@every_suffix
@pytest.mark.parametrize("torn", [0, 1, 5, 100])
def test_a_process_that_is_killed_loses_what_it_did_after_the_last_save(tmp_path, undisturbed, suffix, torn):
    """The file then holds more than was saved, and its end may be torn."""
    path, partial = tmp_path / f"out{suffix}", tmp_path / f"out{suffix}.partial"
    state = tmp_path / f"out{suffix}.partial.state"
    with resumable(path, MADE_BY, 3, True) as job:
        for number, pair in enumerate(PAIRS):
            job.add(pair, LINES[number])
            if number == 12:
                job.save()
                saved = state.read_bytes()
            if number == 30:
                job.file.flush()
                left = partial.read_bytes()
    path.unlink()
    partial.write_bytes(left + b"\xff" * torn)
    state.write_bytes(saved)
    with resumable(path, MADE_BY, 3, True) as job:
        assert job.pairs == 13
        job.recognize(iter(PAIRS[:13]))
        for pair, lines in zip(PAIRS[13:], LINES[13:], strict=True):
            job.add(pair, lines)
    assert path.read_bytes() == undisturbed(suffix)


@contextmanager
def a_full_disk(size):
    """No file can have more bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@every_suffix
@pytest.mark.parametrize("save_after", [(), (5,), (5, 20)])
def test_a_full_disk_leaves_as_many_whole_lines_as_the_job_says_and_loses_none(
    tmp_path, undisturbed, suffix, save_after
):
    path, partial = tmp_path / f"out{suffix}", tmp_path / f"out{suffix}.partial"
    expected = undisturbed(suffix)
    for size in range(0, len(expected), 1 + len(expected) // 20):
        with (
            pytest.raises(OSError, match="large"),
            a_full_disk(size),
            resumable(path, MADE_BY, 3, True) as job,
        ):
            job.recognize(iter(PAIRS[: job.pairs]))
            for number in range(job.pairs, len(PAIRS)):
                job.add(PAIRS[number], LINES[number])
                if job.pairs in save_after:
                    job.save()
        if partial.exists():
            shutil.copy(partial, tmp_path / f"rest{suffix}")
            rest = tmp_path / f"rest{suffix}"
            found = [f"{line}\n" for line in read_lines(rest)] if rest.stat().st_size else []
            assert found == LINES[: job.pairs]
            assert len(found) < len(LINES)
        else:
            assert job.pairs == 0
    assert not list(tmp_path.glob("*.new"))
    write(path)
    assert path.read_bytes() == expected


def test_a_full_disk_keeps_every_line_that_fits(tmp_path):
    path = tmp_path / "out"
    with pytest.raises(OSError, match="large"), a_full_disk(100), resumable(path, MADE_BY, 3, True) as job:
        job.recognize(iter(()))
        for pair, lines in zip(PAIRS, LINES, strict=True):
            job.add(pair, lines)
    whole = [number for number in range(40) if len("".join(LINES[:number]).encode()) <= 100][-1]
    assert (tmp_path / "out.partial").read_text() == "".join(LINES[:whole])
    assert job.pairs == whole


def test_it_is_saved_every_so_often(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "EVERY", 0.0)
    path = tmp_path / "out"
    with resumable(path, MADE_BY, 0, False) as job:
        for number in range(3):
            job.add(PAIRS[number], LINES[number])
            assert (tmp_path / "out.partial").read_text() == "".join(LINES[: number + 1])
            assert (tmp_path / "out.partial.state").exists()


@pytest.mark.parametrize("change", [{"layer": 7}, {"--scores": True}, {"model": "small"}, {"more": 1}])
def test_another_model_or_option_is_refused_and_named(tmp_path, change):
    path = tmp_path / "out.gz"
    stopped(path, 20)
    [(name, value)] = change.items()
    with pytest.raises(OptionError, match=f"20 pairs of a run that was stopped, with {name} .*, not {value}"):
        write(path, made_by={**MADE_BY, **change})
    write(path)


def test_another_text_is_refused_and_a_mended_end_is_not(tmp_path):
    path = tmp_path / "out"
    stopped(path, 20)
    other = [*PAIRS[:10], SentencePair(("other",), ()), *PAIRS[11:]]
    for text in (other, PAIRS[:19]):
        with pytest.raises(OptionError, match=r"not the one that .*out\.partial was made of"):
            write(path, pairs=text)
    write(path, pairs=[*PAIRS[:20], *other[:20]])


def test_what_is_done_is_not_written_over_unasked(tmp_path):
    path = tmp_path / "out"
    stopped(path, 5)
    with pytest.raises(
        OptionError, match=r"out\.partial has 5 pairs of a run that was stopped: add --resume"
    ):
        write(path, resume=False)
    (tmp_path / "out.partial").unlink()
    write(path, resume=False)
    assert path.read_text() == "".join(LINES)


def test_there_is_nothing_to_go_on_with_where_nothing_was_done(tmp_path):
    path = tmp_path / "out.gz"
    stopped(path, 0)
    assert list(tmp_path.iterdir()) == []
    write(path, resume=True)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pairs": 3}', '{"strange": 3}'])
def test_a_damaged_state_is_told(tmp_path, content):
    path, state = tmp_path / "out", tmp_path / "out.partial.state"
    stopped(path, 5)
    state.write_text(content)
    with pytest.raises(OptionError, match=r"out\.partial\.state is damaged: remove it"):
        write(path)
    state.unlink()
    write(path)


def test_two_runs_do_not_write_one_file(tmp_path):
    path = tmp_path / "out"
    with resumable(path, MADE_BY, 0, False) as job:
        job.add(PAIRS[0], LINES[0])
        with pytest.raises(OptionError, match=r"out\.partial is being written by another run"):
            write(path)
    assert path.read_text() == LINES[0]
