"""A learner and an endless stream of batches -> trained weights: steps, log, state, best weights.

Runs in one process, or in several that `accelerate launch` or `torchrun` started. Each process takes its share of the
batches of every step, and only the first one writes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ..ahead import run_ahead
from ..errors import TrainingError
from ..files.filling import filling
from .checkpoint import Finished, load_state, save_state
from .collate import Example, TrainingBatch
from .log import Log, Progress
from .mixture import Mixture
from .optimizer import make_optimizer, set_rate
from .options import Precision, TrainOptions
from .processes import Accelerator, DistributedDataParallelKwargs
from .tune import usual_rate


@dataclass(frozen=True)
class Callbacks:
    """Functions that a run calls, in the first process only.

    `evaluate`: gives AER in percent per development set; called whenever the state is saved. Without it the last
    weights count as the best. `save`: writes the current weights; called when the mean score is the best so far.
    `report`: gets every logged step. `stepped`: gets the number of every finished step.
    """

    evaluate: Callable[[], dict[str, float]] | None = None
    save: Callable[[], None] = lambda: None
    report: Callable[[Progress], None] = lambda progress: None
    stepped: Callable[[int], None] = lambda step: None


def train(
    learner: nn.Module,
    mixture: Mixture,
    collate: Callable[[Sequence[Example]], TrainingBatch],
    device: torch.device,
    out: Path,
    options: TrainOptions,
    resume: bool = False,
    callbacks: Callbacks | None = None,
    kept: Mapping[str, str] | None = None,
) -> None:
    """Train `learner` in place; `out` keeps a log and the state to resume from.

    In float32 on a CPU a resumed run ends with exactly the weights of an uninterrupted one: everything random depends
    only on the seed and the number of the batch.

    Args:
        learner: `forward(batch)` gives losses by name; "loss" is minimized. Parameters that need a gradient are
        trained.
        mixture: gives the examples of each batch.
        collate: examples -> batch.
        device: where to compute; with several processes, each takes its own accelerator.
        out: folder for `log.jsonl` and `state/`.
        options: the schedule.
        resume: continue from `out/state`.
        callbacks: scores, saving and reports.
        kept: stored with the state, for `expect_same`.

    Raises:
        TrainingError: the loss is inf or NaN, or there is nothing to resume from.
    """
    callbacks = callbacks or Callbacks()
    accelerator = _accelerator(device)
    processes = accelerator.num_processes
    device = accelerator.device if processes > 1 else device
    learner.to(device)
    rate = usual_rate(learner) if options.learning_rate is None else options.learning_rate
    optimizer = make_optimizer(learner, options.optimizer, options.weight_decay, options.muon_factor)
    finished = replace(load_state(out, learner, optimizer) if resume else Finished(), kept=kept or {})
    run = _Run(accelerator, learner, optimizer, device, options, rate)
    drawn = mixture.batches(finished.batches, accelerator.process_index, processes)
    if accelerator.is_main_process:
        with filling(out):
            out.mkdir(parents=True, exist_ok=True)
        in_a_step = options.accumulate * processes
        record = _Record(out, learner, optimizer, callbacks, in_a_step, finished, Log(out, finished.steps))
    learner.train()
    with closing(run_ahead(map(collate, drawn), wait=True)) as batches:
        for progress in run.steps(batches, finished, callbacks.stepped):
            due = progress.step % options.save_steps == 0 or progress.step == options.steps
            if accelerator.is_main_process:
                record.add(progress, due)
            if due:
                accelerator.wait_for_everyone()
    learner.eval()


def _accelerator(device: torch.device) -> Accelerator:
    # Blocks above the layer that is compared get no gradient.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(mixed_precision="no", cpu=device.type == "cpu", kwargs_handlers=[unused])


@dataclass
class _Record:
    """Writes what a run has done: log, best weights, state. `in_a_step`: batches of all processes."""

    out: Path
    learner: nn.Module
    optimizer: torch.optim.Optimizer
    callbacks: Callbacks
    in_a_step: int
    finished: Finished
    log: Log

    def add(self, progress: Progress, due: bool) -> None:
        """Log a step; if a save is due, measure and save, too."""
        best = self.finished.best
        if due:
            progress, best = self._keep_best(progress, best)
        self.log.write(progress)  # before the state: a resumed run removes later entries
        if due:
            batches = self.finished.batches + (progress.step - self.finished.steps) * self.in_a_step
            self.finished = replace(self.finished, steps=progress.step, batches=batches, best=best)
            save_state(self.out, self.finished, self.learner, self.optimizer)
        self.callbacks.report(progress)

    def _keep_best(
        self, progress: Progress, best: Mapping[str, float]
    ) -> tuple[Progress, Mapping[str, float]]:
        """Measure; save the weights if the mean development score improved, or if nothing is measured."""
        if self.callbacks.evaluate is not None:
            self.learner.eval()
            scores = self.callbacks.evaluate()
            self.learner.train()
            mean = sum(scores.values()) / len(scores)
            progress = replace(progress, scores=scores, best=mean < best.get("mean", math.inf))
            if not progress.best:
                return progress, best
            best = {"mean": mean, **scores}
        self.callbacks.save()
        return progress, best


@dataclass
class _Run:
    """Takes the steps of a run."""

    accelerator: Accelerator
    learner: nn.Module
    optimizer: torch.optim.Optimizer
    device: torch.device
    options: TrainOptions
    rate: float

    def steps(
        self, batches: Iterable[TrainingBatch], finished: Finished, stepped: Callable[[int], None]
    ) -> Iterator[Progress]:
        """Take all remaining steps; yield a report at every step that is logged or saved."""
        options, accelerator = self.options, self.accelerator
        learner, optimizer = accelerator.prepare(
            self.learner, self.optimizer, device_placement=[False, False]
        )
        stream = iter(batches)
        number = finished.batches + accelerator.process_index
        means, since = _Means(self.device), time.monotonic()
        for step in range(finished.steps, options.steps):
            rate = self.rate * options.share_at(step)
            set_rate(optimizer, rate)
            for part in range(options.accumulate):
                # Dropout and masks depend only on the number of the batch, so that a resumed run repeats them.
                torch.manual_seed(options.seed * 1_000_003 + number)
                number += accelerator.num_processes
                batch = next(stream).to(self.device)
                last = part == options.accumulate - 1
                # Processes exchange gradients once a step, with the last of its batches.
                with nullcontext() if last else accelerator.no_sync(learner):
                    with self.precision():
                        losses = learner(batch)
                    accelerator.backward(losses["loss"] / options.accumulate)
                means.add(losses, batch.subwords)
            means.add_norm(accelerator.clip_grad_norm_(learner.parameters(), options.clip))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            done = step + 1
            if accelerator.is_main_process:
                stepped(done)
            if done % options.log_steps == 0 or done % options.save_steps == 0 or done == options.steps:
                losses, subwords, count = means.take(accelerator)
                # A finite loss may have a gradient of NaN, which makes weights NaN.
                if not (math.isfinite(losses["loss"]) and math.isfinite(losses.pop("norm"))):
                    raise _diverged(done, count // options.accumulate, rate)
                seconds = time.monotonic() - since
                yield Progress(
                    step=done,
                    steps=options.steps,
                    loss=losses.pop("loss"),
                    losses=losses,
                    rate=rate,
                    subwords_per_second=subwords / seconds,
                    seconds_per_step=seconds * options.accumulate / count,
                )
                since = time.monotonic()

    def precision(self) -> torch.autocast:
        # Not accelerate's own, which can be set only once in a process.
        lower = self.options.dtype is not Precision.FLOAT32
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=lower)


def _diverged(step: int, steps: int, rate: float) -> TrainingError:
    return TrainingError(
        f"the loss or its gradient became inf or NaN between steps {step - steps + 1} and {step}; "
        f"resume from the last state with a lower learning_rate (it was {rate:g})",
        "learning_rate",
    )


class _Means:
    """Means of losses since the last report, summed on the device so that the host does not wait."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._sums: dict[str, Tensor] = {}
        self._subwords, self._count = 0, 0

    def add(self, losses: Mapping[str, Tensor], subwords: int) -> None:
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0) + loss.detach().float()
        self._subwords += subwords
        self._count += 1

    def add_norm(self, norm: Tensor) -> None:
        """The norm of the gradient, once per step; its mean tells whether all were finite."""
        self._sums["norm"] = self._sums.get("norm", 0) + norm.detach().float()

    def take(self, accelerator: Accelerator) -> tuple[dict[str, float], int, int]:
        """(means over all processes, subwords of all processes, batches of one process); resets the sums."""
        names = sorted(self._sums)
        subwords_here = torch.tensor(float(self._subwords), device=self._device)
        sums = torch.stack([*(self._sums[name] for name in names), subwords_here])
        *values, subwords = accelerator.reduce(sums, "sum").tolist()
        batches = self._count * accelerator.num_processes
        means = {name: value / batches for name, value in zip(names, values, strict=True)}
        count = self._count
        self._sums, self._subwords, self._count = {}, 0, 0
        return means, int(subwords), count
