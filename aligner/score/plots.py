"""Scores, links and gold -> a figure with several plots, as `xalign eval --plot` draws them. Needs matplotlib.

AER by layer                       if several layers of a model are scored
precision and recall by threshold  if links have scores
reliability                        if links have scores in [0, 1]
AER by length                      if the text is known
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..errors import OptionError
from ..text.sentences import SentencePair
from .curves import by_length, by_threshold, calibration_error, reliability
from .evaluation import Gold, Hypothesis
from .figures import expect_figure, plain, saved, styled
from .report import Score
from .significance import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 6  # in one plot; of more hypotheses than that, the best are drawn

Plot = Callable[["Axes"], None]


def draw(
    scores: Sequence[Score],
    hypotheses: Sequence[Hypothesis],
    gold: Gold,
    text: Sequence[SentencePair] | None = None,
    name: PurePath | str = "plot.png",
) -> bytes:
    """All plots for which there is data, as the bytes of a file with that name: .png, .svg or .pdf.

    Raises:
        OptionError: the suffix is another, or there is nothing to draw: links without scores, and no text.
        DependencyError: matplotlib is not installed.
    """
    suffix = expect_figure(name)
    best = sorted(range(len(scores)), key=lambda k: scores[k].total.aer)[:MOST_LINES]
    chosen = [(scores[k], hypotheses[k]) for k in sorted(best)]
    plots: list[Plot] = []
    if any(len(found) > 1 for found in _by_model(scores).values()):
        plots.append(partial(_by_layer, scores=scores))
    if any(alignment.scores for _, hypothesis in chosen for alignment in hypothesis.alignments):
        plots.append(partial(_by_threshold, chosen=chosen, gold=gold))
    if any(reliability(hypothesis, gold) for _, hypothesis in chosen):
        plots.append(partial(_reliability, chosen=chosen, gold=gold))
    if text is not None:
        plots.append(partial(_by_length, chosen=chosen, text=text))
    if not plots:
        raise OptionError(
            "there is nothing to plot: links without scores, and no text to know the lengths from"
        )
    with styled() as new_figure:
        columns = min(2, len(plots))
        rows = -(-len(plots) // columns)
        figure = new_figure(figsize=(5.6 * columns, 4 * rows), dpi=160, layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, plot in zip(panels, plots, strict=False):
            plot(axes)
        for axes in panels[len(plots) :]:
            axes.set_axis_off()
        return saved(figure, suffix)


def _by_model(scores: Sequence[Score]) -> dict[str, list[tuple[int, Score]]]:
    """Model -> its (layer, score) pairs; scores without a known layer are left out."""
    models: dict[str, list[tuple[int, Score]]] = {}
    for score in scores:
        settings = score.signature.settings
        if "layer" in settings:
            models.setdefault(str(settings["model"]), []).append((int(str(settings["layer"])), score))
    return models


def _by_layer(axes: Axes, scores: Sequence[Score]) -> None:
    for model, found in _by_model(scores).items():
        layers = [layer for layer, _ in found]
        _with_intervals(axes, layers, [(score.total.aer, score.interval) for _, score in found], model)
    axes.locator_params(axis="x", integer=True)
    _finish(axes, "AER by layer", "layer (0: embeddings)", "AER, 95 % interval")
    axes.set_ylim(bottom=0)


def _by_threshold(axes: Axes, chosen: Sequence[tuple[Score, Hypothesis]], gold: Gold) -> None:
    for score, hypothesis in chosen:
        points = by_threshold(hypothesis, gold)
        recall, precision = (
            [100 * point.recall for point in points],
            [100 * point.precision for point in points],
        )
        axes.plot(recall, precision, label=plain(score.name))
        axes.plot(recall[-1:], precision[-1:], "o", color=axes.lines[-1].get_color())
    _finish(axes, "Precision and recall by threshold", "recall (dot: all links)", "precision")


def _reliability(axes: Axes, chosen: Sequence[tuple[Score, Hypothesis]], gold: Gold) -> None:
    axes.plot([0, 1], [0, 1], color="#9aa3af", linestyle="--", linewidth=1)
    for score, hypothesis in chosen:
        bins = reliability(hypothesis, gold)
        if not bins:
            continue
        label = f"{plain(score.name)} (off by {100 * calibration_error(bins):.1f} points)"
        axes.plot(
            [each.score for each in bins],
            [each.right for each in bins],
            marker="o",
            markersize=4,
            label=label,
        )
    _finish(axes, "Reliability", "score of links", "share that is right")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)


def _by_length(axes: Axes, chosen: Sequence[tuple[Score, Hypothesis]], text: Sequence[SentencePair]) -> None:
    for k, (score, _) in enumerate(chosen):
        classes = by_length(score.counts, text)
        places = [place + 0.08 * (k - (len(chosen) - 1) / 2) for place in range(len(classes))]
        _with_intervals(axes, places, [(each.aer, each.interval) for each in classes], score.name)
        names = [f"{each.fewest}–{each.most}" if each.most else f"{each.fewest}+" for each in classes]
        axes.set_xticks(
            range(len(classes)), [f"{name}\n{each.pairs}" for name, each in zip(names, classes, strict=True)]
        )
    _finish(axes, "AER by length", "words of the source sentence; pairs", "AER, 95 % interval")
    axes.set_ylim(bottom=0)


def _with_intervals(
    axes: Axes, places: Sequence[float], aers: Sequence[tuple[float, Interval]], name: str
) -> None:
    values = [100 * aer for aer, _ in aers]
    below = [100 * (aer - interval.low) for aer, interval in aers]
    above = [100 * (interval.high - aer) for aer, interval in aers]
    axes.errorbar(places, values, [below, above], marker="o", markersize=4, capsize=2, label=plain(name))


def _finish(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#e5e8ec", linewidth=0.7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if len(axes.get_legend_handles_labels()[1]):
        axes.legend(fontsize=8, frameon=False)
