"""Are lines lost, or bytes changed, where a run is killed and resumed, again and again?

    python benchmarks/kills.py --kills 200 corpus.de corpus.en

A run with `--resume` is killed (SIGKILL) at a random moment, until one comes to its end; its file is compared with that
of a run that nothing disturbed. Then it begins again, with the next suffix, until there were so many kills. The state
is saved far more often than usual, so that many kills hit a save. POSIX only: each run is a fork, which spares it
imports and model.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import torch

from xalign.aligner import Aligner
from xalign.cli import job, main
from xalign.files import read_lines

SUFFIXES = ("", ".gz", ".zst")


def run() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("texts", type=Path, nargs=2, metavar="TEXT")
    options = parser.parse_args()
    torch.set_num_threads(1)  # threads do not survive a fork
    aligner = Aligner.load(options.model, dtype="float32", all_layers=False)
    Aligner.load = lambda **_: aligner  # type: ignore[assignment, method-assign]
    job.EVERY, job.MEMBER = 0.01, 100
    lines = sum(1 for _ in read_lines(options.texts[0]))
    chosen, kills, files, lost, differing = random.Random(options.seed), 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder, f"out{suffix}") for suffix in SUFFIXES]
        began = time.monotonic()
        expected = [undisturbed(options.texts, out) for out in outputs]
        seconds = (time.monotonic() - began) / len(outputs)
        while kills < options.kills:
            out, whole = outputs[files % len(outputs)], expected[files % len(outputs)]
            while not out.exists():
                process = start(options.texts, out)
                time.sleep(chosen.random() * seconds)
                os.kill(process, signal.SIGKILL)
                kills += os.WIFSIGNALED(os.waitpid(process, 0)[1])
            files += 1
            lost += lines - sum(1 for _ in read_lines(out))
            differing += out.read_bytes() != whole
            out.unlink()
            print(f"{kills} kills, {files} files: {lost} lines lost, {differing} files differ", flush=True)


def undisturbed(texts: list[Path], out: Path) -> bytes:
    os.waitpid(start(texts, out), 0)
    content = out.read_bytes()
    out.unlink()
    return content


def start(texts: list[Path], out: Path) -> int:
    """A run in a process of its own."""
    process = os.fork()
    if not process:
        options = ["--dtype", "float32", "--scores", "-q", "-o", str(out), "--resume"]
        try:
            main.main(["align", *map(str, texts), *options], standalone_mode=False)
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    return process


if __name__ == "__main__":
    run()
