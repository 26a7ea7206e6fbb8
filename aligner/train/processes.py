"""The processes of a training run: accelerate, or an error that says how to install it."""

from __future__ import annotations

from ..errors import DependencyError

try:
    from accelerate import Accelerator as Accelerator
    from accelerate import DistributedDataParallelKwargs as DistributedDataParallelKwargs
    from accelerate import PartialState as PartialState
except ImportError as error:
    raise DependencyError(
        "training needs accelerate, which is not installed: pip install accelerate"
    ) from error
