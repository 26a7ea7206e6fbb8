"""Does a Ray cluster write the links of one process, byte for byte, while its actors, nodes and drivers are killed?

    python benchmarks/cluster.py corpus.tsv --pairs 2000 --part-pairs 200 --fault node --runs 10

The cluster is two or more nodes on this machine, made by Ray's own test utility, with an actor of one core on each. In
every run the fault comes at a random moment between the first part and the last but one: `actor` kills a process
(SIGKILL), `node` takes away a node with all that is on it, `driver` kills the command (SIGKILL), which is then started
again; `none` is no fault. What is written is compared with what one process with one core writes in float32: lines
lost, lines doubled, lines that differ. How fast Ray is, cluster_speed.py measures. Needs xalign-words[ray].
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any

import ray
import torch
from ray.cluster_utils import Cluster

from xalign.aligner import Aligner
from xalign.distributed import align_files
from xalign.distributed.cluster import Model, Resources
from xalign.distributed.job import Record
from xalign.distributed.shards import Inputs
from xalign.text.sentences import read_stream

COLUMNS = ("run", "fault", "after parts", "seconds", "lines lost", "doubled", "differ")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--part-pairs", type=int, default=10_000)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--fault", choices=["none", "actor", "node", "driver"], default="none")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("text", type=Path, metavar="TSV")
    options = parser.parse_args()
    chosen, parts = random.Random(options.seed), -(-options.pairs // options.part_pairs)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "text.tsv")
        with options.text.open(encoding="utf-8") as lines:
            text.write_text("".join(islice(lines, options.pairs)), encoding="utf-8")
        expected = alone(text, options.model, options.dtype)
        machines = Machines(options.nodes)
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
        for run in range(1, options.runs + 1):
            out = Path(folder, f"out{run}")
            after, wait = chosen.randrange(1, max(parts - 1, 2)), chosen.random()
            began = time.monotonic()
            disturbed = killed_and_started_again if options.fault == "driver" else with_faults
            after_parts = disturbed(text, out, options, machines, after, wait)
            seconds = f"{time.monotonic() - began:.1f}"
            cells = [run, options.fault, after_parts, seconds, *compared(out, expected)]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
        machines.close()


class Machines:
    """Nodes of a core each."""

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes
        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        self._others: list[Any] = []

    def whole(self) -> str:
        """The address, when all nodes are there."""
        while len(self._others) < self._nodes - 1:
            self._others.append(self._cluster.add_node(num_cpus=1))
        return str(self._cluster.address)

    def lose_one(self) -> None:
        self._cluster.remove_node(self._others.pop(), allow_graceful=False)

    def close(self) -> None:
        ray.shutdown()
        self._cluster.shutdown()


def alone(text: Path, model: str, dtype: str) -> list[str]:
    """The links of each line, by one process with one core."""
    torch.set_num_threads(1)
    aligner = Aligner.load(model, "cpu", dtype, all_layers=False)
    return [str(alignment) for alignment in aligner.align(read_stream(text, "tsv"))]


def with_faults(
    text: Path, out: Path, options: argparse.Namespace, machines: Machines, after: int, wait: float
) -> str:
    """A run in which a process or a node is lost `after` so many parts, and a share of the time of a part.

    Returns the parts that were done when the fault came.
    """
    address = machines.whole()
    if not ray.is_initialized():
        ray.init(address, log_to_driver=False)
    done: list[Record] = []
    hit: list[int] = []

    def disturbed(records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            done.append(record)
            if len(done) == after and options.fault != "none":
                Thread(target=disturb, args=[record], daemon=True).start()
            yield record

    def disturb(record: Record) -> None:
        time.sleep(wait * record["seconds"])
        if options.fault == "actor":
            os.kill(record["process"], signal.SIGKILL)
        else:
            machines.lose_one()
        hit.append(len(done))

    align_files(
        Inputs([str(text)], "tsv"),
        str(out),
        Model(options.model, options.dtype),
        pairs=options.part_pairs,
        resources=Resources(options.nodes, device="cpu"),
        between=disturbed,
    )
    return str(hit[0]) if hit else "-"


def killed_and_started_again(
    text: Path, out: Path, options: argparse.Namespace, machines: Machines, after: int, wait: float
) -> str:
    """Two runs of the command, of which the first is killed; as `with_faults`."""
    command = [sys.executable, "-m", "xalign.cli", "align", "--progress", "none", "--tsv", "--device", "cpu"]
    command += ["--model", options.model, "--dtype", options.dtype, "--part-pairs", str(options.part_pairs)]
    command += [
        "--ray",
        machines.whole(),
        "--actors",
        str(options.nodes),
        "--output-dir",
        str(out),
        str(text),
    ]
    process = subprocess.Popen(command)
    began = time.monotonic()
    while process.poll() is None and len(list(out.glob("part-*"))) < after:
        time.sleep(0.02)
    time.sleep(wait * (time.monotonic() - began) / after)
    process.kill()
    done = len(list(out.glob("part-*")))
    if process.wait() != -signal.SIGKILL:
        return "-"
    subprocess.run(command, check=True)
    return str(done)


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
