"""What an aligner is -> a description that travels to processes that have none."""

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
    """The model, the method and the run, and on what they compute.

    `calibrated`: scores are probabilities (calibration.py). `block`: most pairs that are taken together. `device`: cpu,
    cuda, ... `dtype`: torch's name of it.
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
