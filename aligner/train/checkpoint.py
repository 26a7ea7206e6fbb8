"""A trained encoder, or the state of its training, <-> a folder that is complete whenever the process is killed."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..calibration import CALIBRATION_FILE
from ..encoders.base import WholeEncoder
from ..errors import OptionError, TrainingError
from ..files.filling import filling
from ..models.preset import PRESET_FILE, Preset

STATE = "state"
FRESH = ".new"
_BEFORE_A_STATE = re.compile(r"log\.jsonl|labels-\d+\.align(\.partial)?|round-\d+|(state)?\.new")
"""The names of what a run leaves in its folder if it is stopped before its first state."""


@dataclass(frozen=True)
class Finished:
    """The progress of a run: steps, batches drawn by all processes, and the best development scores.

    `kept`: name -> value of what must be the same when the run is resumed.
    """

    steps: int = 0
    batches: int = 0
    best: Mapping[str, float] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)


def save_checkpoint(
    encoder: WholeEncoder, preset: Preset, folder: Path, weights: Mapping[str, Tensor] | None = None
) -> None:
    """Write an ordinary transformers checkpoint with its preset, so that `--model FOLDER` needs no further option.

    Args:
        encoder: whose weights and vocabulary are saved.
        preset: how it aligns.
        folder: each file in it is replaced atomically.
        weights: instead of the model's own state dict.

    Raises:
        OptionError: the folder cannot be written; its files are still those of the checkpoint before.
    """
    fresh = folder / FRESH
    shutil.rmtree(fresh, ignore_errors=True)
    with filling(folder):
        fresh.mkdir(parents=True)
        encoder.save(fresh, weights)
        (fresh / PRESET_FILE).write_text(preset.to_json(), encoding="utf-8")
        usual = (fresh / PRESET_FILE).stat().st_mode
        for file in fresh.iterdir():
            file.chmod(usual)  # safetensors writes files that only the owner can read
            file.replace(folder / file.name)
        fresh.rmdir()
        (folder / CALIBRATION_FILE).unlink(missing_ok=True)  # it was of the weights before these


def save_state(out: Path, finished: Finished, learner: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Write `out/state`, everything that training changes; after a kill this state or the previous one is complete.

    Raises:
        OptionError: the folder cannot be written; the previous state is still there.
    """
    fresh, current, stale = (out / f"{STATE}{suffix}" for suffix in (FRESH, "", ".old"))
    shutil.rmtree(fresh, ignore_errors=True)
    with filling(out):
        fresh.mkdir(parents=True)
        torch.save(_changing(learner), fresh / "weights.pt")
        torch.save(optimizer.state_dict(), fresh / "optimizer.pt")
        (fresh / "progress.json").write_text(json.dumps(asdict(finished)), encoding="utf-8")
        if current.exists():  # otherwise `stale` is the only state, until `fresh` takes its place
            shutil.rmtree(stale, ignore_errors=True)
            current.rename(stale)
        fresh.rename(current)
    shutil.rmtree(stale, ignore_errors=True)


def load_state(out: Path, learner: nn.Module, optimizer: torch.optim.Optimizer) -> Finished:
    """Restore learner and optimizer in place.

    Raises:
        TrainingError: there is no state to resume from, it is damaged, or it is that of another model.
    """
    folder = _state(out)
    if folder is None:
        raise no_state(out)
    weights = _tensors(folder / "weights.pt")
    expected = _changing(learner)
    if {name: tensor.shape for name, tensor in weights.items()} != {
        name: tensor.shape for name, tensor in expected.items()
    }:
        raise TrainingError(
            f"{folder} is the state of another run: go on with the init, tuning and objective that it had",
            *("init", "tuning", "objective"),
        )
    moments = _tensors(folder / "optimizer.pt")
    if moments.keys() != optimizer.state_dict().keys():
        raise TrainingError(
            f"{folder} is the state of another optimizer: go on with the optimizer that it had"
        )
    learner.load_state_dict(weights, strict=False)
    optimizer.load_state_dict(moments)
    return _finished(folder)


def expect_same(out: Path, kept: Mapping[str, str], steps: int) -> None:
    """TrainingError unless the state in a folder, if there is one, can be resumed with these values and steps.

    `kept`: values by the names of options, or by what else they are, such as "the text". States of earlier
    versions, which hold none, can be resumed.
    """
    folder = _state(out)
    if folder is None:
        return
    finished = _finished(folder)
    for name, value in kept.items():
        before = finished.kept.get(name, value)
        if value != before:
            raise TrainingError(
                f"{name} is not that of the earlier run in {out}: it was {before}, and is now {value}; "
                "go on as it was, or name another folder",
                *([name] if name.isidentifier() else []),
            )
    if steps < finished.steps:
        raise TrainingError(
            f"steps is {steps}, but the run in {out} has taken {finished.steps}: it can only go on to more",
            "steps",
        )


def no_state(out: Path) -> TrainingError:
    """The error for a folder without a state to resume from."""
    return TrainingError(
        f"{out} holds no training state to go on from; run without resume to start over", "resume"
    )


def finished_steps(out: Path) -> int:
    """The number of steps of the state in a folder; 0 if there is none."""
    folder = _state(out)
    return 0 if folder is None else _finished(folder).steps


def best_mean(out: Path) -> float:
    """The best mean AER on development sets in the state of a folder; infinite if there is none."""
    folder = _state(out)
    return math.inf if folder is None else _finished(folder).best.get("mean", math.inf)


def expect_new(out: Path) -> None:
    """OptionError for a folder that holds anything but what a run leaves that was stopped before its first state."""
    if not out.exists():
        return
    with filling(out):
        if out.is_dir() and all(_BEFORE_A_STATE.fullmatch(each.name) for each in out.iterdir()):
            return
    raise OptionError(
        f"{out}: holds something already; "
        + ("resume to go on with it, or " if _state(out) else "")
        + "name a folder that is new or empty",
        "resume",
    )


def _state(out: Path) -> Path | None:
    folders = (out / STATE, out / f"{STATE}.old")
    return next((folder for folder in folders if (folder / "progress.json").exists()), None)


def _finished(folder: Path) -> Finished:
    file = folder / "progress.json"
    try:
        return Finished(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise _damaged(file) from None


def _tensors(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # of damaged files, torch raises what it happens to run into
        raise _damaged(file) from None
    return content


def _damaged(file: Path) -> TrainingError:
    return TrainingError(f"{file} is damaged: remove {file.parent}, and begin without resume", "resume")


def _changing(learner: nn.Module) -> dict[str, Tensor]:
    """The learner's weights except frozen ones, which come from the checkpoint that it started from."""
    frozen = {
        name for name, weight in learner.named_parameters(remove_duplicate=False) if not weight.requires_grad
    }
    return {name: tensor for name, tensor in learner.state_dict().items() if name not in frozen}
