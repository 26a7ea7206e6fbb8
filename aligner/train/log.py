"""The log of a training run, as JSON lines: written during the run, truncated when it is resumed, read for plots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

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
        """`start`: the step to continue from. Later entries of a killed run are removed, since they come again.

        Raises:
            OptionError: the log cannot be written.
            TrainingError: the log of the killed run is damaged.
        """
        self._path = out / LOG
        kept = [_line(report) for report in _reports(self._path) if report.step <= start] if start else []
        with telling_failures(self._path):
            self._path.write_text("".join(kept), encoding="utf-8")

    def write(self, progress: Progress) -> None:
        with telling_failures(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(_line(progress))


def read_log(out: Path) -> list[Progress]:
    """The reports of the run in a folder.

    Raises:
        TrainingError: there are none, or the log is damaged.
    """
    reports = _reports(out / LOG)
    if not reports:
        raise TrainingError(f"{out / LOG} has no reports: train for at least one step")
    return reports


def _line(progress: Progress) -> str:
    row = {name: value for name, value in asdict(progress).items() if value is not None}
    return f"{json.dumps(row)}\n"


def _reports(path: Path) -> list[Progress]:
    """Those of the complete lines of the file; a kill may have left half a line at the end."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [Progress(**json.loads(line)) for line in lines if line.endswith("\n")]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError):
        raise TrainingError(f"{path} is damaged: remove it") from None
