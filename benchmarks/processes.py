"""How many pairs a second do the cores of a machine align, as threads of one process and as processes of a core each?

    python benchmarks/processes.py corpus.de corpus.en --cores 1 2 4

Each way runs on as many cores as it is given (Linux only), from the first pair to the last, after the models are loaded
and have aligned one pair. `host`: CPU time of the process that reads, hands out blocks and collects alignments, for a
pair; its inverse bounds what any number of processes can do for it.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import deque
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from machine import describe

from xalign.aligner import Aligner
from xalign.processes import AlignerPool
from xalign.text.sentences import SentencePair, read_files


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pairs", type=int, default=10_000, help="for each core")
    parser.add_argument("--out", type=Path, help="a file for the measurements, as JSON")
    parser.add_argument("texts", type=Path, nargs=2, metavar="TEXT")
    options = parser.parse_args()
    text = list(read_files(*options.texts))
    own = sorted(os.sched_getaffinity(0))
    measured = []
    print("| cores | way | pairs/s | host, ms a pair |\n|---|---|---|---|")
    for cores in options.cores:
        os.sched_setaffinity(0, own[:cores])  # of this process, and of those that it starts
        torch.set_num_threads(cores)
        pairs = list(islice(cycle(text), options.pairs * cores))
        found = [
            measure(Aligner.load(options.model, "cpu", options.dtype, all_layers=False), pairs, "threads")
        ]
        if cores > 1:
            with AlignerPool.load(
                options.model, ["cpu"] * cores, options.dtype, threads=1, all_layers=False
            ) as pool:
                found.append(measure(pool, pairs, "processes"))
        for each in found:
            measured.append({"cores": cores, **each})
            host = f"{each['host_ms']:.3f}" if each["way"] == "processes" else ""
            print(f"| {cores} | {each['way']} | {each['pairs_per_s']:.1f} | {host} |", flush=True)
    if options.out:
        machine = describe(torch.device("cpu"))
        report = {"model": options.model, "dtype": options.dtype, "machine": machine, "measured": measured}
        options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def measure(aligner: Aligner | AlignerPool, pairs: list[SentencePair], way: str) -> dict[str, Any]:
    deque(aligner.align(pairs[:1]), maxlen=0)
    began, computed = perf_counter(), process_time()
    deque(aligner.align(pairs), maxlen=0)
    seconds = perf_counter() - began
    return {
        "way": way,
        "pairs_per_s": len(pairs) / seconds,
        "host_ms": 1e3 * (process_time() - computed) / len(pairs),
    }


if __name__ == "__main__":
    main()
