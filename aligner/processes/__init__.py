"""Several processes on one machine, with an aligner each.

pool      `AlignerPool`: sentence pairs -> alignments, in their order
worker    the main function of each process
facts     a description of a worker's aligner, for the process that started it
heard     log messages of a worker, which are shown by the process that started it

`AlignerPool` is imported when it is first used, so that `heard` does not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pool import AlignerPool as AlignerPool

__all__ = ["AlignerPool"]


def __getattr__(name: str) -> object:
    if name != "AlignerPool":
        raise AttributeError(f"module 'xalign.processes' has no attribute {name!r}")
    from .pool import AlignerPool

    return AlignerPool
