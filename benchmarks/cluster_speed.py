"""What does Ray cost beside plain `xalign align`, and how many pairs a second do one worker and two align?

    python benchmarks/cluster_speed.py corpus.tsv --pairs 200000 --part-pairs 100000 --workers 1 2

Aligns a text by `xalign align`, then by `xalign align --ray local` with so many workers, each way on as many cores as
it has workers (plain: one), and compares the links. Before each, the same command aligns one pair per worker: that is
the start, with imports, model and Ray, which does not grow with the text. CPU time is that of all processes that the
command starts: its own, the workers' and those of Ray. It is read from /proc, so a process that another one buries
loses what it did since the last look. Linux only. Needs xalign-words[ray].
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import torch
from machine import describe

PERIOD = 0.3  # seconds between two looks at /proc
LAST = 60.0  # seconds that Ray's processes have to end
_BE_REAPER = 36  # prctl's PR_SET_CHILD_SUBREAPER: the children of dead processes become those of this one
_TICKS = os.sysconf("SC_CLK_TCK")
COLUMNS = (
    *("way", "seconds", "start", "pairs/s after it", "CPU s", "start", "command", "workers", "Ray"),
    *("CPU to plain", "after the start", "lines that differ"),
)


@dataclass
class Run:
    """A command from its start to its end. `cpu`: seconds of the "command" itself, of "workers", and of "Ray"."""

    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def cpu_seconds(self) -> float:
        return sum(self.cpu.values())


@dataclass
class Measured:
    """A way to align a text. `start`: its run with a pair for each worker; `whole`: with the text."""

    way: str
    pairs: int
    start: Run
    whole: Run
    differ: int

    @property
    def cpu_after_start(self) -> float:
        return self.whole.cpu_seconds - self.start.cpu_seconds

    def row(self, plain: Measured) -> str:
        after = max(self.whole.seconds - self.start.seconds, 0.1)
        cells = [
            *(
                self.way,
                f"{self.whole.seconds:.1f}",
                f"{self.start.seconds:.1f}",
                f"{self.pairs / after:.1f}",
            ),
            *(f"{self.whole.cpu_seconds:.1f}", f"{self.start.cpu_seconds:.1f}"),
            *(f"{self.whole.cpu.get(who, 0.0):.1f}" for who in ("command", "workers", "Ray")),
            f"{self.whole.cpu_seconds / plain.whole.cpu_seconds:.3f}",
            f"{self.cpu_after_start / plain.cpu_after_start:.3f}",
            str(self.differ),
        ]
        return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--part-pairs", type=int, default=100_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path, help="a file for the measurements, as JSON")
    parser.add_argument("text", type=Path, metavar="TSV")
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(_BE_REAPER, 1, 0, 0, 0)
    own = sorted(os.sched_getaffinity(0))
    model = ["--model", options.model, "--dtype", options.dtype, "--device", "cpu"]
    with options.text.open("rb") as lines:
        head = list(islice(lines, options.pairs))
    found: list[Measured] = []
    expected: list[str] = []
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for workers in (0, *options.workers):
            os.sched_setaffinity(0, own[: max(workers, 1)])  # of this process, and of those that it starts
            start, _ = aligned(head[: max(workers, 1)], Path(folder, f"start{workers}"), model, workers, 1)
            whole, links = aligned(head, Path(folder, f"whole{workers}"), model, workers, options.part_pairs)
            expected = expected or links
            differ = sum(one != other for one, other in zip(links, expected, strict=True))
            way = f"{workers} worker{'s' * (workers > 1)}" if workers else "plain"
            found.append(Measured(way, len(head), start, whole, differ))
            print(found[-1].row(found[0]), flush=True)
    if options.out:
        os.sched_setaffinity(0, own)
        report = describe(torch.device("cpu")) | {"model": options.model, "part_pairs": options.part_pairs}
        report["measured"] = list(map(asdict, found))
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def aligned(
    lines: list[bytes], folder: Path, model: list[str], workers: int, part_pairs: int
) -> tuple[Run, list[str]]:
    """The run, and the links of each line, by so many workers of Ray; by 0: by plain `xalign align`."""
    folder.mkdir()
    text, out = folder / "text.tsv", folder / "out"
    text.write_bytes(b"".join(lines))
    command = [sys.executable, "-m", "xalign.cli", "align", "--progress", "none", "--tsv", *model]
    if not workers:
        run = watched([*command, "--threads", "1", "-o", str(out), str(text)])
        return run, out.read_text(encoding="utf-8").splitlines()
    ray = ["--ray", "local", "--actors", str(workers), "--part-pairs", str(part_pairs)]
    run = watched([*command, *ray, "--output-dir", str(out), str(text)])
    parts = (part.read_text(encoding="utf-8") for part in sorted(out.glob("part-*.align")))
    return run, [line.partition("\t")[2] for part in parts for line in part.splitlines()]


def watched(command: list[str]) -> Run:
    """Run a command, and wait for all that it started."""
    began, seen = time.monotonic(), Seen()
    process = subprocess.Popen(command)
    seen.kinds[process.pid] = "command"
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        seen.look()
        time.sleep(PERIOD)
    run = Run(time.monotonic() - began)
    while seen.look() and time.monotonic() - began < run.seconds + LAST:
        time.sleep(PERIOD)
    if process.wait():
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    run.cpu = seen.seconds()
    return run


class Seen:
    """The processes below this one, and the CPU seconds that each had used when it was last seen."""

    def __init__(self) -> None:
        self.kinds: dict[int, str] = {}
        self._used: dict[int, float] = {}

    def look(self) -> bool:
        """Whether one of them is alive."""
        children: dict[int, list[tuple[int, list[str]]]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text(errors="replace").rpartition(") ")[2].split()
                children.setdefault(int(fields[1]), []).append((int(stat.parent.name), fields))
        left, alive = [os.getpid()], False
        while left:
            for process, fields in children.get(left.pop(), ()):
                left.append(process)
                alive = alive or fields[0] != "Z"
                self._used[process] = (int(fields[11]) + int(fields[12])) / _TICKS
                self._name(process)
        return alive

    def seconds(self) -> dict[str, float]:
        total: dict[str, float] = {}
        for process, used in self._used.items():
            kind = self.kinds.get(process, "Ray")
            total[kind] = total.get(kind, 0.0) + used
        return total

    def _name(self, process: int) -> None:
        """Know a worker, whose title has the name of its class while it works."""
        if process not in self.kinds:
            with suppress(OSError):
                if b"ShardAligner" in Path(f"/proc/{process}/cmdline").read_bytes():
                    self.kinds[process] = "workers"


if __name__ == "__main__":
    main()
