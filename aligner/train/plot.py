"""The log of a training run -> a picture: loss above, AER on development sets below."""

from __future__ import annotations

import math
from pathlib import Path

from ..errors import DependencyError, OptionError
from .log import read_log


def check_plotting(file: Path) -> None:
    """Check before training that a picture can be drawn after it.

    Raises:
        DependencyError: matplotlib is not installed.
        OptionError: matplotlib cannot write files with this suffix.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise DependencyError(
            "plotting needs matplotlib, which is not installed: pip install matplotlib"
        ) from error
    kinds = FigureCanvasAgg.get_supported_filetypes()
    if file.suffix.removeprefix(".") not in kinds:
        raise OptionError(f"plot is {file}: the suffix must be one of {', '.join(sorted(kinds))}", "plot")


def plot_log(out: Path, file: Path) -> None:
    """Draw `out/log.jsonl` into `file`, a picture of the kind that its suffix names.

    Raises:
        DependencyError, OptionError: as `check_plotting`.
        TrainingError: the log is empty.
    """
    check_plotting(file)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    reports = read_log(out)
    measured = [(report.step, report.scores) for report in reports if report.scores]
    figure = Figure(figsize=(8, 7 if measured else 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2 if measured else 1, 1, sharex=True, squeeze=False)[:, 0]
    steps = [report.step for report in reports]
    axes[0].plot(steps, [report.loss for report in reports], color="black", label="loss")
    names = reports[-1].losses
    if len(names) > 1:
        for name in names:
            axes[0].plot(steps, [report.losses.get(name, math.nan) for report in reports], label=name)
        axes[0].legend()
    axes[0].set_ylabel("loss (nats)")
    if measured:
        for name in measured[-1][1]:
            scores = [scores.get(name, math.nan) for _, scores in measured]
            axes[1].plot([step for step, _ in measured], scores, marker=".", label=name)
        axes[1].set_ylabel("AER (%)")
        axes[1].legend()
    axes[-1].set_xlabel("step")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)
