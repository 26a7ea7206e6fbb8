"""The log of a training run -> a picture: loss above, AER on development sets below. Needs matplotlib."""

from __future__ import annotations

import math
from pathlib import Path

from ..files import telling_failures, writing
from ..score.figures import expect_figure, saved, styled
from .log import read_log

FEW = 30  # points that are marked; a single one makes no line


def plot_log(out: Path, file: Path) -> None:
    """Draw `out/log.jsonl` into `file`: .png, .svg or .pdf.

    Raises:
        DependencyError: as `expect_figure`.
        OptionError: as `expect_figure`, or the file cannot be written.
        TrainingError: the log is empty or damaged.
    """
    suffix = expect_figure(file)
    reports = read_log(out)
    measured = [(report.step, report.scores) for report in reports if report.scores]
    steps = [report.step for report in reports]
    names = reports[-1].losses
    marker = "." if len(steps) <= FEW else ""
    with styled() as new_figure:
        figure = new_figure(figsize=(8, 7 if measured else 4), layout="constrained")
        axes = figure.subplots(2 if measured else 1, 1, sharex=True, squeeze=False)[:, 0]
        axes[0].plot(steps, [report.loss for report in reports], color="black", marker=marker, label="loss")
        if len(names) > 1:
            for name in names:
                losses = [report.losses.get(name, math.nan) for report in reports]
                axes[0].plot(steps, losses, marker=marker, label=name)
            axes[0].legend()
        axes[0].set_ylabel("loss (nats)")
        if measured:
            for name in measured[-1][1]:
                scores = [scores.get(name, math.nan) for _, scores in measured]
                axes[1].plot([step for step, _ in measured], scores, marker=".", label=name)
            axes[1].set_ylabel("AER (%)")
            axes[1].legend()
        axes[-1].set_xlabel("step")
        with telling_failures(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            with writing(file) as opened:
                opened.write(saved(figure, suffix))
