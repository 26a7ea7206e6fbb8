"""How long `xalign align` takes to its first line, and what that time goes into.

    python benchmarks/startup.py                    # mini, CPU
    python benchmarks/startup.py --model FOLDER --device cuda

The command itself is run on one pair from a pipe, and `xalign --help` beside it. Then the same steps are taken one
by one in a fresh process, which reads its own clock after each. CPU seconds are those of all threads.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from machine import describe

from xalign.device import choose_device

RESULTS = Path(__file__).resolve().parent / "results"
XALIGN = [sys.executable, "-m", "xalign.cli"]
PAIR = "Das Haus ist klein . ||| The house is small .\n"

# What the command does, in its order: label -> a statement. The clock is read before the first and after each.
STEPS = {
    "command line": "import xalign.cli.align",
    "torch": "import torch",
    "the rest of xalign": "from xalign.aligner import Aligner",
    "checkpoint": "aligner = Aligner.load({model!r}, device={device!r})",
    "first pair": "links = next(aligner.align([('Das Haus ist klein .', 'The house is small .')]))",
    "second pair": "links = next(aligner.align([('Das Haus ist klein .', 'The house is small .')]))",
}


def main() -> None:
    arguments = _parse()
    options = ["--model", arguments.model, "--device", arguments.device]
    runs = [time_command(["align", "-", *options], PAIR) for _ in range(arguments.repeats)]
    helps = [time_command(["--help"]) for _ in range(arguments.repeats)]
    steps = [time_steps(arguments.model, arguments.device) for _ in range(arguments.repeats)]
    print(f"{'':28} {'wall s':>7} {'CPU s':>7}   medians of {arguments.repeats}")
    _print_row("xalign align, first line", [run["first_line_s"] for run in runs], [])
    _print_row("xalign align, all", [run["wall_s"] for run in runs], [run["cpu_s"] for run in runs])
    _print_row("xalign --help", [run["wall_s"] for run in helps], [run["cpu_s"] for run in helps])
    print()
    for step in steps[0]:
        times = [each[step] for each in steps]
        _print_row(step, [each["wall_s"] for each in times], [each["cpu_s"] for each in times])
    measured = {
        "model": Path(arguments.model).name,
        "machine": describe(choose_device(arguments.device)),
        "align": runs,
        "help": helps,
        "steps": steps,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {arguments.out.name}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="default: benchmarks/results/startup-MODEL-DEVICE.json")
    arguments = parser.parse_args()
    if arguments.out is None:
        name = f"startup-{Path(arguments.model).name}-{arguments.device.replace(':', '')}.json"
        arguments.out = RESULTS / name
    return arguments


def time_command(command: list[str], text: str = "") -> dict[str, float]:
    """Seconds to the first line of output, to the end, and of CPU.

    Raises:
        RuntimeError: the command failed.
    """
    started = perf_counter()
    process = subprocess.Popen(
        [*XALIGN, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write(text)
    process.stdin.close()
    process.stdout.readline()
    first_line = perf_counter() - started
    process.stdout.read()
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"xalign {' '.join(command)} failed:\n{complaint}")
    return {
        "first_line_s": first_line,
        "wall_s": perf_counter() - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }


def time_steps(model: str, device: str) -> dict[str, dict[str, float]]:
    """step -> wall and CPU seconds, in a fresh process; "interpreter" is what precedes the first step."""
    statements = [statement.format(model=model, device=device) for statement in STEPS.values()]
    read = "clock.append((time.perf_counter(), time.process_time()))"
    timed = [f"{statement}\n{read}" for statement in statements]
    program = "\n".join(["import time, json", "clock = []", read, *timed, "print(json.dumps(clock))"])
    started = perf_counter()
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    clock: list[tuple[float, float]] = json.loads(output.stdout.splitlines()[-1])
    # perf_counter() counts from the same moment in every process of a Linux machine.
    clock.insert(0, (started, 0.0))
    return {
        step: {"wall_s": after[0] - before[0], "cpu_s": after[1] - before[1]}
        for step, before, after in zip(["interpreter", *STEPS], clock, clock[1:], strict=False)
    }


def _print_row(name: str, wall: list[float], cpu: list[float]) -> None:
    print(f"{name:28} {median(wall):7.2f} " + (f"{median(cpu):7.2f}" if cpu else ""))


if __name__ == "__main__":
    main()
