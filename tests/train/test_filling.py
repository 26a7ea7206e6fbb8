"""A model is written where there is no room, or no permission: one line says so, and what was there stays."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from xalign.errors import OptionError
from xalign.files.filling import filling
from xalign.models import resolve
from xalign.train.checkpoint import Finished, finished_steps, save_state


def limited(*arguments):
    """`xalign` in a process whose files may have 20,000 bytes, as on a disk that is full."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = [sys.executable, "-c", "from xalign.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=limit)


def expect_line(result, folder):
    assert result.returncode == 2, result.stderr
    assert result.stderr.splitlines()[-1] == f"Error: {folder}: cannot be written: file too large"
    assert "Traceback" not in result.stderr


def test_a_model_is_exported_to_a_full_disk(tmp_path):
    expect_line(limited("models", "export", "mini", tmp_path / "out"), tmp_path / "out")


@pytest.mark.parametrize("links", [True, False])
def test_training_meets_a_full_disk(tmp_path, start, corpus, links):
    out = tmp_path / "out"
    more = ["--links", corpus.links] if links else []
    result = limited(
        *("train", "-q", "--device", "cpu", "--init", start, "--src", corpus.source, "--tgt", corpus.target),
        *("--out", out, "--steps", 2, "--batch-subwords", 200, *more),
    )
    expect_line(result, out if links else out / "round-1")


def test_the_state_before_stays_where_the_next_cannot_be_written(tmp_path, monkeypatch):
    learner = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.1)
    save_state(tmp_path, Finished(steps=1), learner, optimizer)
    broken = RuntimeError(
        "[enforce fail at inline_container.cc:672] . PytorchStreamWriter failed writing file"
    )

    def fail(*_):
        raise broken

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OptionError, match=f"^{tmp_path}: cannot be written: there may be no space left$"):
        save_state(tmp_path, Finished(steps=2), learner, optimizer)
    assert finished_steps(tmp_path) == 1


def test_the_state_before_stays_where_it_cannot_be_renamed(tmp_path, monkeypatch):
    learner = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.1)
    save_state(tmp_path, Finished(steps=1), learner, optimizer)

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OptionError, match=f"^{tmp_path}: cannot be written: permission denied$"):
        save_state(tmp_path, Finished(steps=2), learner, optimizer)
    assert finished_steps(tmp_path) == 1


def test_other_errors_are_left_alone(tmp_path):
    with pytest.raises(ZeroDivisionError), filling(tmp_path):
        1 / 0  # noqa: B018


def test_a_file_stands_where_the_folder_should_be(tmp_path):
    from xalign.export import export

    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OptionError, match="file/out: cannot be written: not a directory"):
        export(resolve("mini"), tmp_path / "file" / "out")
