"""Several processes on one machine, with an aligner each.

pool      `AlignerPool`: sentence pairs -> alignments, in their order
worker    what each process does
facts     what the aligner of a process is, for processes that have none
heard     what is said in a process that nobody watches, for one that somebody does

`AlignerPool` is imported when it is first used, so that `heard` never waits for torch.
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
