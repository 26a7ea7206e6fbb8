"""Everything that one alignment came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .links import Alignment


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What was compared, how similar it is, and what each direction chose; a heat map in a notebook.

    `source`, `target`: the units compared, as text. `similarity`, `forward`, `backward`: over these units; the
    directions are those of the method, or of argmax where the method has none. Shape: (source, target).
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    similarity: NDArray[np.float32]
    forward: NDArray[np.bool_]
    backward: NDArray[np.bool_]
    alignment: Alignment

    def _repr_html_(self) -> str:
        from .show.notebook import heat_map

        units = self.source, self.target, self.similarity, self.forward, self.backward
        return heat_map(*units, caption=f"links of words: {self.alignment}")
