"""An explanation -> a heat map for a notebook: one HTML table that needs no network, script or style sheet."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .web import heat

# (source to target, target to source) -> what stands in a cell
SIGNS = {(True, True): "●", (True, False): "→", (False, True): "←", (False, False): ""}
_CELL = "width:1.6em;height:1.6em;text-align:center;padding:0;border:1px solid rgba(128,128,128,.25);"
_HEADER = "padding:2px 4px;font-weight:normal;white-space:pre;"


def heat_map(
    source: Sequence[str],
    target: Sequence[str],
    similarity: NDArray[np.float32],
    forward: NDArray[np.bool_],
    backward: NDArray[np.bool_],
    caption: str = "",
) -> str:
    """Source in rows, target in columns: the more similar two units, the darker their cell.

    A dot is a link in both directions, an arrow one in its direction alone. Shape of the arrays: (source, target)
    """
    columns = "".join(
        f'<th dir="auto" style="{_HEADER}writing-mode:vertical-rl;text-align:right">{html.escape(word)}</th>'
        for word in target
    )
    steps = heat(similarity)
    rows = "".join(
        f'<tr><th dir="auto" style="{_HEADER}text-align:right">{html.escape(word)}</th>'
        + "".join(
            _cell(
                f"{word} – {other}: {similarity[i, j]:.4f}",
                steps[i, j],
                SIGNS[bool(forward[i, j]), bool(backward[i, j])],
            )
            for j, other in enumerate(target)
        )
        + "</tr>"
        for i, word in enumerate(source)
    )
    title = (
        f'<caption style="caption-side:bottom;text-align:left">{html.escape(caption)}</caption>'
        if caption
        else ""
    )
    return (
        f'<table style="border-collapse:collapse;width:auto">{title}<tr><td></td>{columns}</tr>{rows}</table>'
    )


def _cell(title: str, step: np.uint8, sign: str) -> str:
    colour = f"background:rgba(36,88,198,{step / 255 * 0.85:.2f})"
    return f'<td title="{html.escape(title)}" style="{_CELL}{colour}">{sign}</td>'
