"""Do memory and rate stay flat over millions of lines through a pipe, and does a line come out for each that goes in?

    python benchmarks/soak.py --lines 2000000 corpus.tsv

The text goes through the pipes of one `xalign align --tsv`, again from its beginning where it has fewer lines. A row is
printed for every 100,000 lines that come out: the rate since the last row, on the clock and per second of processor
time, and the memory of the process. Linux only: memory is read from `/proc`.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import IO

from xalign.files import read_lines

MIB = 1 << 20
COMMAND = [sys.executable, "-m", "xalign.cli", "align", "--tsv", "-q"]


def run() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--every", type=int, default=100_000, help="lines of output between two rows")
    parser.add_argument("--model", default="mini")
    parser.add_argument("text", type=Path)
    options = parser.parse_args()
    process = subprocess.Popen(
        [*COMMAND, "--model", options.model], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    threading.Thread(target=feed, args=(options.text, options.lines, process.stdin), daemon=True).start()
    written = watch(process.pid, process.stdout, options.every)
    print(f"exit status {process.wait()}; {options.lines} lines in, {written} lines out")


def feed(text: Path, lines: int, pipe: IO[bytes]) -> None:
    with pipe:
        for line in itertools.islice(forever(text), lines):
            pipe.write(f"{line}\n".encode())


def forever(text: Path) -> Iterator[str]:
    while True:
        yield from read_lines(text)


def watch(process: int, pipe: IO[bytes], every: int) -> int:
    """Print a row for every `every` lines that the process writes -> how many lines it wrote."""
    print("| lines | pairs/s | pairs per second of CPU | memory, MiB | peak, MiB |\n|---|---|---|---|---|")
    clock, cpu, written = perf_counter(), cpu_seconds(process), 0
    for written, _ in enumerate(pipe, start=1):
        if written % every == 0:
            clock, cpu, before = perf_counter(), cpu_seconds(process), (clock, cpu)
            rates = f"{every / (clock - before[0]):.0f} | {every / (cpu - before[1]):.0f}"
            print(
                f"| {written:,} | {rates} | {memory(process, 'VmRSS')} | {memory(process, 'VmHWM')} |",
                flush=True,
            )
    return written


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: int, kind: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 // MIB for line in lines if line.startswith(kind))


if __name__ == "__main__":
    run()
