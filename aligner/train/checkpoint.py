"""A trained encoder, or the state of its training, <-> a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from xalign.encoder import Encoder
from xalign.encoders.pretrained import quietly
from xalign.errors import TrainingError
from xalign.models import PRESET_FILE, Preset

STATE = "state"


def save_checkpoint(encoder: Encoder, preset: Preset, folder: Path) -> None:
    """Write an ordinary transformers checkpoint that carries its preset: `--model FOLDER` needs no further option."""
    with quietly():
        encoder.model.save_pretrained(folder)
        encoder.tokenizer.save_pretrained(folder)
    (folder / PRESET_FILE).write_text(preset.to_json(), encoding="utf-8")


def save_state(
    out: Path, step: int, model: torch.nn.Module, optimizer: torch.optim.Optimizer, best: dict[str, float]
) -> None:
    """Write `out/state`; a run that is killed at any moment leaves this state or the previous one, whole."""
    fresh, current, stale = (out / f"{STATE}{suffix}" for suffix in (".new", "", ".old"))
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()},
        fresh / "model.safetensors",
    )
    torch.save(optimizer.state_dict(), fresh / "optimizer.pt")
    (fresh / "progress.json").write_text(json.dumps({"step": step, "best": best}), encoding="utf-8")
    if current.exists():  # else `stale` is all there is, until `fresh` takes its place
        shutil.rmtree(stale, ignore_errors=True)
        current.rename(stale)
    fresh.rename(current)
    shutil.rmtree(stale, ignore_errors=True)


def load_state(
    out: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, dict[str, float]]:
    """Restore model and optimizer in place.

    Returns:
        The number of finished steps, and the best figures so far.

    Raises:
        TrainingError: there is no state to resume from.
    """
    folder = next(
        (out / name for name in (STATE, f"{STATE}.old") if (out / name / "progress.json").exists()), None
    )
    if folder is None:
        raise TrainingError(
            f"{out} holds no training state to resume from; run without --resume to start afresh"
        )
    progress = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    optimizer.load_state_dict(torch.load(folder / "optimizer.pt", weights_only=True))
    return progress["step"], progress["best"]
