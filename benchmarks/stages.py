"""Where xalign's time goes: its own stages, one after the other on the same text, and what the encoder achieves.

In `Aligner` these stages overlap, so that their sum exceeds the time from file to file. They are the functions that
the engine composes: reading, `prepare` (subwords and batches), `encode` (with the copy to the device), `link`
(similarity, extraction, words) and writing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import torch
from torch.utils.flop_counter import FlopCounterMode

from xalign.aligner import Aligner
from xalign.batches import Batch
from xalign.encoders.families import load_encoder
from xalign.files import writing
from xalign.formats import WRITERS, WriteOptions
from xalign.links import Alignment
from xalign.parallel import run_groups
from xalign.similarity import Units
from xalign.text.sentences import SentencePair, read_files

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass
class Clock:
    """Seconds spent in each stage."""

    device: torch.device
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def running(self, stage: str) -> Iterator[None]:
        self._wait()
        started = perf_counter()
        yield
        self._wait()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + perf_counter() - started

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def time_stages(aligner: Aligner, source: str, target: str, links: str) -> dict[str, Any]:
    """Align two files, stage by stage; seconds by stage, subwords with and without padding, and achieved FLOP/s."""
    clock = Clock(aligner.encoder.device)
    with clock.running("read"):
        pairs = list(read_files(source, target))
    work = Work.of(aligner, pairs[0])
    alignments: list[Alignment] = []
    for first in range(0, len(pairs), aligner.engine.block):
        with clock.running("subwords"):
            block = aligner.engine.prepare(pairs[first : first + aligner.engine.block])
        for _, batch in block.batches:
            work.count(batch)
        with clock.running("encode"):
            encoded = _at_once(aligner, _encode, [batch for _, batch in block.batches])
        with clock.running("extract"):
            linked = _at_once(aligner, _link, encoded)
        found = [Alignment()] * len(block)
        for (numbers, _), of_batch in zip(block.batches, linked, strict=True):
            for number, alignment in zip(numbers.tolist(), of_batch, strict=True):
                found[number] = alignment
        alignments += found
    with clock.running("write"):
        _write(links, pairs, alignments)
    return {
        "stages_s": clock.seconds,
        "subwords": work.subwords,
        "padded_subwords": work.padded,
        "batches": work.batches,
        "encoder_flop": work.flop,
        "encoder_flop_per_s": work.flop / clock.seconds["encode"] if work.batches else 0.0,
    }


def _at_once(
    aligner: Aligner, work: Callable[[Aligner, Given], Made], batches: Sequence[Given]
) -> list[Made]:
    """As many batches at once as the engine computes."""
    tasks = [partial(work, aligner, batch) for batch in batches]
    [(_, made)] = run_groups([(None, tasks)], aligner.engine.workers)
    return made


def _encode(aligner: Aligner, batch: Batch) -> tuple[Batch, Units, Units]:
    on_device = batch.to(aligner.encoder.device)
    [(source, target)] = aligner.engine.encode(on_device, [aligner.layer])
    return on_device, source, target


def _link(aligner: Aligner, encoded: tuple[Batch, Units, Units]) -> list[Alignment]:
    return aligner.comparison.link(*encoded)


def _write(path: str, pairs: Sequence[SentencePair], alignments: Sequence[Alignment]) -> None:
    write, options = WRITERS["pharaoh"], WriteOptions(scores=False, one_based=False)
    with writing(path) as file:
        for number, (pair, alignment) in enumerate(zip(pairs, alignments, strict=True), start=1):
            file.write(write(pair, alignment, number, options).encode())


@dataclass
class Work:
    """What the text asks of the encoder: real subwords alone, so that computing padding is no achievement.

    `linear`: floating-point operations of the blocks' matrix products with weights, per subword.
    `attention`: those of attention's two products, per subword and subword attended to.
    """

    linear: float
    attention: float
    subwords: int = 0
    padded: int = 0
    batches: int = 0
    flop: float = 0.0

    @classmethod
    def of(cls, aligner: Aligner, pair: SentencePair) -> Work:
        """Count the products that torch runs for one pair; attention, which it may fuse, by its definition.

        With an encoder that is not packed: packed ones call oneDNN where torch does not count.
        """
        layer, width = aligner.layer, aligner.encoder.width
        encoder = load_encoder(aligner.encoder.preset)
        [(_, batch)] = aligner.engine.prepare([pair]).batches
        inputs = batch.inputs
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            for each in inputs:
                encoder.encode(each, [layer])
        counted = counter.get_flop_counts()["Global"]
        linear = sum(counted.get(product, 0) for product in (torch.ops.aten.mm, torch.ops.aten.addmm))
        return cls(linear=linear / sum(each.ids.numel() for each in inputs), attention=4.0 * layer * width)

    def count(self, batch: Batch) -> None:
        self.batches += 1
        for each in batch.inputs:
            lengths = each.mask.sum(dim=1)
            self.subwords += int(lengths.sum())
            self.padded += each.mask.numel()
            self.flop += self.linear * int(lengths.sum()) + self.attention * int((lengths * lengths).sum())
