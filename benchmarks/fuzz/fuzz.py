"""Do parsers keep their promise on millions of inputs: a result or an XalignError, soon, and in little memory?

    pip install atheris
    python benchmarks/fuzz/fuzz.py --inputs 100000                      # for every target
    python benchmarks/fuzz/fuzz.py --inputs 1000 "links giza" text.gz   # for these

Atheris (libFuzzer) changes inputs, and keeps those that reach code that none has reached before. It stops at an input
that raises another error, takes more than a minute, or makes the process larger than 2 GB. The inputs that it kept
are then repeated up to 100,000 bytes, which finds what takes time quadratic in the length. Inputs that break the
promise are left in the folder `--findings`. Each target runs in a process of its own (fuzz_one.py).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fuzz_checkpoints import CHECKPOINT_TARGETS
from fuzz_targets import TARGETS

SECONDS, MEGABYTES, LONGEST = 60, 2048, 512
_COUNT = re.compile(r"stat::number_of_executed_units: *(\d+)")
_LAST = re.compile(r"^#(\d+)", re.MULTILINE)


def run() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=10_000, help="for each target")
    parser.add_argument(
        "--checkpoint-inputs", type=int, default=1_000, help="for those that load a checkpoint"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path, default=Path("findings"))
    parser.add_argument("--out", type=Path, help="what ran, as JSON lines")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    inputs = dict.fromkeys(TARGETS, options.inputs)
    inputs |= dict.fromkeys(CHECKPOINT_TARGETS, options.checkpoint_inputs)
    rows = []
    for name in options.targets or inputs:
        row = measured(name, inputs[name], options.seed, options.findings)
        print(" | ".join(str(value) for value in row.values()), flush=True)
        rows.append(row)
        if options.out:
            with options.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row) + "\n")
    print(f"{sum(row['inputs'] for row in rows):,} inputs, {sum(row['findings'] for row in rows)} findings")


def measured(name: str, inputs: int, seed: int, findings: Path) -> dict[str, Any]:
    """How many inputs a target has had, how long they took, and how many of them broke the promise."""
    folder = findings / name.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    seeds = {**TARGETS, **CHECKPOINT_TARGETS}[name].seeds
    with tempfile.TemporaryDirectory() as kept:
        for number, each in enumerate(seeds):
            Path(kept, f"seed{number}").write_bytes(each)
        longest = max(LONGEST, *map(len, seeds))
        limits = [f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}", f"-max_len={longest}"]
        counts = [f"-runs={inputs}", f"-seed={seed}", "-print_final_stats=1", f"-artifact_prefix={folder}/"]
        said = one(name, kept, *limits, *counts)
        repeated = len(list(Path(kept).iterdir()))
        more = one(name, "--repeated", kept, str(folder))
    executed = _COUNT.findall(said) or _LAST.findall(said) or ["0"]
    found = list(folder.iterdir())
    if found:
        print(said[-3000:], more[-3000:], file=sys.stderr)
    else:
        folder.rmdir()
    return {
        "target": name,
        "inputs": int(executed[-1]) + repeated,
        "seconds": round(time.monotonic() - began),
        "findings": len(found),
    }


def one(*arguments: str) -> str:
    command = [sys.executable, str(Path(__file__).with_name("fuzz_one.py")), *arguments]
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    return ended.stdout


if __name__ == "__main__":
    run()
