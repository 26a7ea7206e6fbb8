"""--threads and --devices: how many cores or devices a command uses, in one process or several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from xalign.cli.groups import option
from xalign.cli.options import aligner_from
from xalign.errors import OptionError

if TYPE_CHECKING:
    from xalign.aligner import Aligner
    from xalign.processes import AlignerPool
    from xalign.processes.worker import Facts

ALL = "all"


@dataclass(frozen=True)
class Processes:
    """One process, or several, on devices or cores."""

    devices: str | None = option(
        "--devices",
        metavar="NAMES",
        help="Align on several devices, a process on each: all (GPUs), or a list such as cuda:0,cuda:1 or cpu,cpu.",
    )
    threads: int | None = option(
        "--threads",
        type=click.IntRange(min=1),
        metavar="N",
        help="Use N cores of the processor. Above 4, N processes run with one core each.",
    )

    @contextmanager
    def aligning(self, model: dict[str, Any]) -> Iterator[tuple[Aligner | AlignerPool, Facts]]:
        """(an aligner or a pool, a description of it). `model`: the values of `model_options`."""
        import torch

        from xalign.processes.worker import Facts

        total = self.threads or torch.get_num_threads()
        names = self._names(model["device"])
        if len(names) > 1:
            from xalign.processes import AlignerPool

            options = {name: value for name, value in model.items() if name != "device"}
            with AlignerPool.load(
                devices=names, threads=max(1, total // len(names)), all_layers=False, **options
            ) as pool:
                yield pool, pool.facts
            return
        before = torch.get_num_threads()
        torch.set_num_threads(total)
        try:
            aligner = aligner_from({**model, "device": names[0]} if names else model, all_layers=False)
            yield aligner, Facts.of(aligner)
        finally:
            torch.set_num_threads(before)

    def _names(self, device: str) -> list[str]:
        """The devices of several processes; empty for one process on --device."""
        from xalign.device import choose_device
        from xalign.engine import WORKERS

        if self.devices is not None:
            if device != "auto":
                raise click.UsageError("--device is one device, --devices are several: give one of them")
            return _devices(self.devices)
        if self.threads and self.threads > WORKERS and choose_device(device).type == "cpu":
            return ["cpu"] * self.threads
        return []


def _devices(text: str) -> list[str]:
    """The names that --devices gives."""
    import torch

    if text == ALL:
        count = torch.cuda.device_count()
        if not count:
            raise OptionError(
                "--devices is 'all', and there is no GPU here: --threads N uses the processor's cores"
            )
        return [f"cuda:{number}" for number in range(count)]
    names = [name.strip() for name in text.split(",")]
    if not all(names) or "auto" in names or "all" in names:
        raise OptionError(f"--devices is {text[:40]!r}: expected all, or names such as cuda:0,cuda:1")
    return names
