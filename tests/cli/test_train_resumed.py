"""`xalign train` goes on with a run bit for bit, with nothing else, and overwrites nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from train_runs import command, invoke, same_weights, told


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--accumulate", "2"],
        ["--tune", "lora", "--objective", "guided", "--objective", "dwa=0.5"],
        ["--optimizer", "muon"],
    ],
    ids=["plain", "accumulated", "lora", "muon"],
)
def test_a_killed_run_goes_on_bit_for_bit(start, corpus, tmp_path, more):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    more = ["--steps", 60, *more]
    result = invoke(start, corpus, whole, *more)
    assert result.exit_code == 0, result.output
    process = subprocess.Popen([sys.executable, "-m", "xalign.cli", *command(start, corpus, killed, *more)])
    while not (killed / "state" / "progress.json").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    result = invoke(start, corpus, killed, *more, "--resume")
    assert result.exit_code == 0, result.output
    assert same_weights(whole, killed)
    steps = [json.loads(line)["step"] for line in (killed / "log.jsonl").read_text().splitlines()]
    assert steps == list(range(10, 61, 10))


def test_resuming_from_nothing_is_refused(start, corpus, tmp_path):
    result = invoke(start, corpus, tmp_path / "none", "--resume")
    assert result.exit_code == 2
    assert "holds no training state to go on from" in result.stderr


@pytest.mark.parametrize("links", [True, False], ids=["links", "text alone"])
def test_a_folder_that_holds_something_is_left_as_it_is(start, corpus, tmp_path, links):
    before = {file: file.read_bytes() for file in start.iterdir()}
    for init, out in ((start, start), ("mini", start)):
        result = invoke(init, corpus, out, "--steps", 1, links=links)
        assert result.exit_code == 2
        assert f"{out}: holds something already; name a folder that is new or empty" in told(result)
    assert {file: file.read_bytes() for file in start.iterdir()} == before


def test_a_finished_run_is_gone_on_with_or_left_as_it_is(start, corpus, tmp_path):
    (tmp_path / "out").mkdir()
    assert invoke(start, corpus, tmp_path / "out", "--steps", 1).exit_code == 0
    result = invoke(start, corpus, tmp_path / "out", "--steps", 2)
    assert result.exit_code == 2
    assert "out: holds something already; --resume to go on with it, or name a folder" in told(result)
    assert invoke(start, corpus, tmp_path / "out", "--steps", 2, "--resume").exit_code == 0


def test_a_run_that_was_stopped_before_its_first_state_begins_anew(start, corpus, tmp_path):
    (tmp_path / "out" / "state.new").mkdir(parents=True)
    (tmp_path / "out" / "log.jsonl").write_text("", encoding="utf-8")
    assert invoke(start, corpus, tmp_path / "out", "--steps", 1).exit_code == 0


@pytest.mark.parametrize(
    ("option", "value", "before"),
    [
        ("--tune", "lora", "all"),
        ("--objective", "guided=0.5", "guided=1"),
        ("--objective", "co=1", "guided=1"),
        ("--layer", "2", "4"),
        ("--encode", "separate", "pair"),
        ("--level", "subword", "word"),
        ("--similarity", "cosine", "dot"),
    ],
)
def test_resuming_another_run_is_refused(start, corpus, tmp_path, option, value, before):
    assert invoke(start, corpus, tmp_path / "out", "--steps", 1).exit_code == 0
    links = value != "co=1"
    result = invoke(start, corpus, tmp_path / "out", "--steps", 2, option, value, "--resume", links=links)
    assert result.exit_code == 2
    said = (
        f"{option} is not that of the earlier run in {tmp_path / 'out'}: it was {before}, and is now {value};"
    )
    assert said in told(result)


def test_a_resumed_run_may_have_another_schedule_and_text(start, corpus, tmp_path):
    assert invoke(start, corpus, tmp_path / "out", "--steps", 2).exit_code == 0
    for file in (corpus.source, corpus.target, corpus.links):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(lines[:20]), encoding="utf-8")
    more = ["--learning-rate", 1e-4, "--warmup-steps", 0, "--batch-subwords", 300, "--seed", 2]
    result = invoke(start, corpus, tmp_path / "out", "--steps", 4, *more, "--resume")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("links", [True, False], ids=["links", "text alone"])
def test_a_run_cannot_go_on_to_fewer_steps(start, corpus, tmp_path, links):
    out = tmp_path / "out"
    assert invoke(start, corpus, out, "--steps", 8, links=links).exit_code == 0
    result = invoke(start, corpus, out, "--steps", 3, "--resume", links=links)
    assert result.exit_code == 2
    place = out if links else out / "round-1"
    assert f"--steps is 3, but the run in {place} has taken 8: it can only go on to more" in told(result)
    assert invoke(start, corpus, out, "--steps", 8, "--resume", links=links).exit_code == 0


def test_the_state_of_an_earlier_version_can_be_resumed(start, corpus, tmp_path):
    assert invoke(start, corpus, tmp_path / "out", "--steps", 1).exit_code == 0
    progress = tmp_path / "out" / "state" / "progress.json"
    older = json.loads(progress.read_text(encoding="utf-8"))
    del older["kept"]
    progress.write_text(json.dumps(older), encoding="utf-8")
    assert invoke(start, corpus, tmp_path / "out", "--steps", 2, "--resume").exit_code == 0
    assert json.loads(progress.read_text(encoding="utf-8"))["kept"]["tuning"] == "all"


def test_another_text_than_that_of_the_labels_is_refused(start, corpus, tmp_path):
    assert invoke(start, corpus, tmp_path / "out", "--steps", 1, links=False).exit_code == 0
    for file in (corpus.source, corpus.target):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(lines[::-1][:23]), encoding="utf-8")
    result = invoke(start, corpus, tmp_path / "out", "--steps", 2, "--resume", links=False)
    assert result.exit_code == 2
    assert told(result).startswith("Error: the text is not that of the earlier run in")
    assert re.search("it was 24 pairs with the digest .*, and is now 23 pairs", told(result))


@pytest.mark.parametrize(("first", "then"), [("adamw", "muon"), ("muon", "adamw")])
def test_resuming_with_another_optimizer_is_refused(start, corpus, tmp_path, first, then):
    assert invoke(start, corpus, tmp_path / "out", "--steps", 1, "--optimizer", first).exit_code == 0
    result = invoke(start, corpus, tmp_path / "out", "--steps", 2, "--optimizer", then, "--resume")
    assert result.exit_code == 2
    assert f"--optimizer is not that of the earlier run in {tmp_path / 'out'}: it was {first}," in told(
        result
    )
