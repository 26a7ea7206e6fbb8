"""A case -> a picture for a paper: a grid per system, with marks on top of the similarity. Needs matplotlib."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ..score.figures import expect_figure, plain, saved, styled
from .case import Case, Exhibit, Verdict, is_right_to_left

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# verdict -> (marker, colour, whether it is filled)
MARKERS = {
    Verdict.LINK: ("o", "#2458c6", True),
    Verdict.RIGHT: ("o", "#0b7a5b", True),
    Verdict.POSSIBLE: ("o", "#4f9b84", False),
    Verdict.WRONG: ("X", "#c8340f", True),
    Verdict.MISSING: ("s", "#8a45c9", False),
    Verdict.OPEN: ("s", "#a3abb6", False),
}
_CELL = 0.24  # inches


def draw(exhibit: Exhibit, name: PurePath | str = "figure.png") -> bytes:
    """The first case, one grid per system, as the bytes of a file of that name: .png, .svg or .pdf.

    Raises:
        OptionError: another suffix.
        DependencyError: matplotlib is not installed.
    """
    suffix = expect_figure(name)
    case = exhibit.cases[0]
    rows, columns = max(1, len(case.pair.source)), max(1, len(case.pair.target))
    size = len(exhibit.systems) * (columns * _CELL + 1.6), rows * _CELL + 1.6
    with styled() as new_figure:
        figure = new_figure(figsize=size, dpi=200, layout="constrained")
        panels = figure.subplots(1, len(exhibit.systems), squeeze=False)[0]
        for system, axes in enumerate(panels):
            _draw_grid(axes, case, system)
            if len(exhibit.systems) > 1:
                axes.set_title(plain(exhibit.systems[system]), fontsize=9)
        if exhibit.gold:
            _draw_legend(figure, panels[0])
        return saved(figure, suffix)


def _draw_grid(axes: Axes, case: Case, system: int) -> None:
    rows, columns = len(case.pair.source), len(case.pair.target)
    if case.similarity is not None and case.similarity.size:
        axes.imshow(case.similarity, cmap="Blues", alpha=0.55, aspect="equal")
    for mark in case.marks(system):
        axes.scatter([mark.target], [mark.source], **_style(mark.verdict))
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    if is_right_to_left(case.pair.target):
        axes.invert_xaxis()
    axes.set_aspect("equal")
    axes.xaxis.tick_top()
    axes.set_xticks(
        range(columns), map(plain, case.pair.target), rotation=50, ha="left", rotation_mode="anchor"
    )
    axes.set_yticks(range(rows), map(plain, case.pair.source))
    axes.set_xticks([k - 0.5 for k in range(1, columns)], minor=True)
    axes.set_yticks([k - 0.5 for k in range(1, rows)], minor=True)
    axes.grid(which="minor", color="#d8dce2", linewidth=0.5)
    axes.tick_params(which="both", length=0, labelsize=9)
    for spine in axes.spines.values():
        spine.set_color("#d8dce2")


def _style(verdict: Verdict) -> dict[str, Any]:
    marker, colour, filled = MARKERS[verdict]
    return {
        "marker": marker,
        "s": 46,
        "linewidths": 0.8 if filled else 1.4,
        "edgecolors": "white" if filled else colour,
        "facecolors": colour if filled else "none",
    }


def _draw_legend(figure: Figure, axes: Axes) -> None:
    verdicts = [verdict for verdict in Verdict if verdict != Verdict.LINK]
    handles = [axes.scatter([], [], label=str(verdict), **_style(verdict)) for verdict in verdicts]
    ncols = len(verdicts) if figure.get_figwidth() > 4 else 3
    figure.legend(handles=handles, loc="outside lower center", ncols=ncols, fontsize=8, frameon=False)
