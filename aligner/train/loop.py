"""Corpora + an encoder -> a trained checkpoint folder: batches, steps, log, state, the best weights kept."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from xalign.encoder import Encoder
from xalign.errors import OptionError, TrainingError
from xalign.similarity import pool_words, similarity
from xalign.train.checkpoint import load_state, save_state
from xalign.train.corpus import Corpus, TrainingBatch, batches
from xalign.train.objectives import guided


@dataclass(frozen=True)
class TrainOptions:
    """How to train. The schedule is flat: warm-up, a constant rate, then a linear descent to zero."""

    steps: int = 2_000
    batch_subwords: int = 6_000  # padded subwords of both sides in one step
    learning_rate: float = 5e-4
    warmup_steps: int = 100
    descent: float = 0.4  # the share of all steps over which the rate falls to zero
    weight_decay: float = 0.01
    clip: float = 1.0  # largest norm of the gradient
    temperature: float = 1.5  # 1 draws corpora by size, larger values evenly
    layer: int | None = None  # None: the encoder's last
    method: str = "dot"
    dtype: str = "float32"  # or bfloat16, float16 (autocast)
    save_steps: int = 200
    log_steps: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("steps", "batch_subwords", "save_steps", "log_steps"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}: it must be at least 1")
        if not 0 <= self.descent <= 1:
            raise OptionError(f"descent is {self.descent}: it is a share of the steps, from 0 to 1")

    def rate_at(self, step: int) -> float:
        """The learning rate of the step with this number, counted from 0."""
        rise = (step + 1) / (self.warmup_steps + 1)
        fall = (self.steps - step) / max(1.0, self.descent * self.steps)
        return self.learning_rate * min(1.0, rise, fall)


@dataclass(frozen=True)
class Progress:
    """What one logged step reports."""

    step: int
    steps: int
    loss: float  # mean since the last report, in nats
    subwords_per_second: float
    seconds_per_step: float
    scores: dict[str, float] | None = None  # AER in percent per development set, when they were measured


class Learner(nn.Module):
    """The encoder and the loss as one module, so that accelerate can wrap the whole step."""

    def __init__(self, encoder: Encoder, layer: int, method: str) -> None:
        super().__init__()
        self.model = encoder.model
        self._encode = encoder.encode
        self._layer = layer
        self._method = method

    def forward(self, batch: TrainingBatch) -> Tensor:
        """Loss of one batch, a scalar."""
        states = self._encode(batch.input, [self._layer])[0]
        units, mask = pool_words(states, batch.units, batch.source_units + batch.links.shape[2])
        first = batch.source_units  # of the target side
        compared = similarity(units[:, :first], units[:, first:], self._method)
        return guided(compared, batch.links, mask[:, :first], mask[:, first:])


def train(
    encoder: Encoder,
    corpora: Sequence[Corpus],
    out: Path,
    options: TrainOptions,
    resume: bool = False,
    evaluate: Callable[[], dict[str, float]] | None = None,
    save: Callable[[Path], None] | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Train `encoder` in place; `out` keeps a log, the state to resume from and, by `save`, the best weights.

    Args:
        encoder: what is trained, all of its weights.
        corpora: what it is trained on.
        out: folder for `log.jsonl`, `state/` and whatever `save` writes.
        options: the schedule.
        resume: go on from `out/state`.
        evaluate: AER in percent per development set; asked whenever the state is saved. Without it the last weights
            count as the best.
        save: writes the encoder as a checkpoint into a folder; called with `out` when the mean score is a new best.
        report: called with every logged step.

    Raises:
        TrainingError: the loss is not a number, or there is nothing to resume from.
    """
    precision = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}[options.dtype]
    accelerator = Accelerator(mixed_precision=precision, cpu=encoder.device.type == "cpu")
    learner = Learner(encoder, encoder.layers if options.layer is None else options.layer, options.method)
    optimizer = torch.optim.AdamW(
        learner.parameters(),
        lr=options.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=options.weight_decay,
        fused=True,
    )
    out.mkdir(parents=True, exist_ok=True)
    start, best = load_state(out, learner.model, optimizer) if resume else (0, {})
    learner, optimizer = accelerator.prepare(learner, optimizer)
    stream = batches(corpora, encoder, options.batch_subwords, options.temperature, options.seed, skip=start)
    encoder.model.train()
    with (out / "log.jsonl").open("a" if resume else "w", encoding="utf-8") as log:
        for progress in _steps(accelerator, learner, optimizer, stream, options, start):
            due = (progress.step % options.save_steps == 0) or progress.step == options.steps
            if due:
                if evaluate is not None:
                    encoder.model.eval()
                    progress = replace(progress, scores=evaluate())
                    encoder.model.train()
                best = _keep_best(best, progress, out, save)
                save_state(out, progress.step, encoder.model, optimizer, best)
            _write_log(log, progress)
            report(progress)
    encoder.model.eval()


def _steps(
    accelerator: Accelerator,
    learner: nn.Module,
    optimizer: torch.optim.Optimizer,
    stream: Iterator[TrainingBatch],
    options: TrainOptions,
    start: int,
) -> Iterator[Progress]:
    """Take steps; report at every step that is to be logged or saved."""
    losses: list[float] = []
    subwords, since = 0, time.monotonic()
    for step in range(start, options.steps):
        for group in optimizer.param_groups:
            group["lr"] = options.rate_at(step)
        # Dropout depends on the step, not on what came before, so that a resumed run repeats it.
        torch.manual_seed(options.seed * 1_000_003 + step)
        batch = next(stream).to(accelerator.device)
        with accelerator.autocast():
            loss = learner(batch)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(learner.parameters(), options.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise TrainingError(
                f"the loss of step {step + 1} is {losses[-1]}; resume from the last state with a lower learning rate "
                f"(it was {options.rate_at(step):g})"
            )
        subwords += int(batch.input.mask.sum())
        done = step + 1
        if done % options.log_steps == 0 or done % options.save_steps == 0 or done == options.steps:
            elapsed = time.monotonic() - since
            mean = sum(losses) / len(losses)
            yield Progress(done, options.steps, mean, subwords / elapsed, elapsed / len(losses))
            losses, subwords, since = [], 0, time.monotonic()


def _keep_best(
    best: dict[str, float], progress: Progress, out: Path, save: Callable[[Path], None] | None
) -> dict[str, float]:
    """Save the weights if the mean development score improved, or if nothing is measured."""
    if progress.scores:
        mean = sum(progress.scores.values()) / len(progress.scores)
        if mean >= best.get("mean", math.inf):
            return best
        best = {"mean": mean, **progress.scores}
    if save is not None:
        save(out)
    return best


def _write_log(log: TextIO, progress: Progress) -> None:
    log.write(json.dumps({name: value for name, value in vars(progress).items() if value is not None}) + "\n")
    log.flush()
