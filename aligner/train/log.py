"""The log of a training run, as JSON lines: written during the run, truncated when it is resumed, read for plots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import TrainingError
from ..files import telling_failures

LOG = "log.jsonl"


@dataclass(frozen=True)
class Progress:
    """The report of one logged step.

    `loss` and `losses` (each objective, unweighted, by its name) are means since the last report, in nats.
    `scores`: AER in percent by development set, if measured at this step; `best`: their mean is the best so far.
    """

    step: int
    steps: int
    loss: float
    losses: Mapping[str, float] = field(default_factory=dict)
    rate: float = 0.0
    subwords_per_second: float = 0.0
    seconds_per_step: float = 0.0
    scores: Mapping[str, float] | None = None
    best: bool | None = None


class Log:
    """`out/log.jsonl`, a line per report."""

    def __init__(self, out: Path, start: int) -> None:
        """`start`: the step to continue from. Later entries of a killed run are removed, since they come again."""
        self._path = out / LOG
        kept = [row for row in _rows(self._path) if row["step"] <= start] if start else []
        with telling_failures(self._path):
            self._path.write_text("".join(f"{json.dumps(row)}\n" for row in kept), encoding="utf-8")

    def write(self, progress: Progress) -> None:
        row = {name: value for name, value in asdict(progress).items() if value is not None}
        with telling_failures(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def read_log(out: Path) -> list[Progress]:
    """The reports of the run in a folder.

    Raises:
        TrainingError: there are none.
    """
    rows = _rows(out / LOG)
    if not rows:
        raise TrainingError(f"{out / LOG} has no reports: train for at least one step")
    return [Progress(**row) for row in rows]


def _rows(path: Path) -> list[dict[str, Any]]:
    """The complete lines of the file; a kill may have left half a line at the end."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
