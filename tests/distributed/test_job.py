"""A text in shards becomes a folder of parts: the links of the whole text, whoever stops when."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from aligning import some_pairs

from xalign.aligner import Aligner
from xalign.blocks import Limits
from xalign.distributed import shards
from xalign.distributed.job import ShardJob, Writing, expect_one_model
from xalign.distributed.shards import Inputs, Text, look_at
from xalign.errors import InputError, OptionError
from xalign.formats.entry import WriteOptions
from xalign.log_collector import LogCollector

PAIRS = some_pairs(100)


@pytest.fixture(scope="module")
def aligner(tiny):
    limits = Limits(block=16, first_block=4, together=10)
    return Aligner.load(str(tiny("preset")), device="cpu", dtype="float32", limits=limits)


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """Two files of a text."""
    monkeypatch.setattr(shards, "EVERY", 8)
    lines = [f"{' '.join(pair.source)} ||| {' '.join(pair.target)}\n" for pair in PAIRS]
    for name, some in (("a", lines[:37]), ("b", lines[37:])):
        (tmp_path / name).write_text("".join(some), encoding="utf-8")
    return [str(tmp_path / "a"), str(tmp_path / "b")]


@pytest.fixture(params=["folder", "address"])
def folder(request, tmp_path):
    if request.param == "folder":
        return str(tmp_path / "out")
    return f"memory://{tmp_path.name}/out"


@pytest.fixture
def job(paths, folder):
    shape = Inputs(paths).shape()
    text = Text(tuple(look_at(path, shape) for path in paths), shape)
    scores = Writing(options=WriteOptions(scores=True))
    return ShardJob(folder, text, {"model": "tiny"}, pairs=15, writing=scores)


def parts(job):
    from xalign.files.addresses import file_system

    system, root = file_system(job.folder)
    names = sorted(str(name).rpartition("/")[2] for name in system.ls(root, detail=False))
    return {name: system.cat_file(f"{root}/{name}") for name in names if name.startswith("part-")}


def whole(aligner):
    from xalign.formats import format_pharaoh

    found = aligner.align(PAIRS)
    options = WriteOptions(scores=True)
    return "".join(f"{k}\t{format_pharaoh(each, options)}\n" for k, each in enumerate(found, start=1))


def test_parts_in_order_are_the_whole_to_the_last_digit(job, aligner):
    assert job.begin() == {}
    records = {shard: job.align(aligner, shard) for shard in (3, 0, 6, 5, 1, 4, 2)}
    found = parts(job)
    assert list(found) == [f"part-{k:05}.align" for k in range(7)]
    assert b"".join(found.values()).decode() == whole(aligner)
    report = job.report(records, {}, 2.0)
    assert (report["pairs"], report["pairs_per_second"], len(report["shards"])) == (100, 50.0, 7)
    assert report["shards"][2]["part"] == "part-00002.align"


def test_a_lexicon_is_that_of_the_whole_text(job, tiny):
    limits = Limits(block=16, first_block=4, together=10)
    lexical = Aligner.load(str(tiny("preset")), device="cpu", dtype="float32", limits=limits, lexicon=1)
    job.begin()
    for shard in range(job.shards):
        job.align(lexical, shard)
    assert b"".join(parts(job).values()).decode() == whole(lexical)


def test_stores_without_empty_folders_are_written_too(job, aligner, tmp_path, monkeypatch):
    """Such as S3, where a folder is there once something is in it."""
    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "makedirs", lambda *_, **__: None)
    there = replace(job, folder=f"memory://{tmp_path.name}/without-folders")
    assert there.begin() == {}
    record = there.align(aligner, 0)
    assert there.begin() == {0: record}


def test_what_is_done_is_not_done_again(job, aligner, monkeypatch):
    job.begin()
    first, second = job.align(aligner, 0), job.align(aligner, 1)
    assert job.begin() == {0: first, 1: second}
    monkeypatch.setattr(aligner, "align_pairs", None)  # nothing could be aligned
    assert job.align(aligner, 1) == second


def test_what_is_not_whole_is_done_again(job, aligner):
    from xalign.files.addresses import file_system

    job.begin()
    for shard in range(4):
        job.align(aligner, shard)
    expected = parts(job)
    system, root = file_system(job.folder)
    system.pipe_file(f"{root}/part-00000.align", expected["part-00000.align"][:-5])  # cut
    system.rm_file(f"{root}/part-00001.align")
    system.rm_file(f"{root}/_parts/part-00002.json")  # written, and not told
    system.pipe_file(f"{root}/_parts/part-00003.json", b'{"pairs"')
    system.pipe_file(f"{root}/_parts/0123.partial", b"half of something")
    assert job.begin() == {}
    for shard in range(4):
        job.align(aligner, shard)
    assert parts(job) == expected
    assert list(job.begin()) == [0, 1, 2, 3]


def test_what_killed_processes_left_half_written_is_removed_in_the_end(job, aligner):
    from xalign.files.addresses import file_system

    job.begin()
    system, root = file_system(job.folder)
    system.pipe_file(f"{root}/_parts/0123.partial", b"half of something")
    job.report({shard: job.align(aligner, shard) for shard in range(job.shards)}, {}, 1.0)
    left = sorted(str(name).rpartition("/")[2] for name in system.ls(f"{root}/_parts", detail=False))
    assert left == [f"part-{k:05}.json" for k in range(7)]


def test_a_part_that_cannot_be_named_is_not_there(job, aligner, monkeypatch):
    """A process is killed between writing and renaming."""
    job.begin()

    def killed(*_, **__):
        raise KeyboardInterrupt

    from xalign.files.addresses import file_system

    system, _ = file_system(job.folder)
    with monkeypatch.context() as patch:
        patch.setattr(type(system), "mv", killed)
        with pytest.raises(KeyboardInterrupt):
            job.align(aligner, 0)
    assert (job.begin(), parts(job)) == ({}, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"made_by": {"model": "other"}}, "parts of a job with model tiny, not other"),
        ({"pairs": 20}, "with pairs of a shard 15, not 20"),
        ({"writing": Writing(keep=True)}, "with keep False, not True"),
        ({"writing": Writing()}, "with scores True, not False"),
    ],
)
def test_another_job_in_the_folder_is_refused(job, change, message):
    job.begin()
    with pytest.raises(OptionError, match=message):
        replace(job, **change).begin()


def test_other_files_are_refused(job):
    job.begin()
    fewer = replace(job, text=Text(job.text.files[:1], job.text.shape))
    with pytest.raises(OptionError, match="parts of other files"):
        fewer.begin()


def test_parts_of_other_weights_are_refused(job, aligner):
    job.begin()
    records = [job.align(aligner, 0), {**job.align(aligner, 1), "weights": "other"}]
    with pytest.raises(
        OptionError, match=r"part-00000.align and part-00001.align were made by different weights"
    ):
        expect_one_model(records)


def test_a_damaged_folder_is_told(job):
    from xalign.files.addresses import file_system

    job.begin()
    system, root = file_system(job.folder)
    system.pipe_file(f"{root}/_job.json", b"{")
    with pytest.raises(OptionError, match=r"_job\.json is damaged"):
        job.begin()


class NoCredentials(ValueError):
    """As the errors of many a protocol, no OSError."""


def fail(*_, **__):
    raise NoCredentials("none found")


@pytest.mark.parametrize("method", ["makedirs", "exists", "pipe_file", "mv", "ls", "invalidate_cache"])
def test_a_folder_that_cannot_be_reached_is_told_in_a_line(job, tmp_path, monkeypatch, method):
    there = replace(job, folder=f"memory://{tmp_path.name}/locked")
    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), method, fail)
    with pytest.raises(OptionError, match=r"locked: cannot be written: nocredentials: none found$"):
        there.begin()


def test_a_part_that_cannot_be_written_is_told_in_a_line(job, aligner, tmp_path, monkeypatch):
    there = replace(job, folder=f"memory://{tmp_path.name}/locked")
    there.begin()
    for method in ("cat_file", "pipe_file"):
        monkeypatch.setattr(fsspec.get_filesystem_class("memory"), method, fail)
    with pytest.raises(OptionError, match=r"locked: cannot be written: nocredentials: none found$"):
        there.align(aligner, 0)
    with pytest.raises(OptionError, match=r"locked: cannot be written: nocredentials: none found$"):
        there.report({}, {}, 1.0)


def test_a_clock_that_does_not_move_is_no_error(job, aligner, monkeypatch):
    job.begin()
    monkeypatch.setattr("time.monotonic", lambda: 1.0)
    assert job.align(aligner, 0)["pairs_per_second"] == 0


def test_broken_lines_end_the_shard_or_are_listed(job, aligner, paths):
    lines = Path(paths[1]).read_text(encoding="utf-8").splitlines(keepends=True)
    Path(paths[1]).write_text("".join([lines[0], "broken\n", *lines[2:]]), encoding="utf-8")
    job.begin()
    with pytest.raises(InputError, match="b line 2: expected"):
        job.align(aligner, 2)
    job.align(aligner, 1)  # its neighbour reads around itself, and does not mind
    skipping = replace(job, folder=f"{job.folder}2", writing=Writing(skip_broken=True))
    skipping.begin()
    record = skipping.align(aligner, 2)
    assert (record["pairs"], record["broken"]) == (15, 1)
    assert record["broken_lines"][0] | {"error": ""} == {"id": 39, "file": paths[1], "line": 2, "error": ""}
    assert b"\n39\t\n" in parts(skipping)["part-00002.align"]


def test_a_job_that_a_broken_line_ended_goes_on_with_such_lines_skipped(job, aligner, paths):
    Path(paths[1]).write_text("broken\n" * 63, encoding="utf-8")
    job.begin()
    done = job.align(aligner, 1)
    with pytest.raises(InputError, match="expected"):
        job.align(aligner, 2)
    skipping = replace(job, writing=replace(job.writing, skip_broken=True))
    assert skipping.begin() == {1: done}
    assert skipping.align(aligner, 2)["broken"] == 8


def test_the_lines_of_the_input_can_be_kept(job, aligner):
    kept = replace(job, folder=f"{job.folder}3", writing=Writing(keep=True))
    kept.begin()
    kept.align(aligner, 2)
    [(name, content)] = parts(kept).items()
    assert name == "part-00002.txt"
    line = content.decode().splitlines()[0]
    assert line.startswith(f"{' '.join(PAIRS[30].source)} ||| {' '.join(PAIRS[30].target)} ||| ")


def test_what_is_said_of_a_shard_is_in_its_record(job, aligner, paths):
    lines = Path(paths[0]).read_text(encoding="utf-8").splitlines(keepends=True)
    long = f"{'Das ' * 40_000} ||| The\n"
    Path(paths[0]).write_text("".join([*lines[:20], long, *lines[21:]]), encoding="utf-8")
    job.begin()
    log = LogCollector()
    logging.getLogger("xalign").addHandler(log)
    try:
        records = [job.align(aligner, shard, log) for shard in (0, 1)]
    finally:
        logging.getLogger("xalign").removeHandler(log)
    assert records[0]["warnings"] == []
    [warning] = records[1]["warnings"]
    assert warning.startswith("line 21: ")


def test_a_record_lists_a_bounded_number_of_lines(job, aligner, paths, monkeypatch):
    monkeypatch.setattr("xalign.distributed.job.MOST_LISTED", 3)
    Path(paths[0]).write_text("broken\n" * 37, encoding="utf-8")
    skipping = replace(job, writing=Writing(skip_broken=True))
    skipping.begin()
    record = skipping.align(aligner, 0)
    assert (record["broken"], len(record["broken_lines"])) == (15, 3)
    assert json.loads(json.dumps(record)) == record
