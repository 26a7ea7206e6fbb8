"""A model -> a folder: an ordinary checkpoint with its preset."""

from __future__ import annotations

from pathlib import Path

from .calibration import CALIBRATION_FILE, Calibration
from .encoders.base import WholeEncoder
from .encoders.families import load_encoder
from .errors import OptionError
from .files.filling import filling
from .models.preset import PRESET_FILE, Family, Preset


def export(
    preset: Preset,
    folder: Path,
    encoder: WholeEncoder | None = None,
    trust_remote_code: bool = False,
    calibration: Calibration | None = None,
) -> None:
    """Write a float32 checkpoint that transformers reads, with its preset: `Aligner.load(folder)` needs no option.

    Args:
        preset: the model, and the content of its `xalign.json`.
        folder: new or empty.
        encoder: the model in memory; None loads it from its checkpoint.
        trust_remote_code: run the Python code that the checkpoint brings, if it brings any.
        calibration: of the scores of the method in `preset`.

    Raises:
        OptionError: the folder is not empty, or cannot be written.
        ModelError: the checkpoint cannot be read.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OptionError(f"{folder}: holds something already; name a folder that is new or empty")
    whole = encoder or load_encoder(preset, trust_remote_code=trust_remote_code)
    with filling(folder):
        folder.mkdir(parents=True, exist_ok=True)
        whole.export(folder)
        (folder / PRESET_FILE).write_text(preset.changed(family=Family.AUTO).to_json(), encoding="utf-8")
        if calibration is not None:
            (folder / CALIBRATION_FILE).write_text(calibration.to_json(), encoding="utf-8")
