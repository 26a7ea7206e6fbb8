"""Does a Ray cluster write the links of one process, byte for byte, while its actors and nodes are killed? How fast?

    python benchmarks/cluster.py corpus.tsv --pairs 200000 --part-pairs 10000 --fault node --runs 10

The cluster is two or more nodes on this machine, made by Ray's own test utility, with an actor of one core on each. In
every run the fault comes at a random moment after the first part: `actor` kills a process (SIGKILL), `node` takes away
a node with all that is on it; `none` measures. What is written is compared with what one process with one core writes
in float32: lines lost, lines doubled, lines that differ. Needs xalign-words[ray], and a core for each node.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from threading import Timer

import ray
import torch
from ray.cluster_utils import Cluster

from xalign.aligner import Aligner
from xalign.distributed import align_files
from xalign.distributed.cluster import Model, Resources
from xalign.distributed.job import Record
from xalign.distributed.shards import Inputs
from xalign.text.sentences import read_stream


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--part-pairs", type=int, default=10_000)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--fault", choices=["none", "actor", "node"], default="none")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("text", type=Path, metavar="TSV")
    options = parser.parse_args()
    chosen = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "text.tsv")
        with options.text.open(encoding="utf-8") as lines:
            text.write_text("".join(islice(lines, options.pairs)), encoding="utf-8")
        expected, seconds = alone(text, options.model, options.dtype)
        print(f"one process: {len(expected):,} pairs, {len(expected) / seconds:.1f} pairs/s")
        print(
            "| run | fault | seconds | pairs/s | lines lost | doubled | differ |\n|---|---|---|---|---|---|---|"
        )
        for run in range(1, options.runs + 1):
            out = Path(folder, f"out{run}")
            report = with_faults(text, out, options, chosen)
            lost, doubled, differing = compared(out, expected)
            rate = report["pairs"] / report["seconds"]
            cells = [run, options.fault, f"{report['seconds']:.1f}", f"{rate:.1f}", lost, doubled, differing]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def alone(text: Path, model: str, dtype: str) -> tuple[list[str], float]:
    """The links of each line, by one process with one core, and the seconds for them once the model is loaded."""
    torch.set_num_threads(1)
    aligner = Aligner.load(model, "cpu", dtype, all_layers=False)
    began = time.monotonic()
    found = [str(alignment) for alignment in aligner.align(read_stream(text, "tsv"))]
    return found, time.monotonic() - began


def with_faults(text: Path, out: Path, options: argparse.Namespace, chosen: random.Random) -> Record:
    """The report of a run on a cluster of its own."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    others = [cluster.add_node(num_cpus=1) for _ in range(options.nodes - 1)]
    ray.init(cluster.address, log_to_driver=False)
    timers: list[Timer] = []

    def disturbed(records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            if not timers:
                timers.append(Timer(chosen.random() * record["seconds"], disturb, [record["process"]]))
                timers[0].start()
            yield record

    def disturb(process: int) -> None:
        if options.fault == "actor":
            os.kill(process, signal.SIGKILL)
        elif options.fault == "node":
            cluster.remove_node(others[-1], allow_graceful=False)

    try:
        report = align_files(
            Inputs([str(text)], "tsv"),
            str(out),
            Model(options.model, options.dtype),
            pairs=options.part_pairs,
            resources=Resources(options.nodes),
            between=disturbed,
        )
        for timer in timers:
            timer.join()
        return report
    finally:
        ray.shutdown()
        cluster.shutdown()


def compared(out: Path, expected: list[str]) -> tuple[int, int, int]:
    """Lines lost, lines doubled, lines that differ."""
    rows = [
        line.rstrip("\n").split("\t")
        for part in sorted(out.glob("part-*.align"))
        for line in part.open(encoding="utf-8")
    ]
    counts = Counter(int(number) for number, _ in rows)
    lost = sum(number not in counts for number in range(1, len(expected) + 1))
    doubled = sum(count > 1 for count in counts.values())
    return lost, doubled, sum(links != expected[int(number) - 1] for number, links in rows)


if __name__ == "__main__":
    main()
