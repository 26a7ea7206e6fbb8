"""An aligner -> a description that can be sent to other processes: the model, the method, device and precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..blocks import Limits
from ..method import Method
from ..models.preset import Preset, RunOptions

if TYPE_CHECKING:
    from ..aligner import Aligner


@dataclass(frozen=True)
class Facts:
    """An aligner's preset and options, and where it computes.

    `calibrated`: whether scores are probabilities (calibration.py). `block`: most pairs in a block (blocks.py).
    `device`: the type of the device, such as cpu or cuda. `dtype`: the precision, such as torch.float32.
    """

    preset: Preset
    method: Method
    run: RunOptions
    calibrated: bool
    limits: Limits
    block: int
    device: str
    dtype: str

    @classmethod
    def of(cls, aligner: Aligner) -> Facts:
        encoder = aligner.encoder
        return cls(
            preset=aligner.preset,
            method=aligner.method,
            run=aligner.run,
            calibrated=aligner.calibration is not None,
            limits=aligner.limits,
            block=aligner.engine.block,
            device=encoder.device.type,
            dtype=str(encoder.dtype),
        )
