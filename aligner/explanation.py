"""Everything that one alignment came from, and its heat map in a notebook.

The heat map is one HTML table, without script or style sheet.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .links import Alignment

# (source to target, target to source) -> the sign in a cell
SIGNS = {(True, True): "●", (True, False): "→", (False, True): "←", (False, False): ""}
_CELL = "width:1.6em;height:1.6em;text-align:center;padding:0;border:1px solid rgba(128,128,128,.25);"
_HEADER = "padding:2px 4px;font-weight:normal;white-space:pre;"


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The units that were compared, their similarity, and the links of each direction; a heat map in a notebook.

    `source`, `target`: the units, as text. `similarity`, `forward`, `backward`: over these units; the
    directions are those of the method, or of argmax where the method has none. Shape: (source, target).
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    similarity: NDArray[np.float32]
    forward: NDArray[np.bool_]
    backward: NDArray[np.bool_]
    alignment: Alignment

    def _repr_html_(self) -> str:
        """Source in rows, target in columns: the more similar two units, the darker their cell.

        A dot is a link in both directions, an arrow a link in that direction only.
        """
        columns = "".join(
            f'<th dir="auto" style="{_HEADER}writing-mode:vertical-rl;text-align:right">{html.escape(word)}</th>'
            for word in self.target
        )
        steps = heat(self.similarity)
        rows = "".join(
            f'<tr><th dir="auto" style="{_HEADER}text-align:right">{html.escape(word)}</th>'
            + "".join(self._cell(i, j, steps[i, j]) for j in range(len(self.target)))
            + "</tr>"
            for i, word in enumerate(self.source)
        )
        caption = (
            f'<caption style="caption-side:bottom;text-align:left">links of words: {self.alignment}</caption>'
        )
        return f'<table style="border-collapse:collapse;width:auto">{caption}<tr><td></td>{columns}</tr>{rows}</table>'

    def _cell(self, i: int, j: int, step: np.uint8) -> str:
        title = f"{self.source[i]} – {self.target[j]}: {self.similarity[i, j]:.4f}"
        colour = f"background:rgba(36,88,198,{step / 255 * 0.85:.2f})"
        sign = SIGNS[bool(self.forward[i, j]), bool(self.backward[i, j])]
        return f'<td title="{html.escape(title)}" style="{_CELL}{colour}">{sign}</td>'


def heat(similarity: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The similarity between the lowest and the highest of the pair, in 256 steps; 0 where there is none.

    Shape: (source, target)

    >>> heat(np.array([[1.0, 2.0], [3.0, np.nan]], dtype=np.float32)).tolist()
    [[0, 128], [255, 0]]
    """
    known = np.isfinite(similarity)
    if not known.any():
        return np.zeros(similarity.shape, dtype=np.uint8)
    low, high = similarity[known].min(), similarity[known].max()
    scaled = (similarity - low) / (high - low if high > low else 1)
    steps: NDArray[np.uint8] = np.rint(255 * np.where(known, scaled, 0)).astype(np.uint8)
    return steps
