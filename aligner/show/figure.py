"""A case -> a picture for a paper: a grid per system, marks over the similarity. Needs matplotlib (xalign-words[plot]).

Glyphs come from the fonts that are installed: the first of FONTS that has them. Letters that join (Arabic) or combine
(Devanagari) need matplotlib 3.11.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from typing import TYPE_CHECKING, Any

from ..errors import DependencyError, OptionError
from .case import Case, Exhibit, Mark, Verdict, is_right_to_left

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
FONTS = (
    "DejaVu Sans",
    *(
        f"Noto Sans{script}"
        for script in ("", " CJK SC", " CJK JP", " SC", " Arabic", " Hebrew", " Devanagari")
    ),
    *(
        f"Noto Sans {script}"
        for script in ("Bengali", "Tamil", "Telugu", "Thai", "Khmer", "Georgian", "Armenian")
    ),
    *("PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Arial Unicode MS"),
)
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

logger = logging.getLogger("xalign")


def draw(exhibit: Exhibit, suffix: str = ".png") -> bytes:
    """The first case, one grid per system, as the bytes of a .png, .svg or .pdf file.

    Raises:
        OptionError: another suffix.
        DependencyError: matplotlib is not installed.
    """
    if suffix not in SUFFIXES:
        raise OptionError(
            f"a figure has a name that ends in {', '.join(SUFFIXES)}, not in {suffix or 'nothing'!r}"
        )
    matplotlib = _matplotlib()
    from matplotlib.figure import Figure

    case = exhibit.cases[0]
    rows, columns = max(1, len(case.pair.source)), max(1, len(case.pair.target))
    size = len(exhibit.systems) * (columns * _CELL + 1.6), rows * _CELL + 1.6
    with matplotlib.rc_context({"font.family": _fonts(), "svg.fonttype": "path", "svg.hashsalt": "xalign"}):
        figure = Figure(figsize=size, dpi=200, layout="constrained")
        panels = figure.subplots(1, len(exhibit.systems), squeeze=False)[0]
        for system, axes in enumerate(panels):
            _draw_grid(axes, case, system)
            if len(exhibit.systems) > 1:
                axes.set_title(_plain(exhibit.systems[system]), fontsize=9)
        if exhibit.gold:
            _draw_legend(figure, panels[0])
        return _saved(figure, suffix)


def _saved(figure: Figure, suffix: str) -> bytes:
    """The file's bytes, the same each time; the logger "xalign" warns of glyphs that no font has."""
    written = io.BytesIO()
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        figure.savefig(written, format=suffix[1:], metadata=metadata)
    missing = {
        name for each in raised for name in re.findall(r"Glyph \d+ \((.*?)\) missing", str(each.message))
    }
    if missing:
        logger.warning(
            "the figure has boxes in place of letters such as %s: no font that matplotlib knows has them; install one, "
            "such as Noto Sans, and empty the folder %s",
            min(missing),
            _matplotlib().get_cachedir(),
        )
    return written.getvalue()


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError:
        raise DependencyError("figures need matplotlib: pip install 'xalign-words[plot]'") from None
    return matplotlib


def _fonts() -> list[str]:
    """Of FONTS, those that are here."""
    from matplotlib.font_manager import get_font_names

    here = set(get_font_names())
    return [name for name in FONTS if name in here] or ["sans-serif"]


def _draw_grid(axes: Axes, case: Case, system: int) -> None:
    rows, columns = len(case.pair.source), len(case.pair.target)
    if case.similarity is not None and case.similarity.size:
        axes.imshow(case.similarity, cmap="Blues", alpha=0.55, aspect="equal")
    for mark in case.marks(system):
        _draw_mark(axes, mark)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    if is_right_to_left(case.pair.target):
        axes.invert_xaxis()
    axes.set_aspect("equal")
    axes.xaxis.tick_top()
    axes.set_xticks(
        range(columns), map(_plain, case.pair.target), rotation=50, ha="left", rotation_mode="anchor"
    )
    axes.set_yticks(range(rows), map(_plain, case.pair.source))
    axes.set_xticks([k - 0.5 for k in range(1, columns)], minor=True)
    axes.set_yticks([k - 0.5 for k in range(1, rows)], minor=True)
    axes.grid(which="minor", color="#d8dce2", linewidth=0.5)
    axes.tick_params(which="both", length=0, labelsize=9)
    for spine in axes.spines.values():
        spine.set_color("#d8dce2")


def _plain(text: str) -> str:
    """Text that is to be drawn as it stands: a dollar sign begins no formula."""
    return text.replace("$", r"\$")


def _draw_mark(axes: Axes, mark: Mark) -> None:
    axes.scatter([mark.target], [mark.source], **_style(mark.verdict))


def _style(verdict: Verdict) -> dict[str, Any]:
    marker, colour, filled = MARKERS[verdict]
    return {
        "marker": marker,
        "s": 46,
        "linewidths": 0.8 if filled else 1.4,
        "edgecolors": "white" if filled else colour,
        "facecolors": colour if filled else "none",
    }


def _draw_legend(figure: Any, axes: Axes) -> None:
    verdicts = [verdict for verdict in Verdict if verdict != Verdict.LINK]
    handles = [axes.scatter([], [], label=str(verdict), **_style(verdict)) for verdict in verdicts]
    ncols = len(verdicts) if figure.get_figwidth() > 4 else 3
    figure.legend(handles=handles, loc="outside lower center", ncols=ncols, fontsize=8, frameon=False)
