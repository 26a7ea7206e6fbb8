"""A training run: it learns, it can be killed and go on, what it leaves aligns without further options."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from safetensors.torch import load_file

from xalign.cli import main
from xalign.errors import OptionError, TrainingError
from xalign.train.development import DevelopmentFiles
from xalign.train.loop import TrainOptions
from xalign.train.run import run

SCHEDULE = {"batch_subwords": 200, "learning_rate": 3e-3, "warmup_steps": 2, "log_steps": 5}


def test_it_learns_the_lexicon(start, corpus, tmp_path):
    out, seen = tmp_path / "out", []
    development = DevelopmentFiles(corpus.source, corpus.target, corpus.links)
    options = TrainOptions(steps=150, save_steps=50, **SCHEDULE)
    run(str(start), [corpus], [development], out, options, report=seen.append)
    assert seen[-1].loss < 0.5 * seen[0].loss
    scores = [progress.scores[development.name] for progress in seen if progress.scores]
    assert len(scores) == 3 and min(scores) < 10
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [progress.step for progress in seen]

    result = CliRunner().invoke(
        main, ["align", "-q", "--model", str(out), str(corpus.source), str(corpus.target)]
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 24


def command(start, corpus, out, *more):
    files = ["--src", corpus.source, "--tgt", corpus.target, "--links", corpus.links]
    schedule = ["--steps", 40, "--save-steps", 10, "--batch-subwords", 200, "-q"]
    return [str(each) for each in ("train", "--init", start, *files, "--out", out, *schedule, *more)]


def test_a_killed_run_goes_on_bit_for_bit(start, corpus, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert CliRunner().invoke(main, command(start, corpus, whole)).exit_code == 0
    process = subprocess.Popen([sys.executable, "-m", "xalign.cli", *command(start, corpus, killed)])
    while not (killed / "state" / "progress.json").exists():
        assert process.poll() is None or (killed / "state").exists()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert CliRunner().invoke(main, command(start, corpus, killed, "--resume")).exit_code == 0
    expected, resumed = (load_file(folder / "model.safetensors") for folder in (whole, killed))
    assert expected.keys() == resumed.keys()
    assert all(expected[name].equal(resumed[name]) for name in expected)


def test_resuming_from_nothing_is_refused(start, corpus, tmp_path):
    result = CliRunner().invoke(main, command(start, corpus, tmp_path / "none", "--resume"))
    assert result.exit_code == 2
    assert "holds no training state to resume from" in result.stderr


def test_files_must_come_in_threes(start, corpus, tmp_path):
    result = CliRunner().invoke(main, command(start, corpus, tmp_path / "out", "--src", corpus.source))
    assert result.exit_code == 2
    assert "2 --src, 1 --tgt and 1 --links" in result.stderr


def test_a_loss_that_is_not_a_number_stops_the_run(start, corpus, tmp_path):
    options = TrainOptions(steps=50, save_steps=50, clip=float("inf"), **{**SCHEDULE, "learning_rate": 1e30})
    with pytest.raises(TrainingError, match="lower learning rate"):
        run(str(start), [corpus], [], tmp_path / "out", options)


def test_a_preset_that_the_objective_does_not_fit_is_refused(tiny, corpus, tmp_path):
    with pytest.raises(OptionError, match="level word"):
        run(str(tiny("preset")), [corpus], [], tmp_path / "out", TrainOptions())


def test_the_rate_rises_stays_and_falls():
    options = TrainOptions(steps=100, warmup_steps=9, descent=0.5, learning_rate=1.0)
    assert [round(options.rate_at(step), 3) for step in (0, 4, 9, 49, 75, 99)] == [
        0.1,
        0.5,
        1.0,
        1.0,
        0.5,
        0.02,
    ]


def test_development_gold_of_another_length_is_refused(start, corpus, tmp_path):
    (tmp_path / "short").write_text("0-0\n", encoding="utf-8")
    development = DevelopmentFiles(corpus.source, corpus.target, tmp_path / "short")
    with pytest.raises(TrainingError, match=r"has 24 lines, but .* has gold for 1"):
        run(str(start), [corpus], [development], tmp_path / "out", TrainOptions())
