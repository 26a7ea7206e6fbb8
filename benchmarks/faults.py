"""Are lines lost, or bytes changed, where a run meets a fault and is resumed, again and again?

    python benchmarks/faults.py --tries 10 corpus.de corpus.en
    python benchmarks/faults.py --tries 200 --faults SIGKILL corpus.de corpus.en

A run meets the fault at a random moment, and the next one resumes it, until one comes to its end; then the file is
compared with that of a run that nothing disturbed, and another one begins, until there were so many faults. Files are
plain, .gz and .zst in turn. The state is saved far more often than usual, so that many faults hit a save. POSIX only:
each run is a fork, which spares it imports and model. A full disk takes root, to mount a small one.
"""

from __future__ import annotations

import argparse
import gzip
import lzma
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
import zstandard

from xalign.aligner import Aligner
from xalign.cli import job, main
from xalign.files import longer_name, read_lines
from xalign.files.text_files import PARTIAL

SUFFIXES = ("", ".gz", ".zst")
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}
DISK = 1 << 22  # bytes
LINES_IN_MEMBER = 20  # of a compressed input


class Trial(NamedTuple):
    """Texts, the file to write of them, and its bytes. `seconds`: what that takes. `device`: its options."""

    texts: tuple[Path, ...]
    out: Path
    expected: bytes
    seconds: float
    chosen: random.Random
    options: tuple[str, ...]

    def start(self, *more: str, first: Callable[[], object] = lambda: None) -> int:
        """A run in a process of its own, which calls `first` before all else."""
        process = os.fork()
        if process:
            return process
        with suppress(BaseException):
            first()
            sys.argv[1:] = ["align", *map(str, self.texts), *self.options, *more]
            try:
                main.main()
            except SystemExit as end:
                os._exit(end.code if isinstance(end.code, int) else end.code is not None)
        os._exit(99)

    def start_file(self, first: Callable[[], object] = lambda: None) -> int:
        return self.start("-o", str(self.out), "--resume", first=first)


def ended(process: int) -> int:
    """The status with which a process ends."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


# Each fault disturbs one run, which may come to its end all the same, and returns its status.


def by_signal(number: signal.Signals, trial: Trial, closed: int | None = None) -> int:
    """The signal comes at a random moment, perhaps with a standard stream closed from the beginning."""
    process = trial.start_file((lambda: None) if closed is None else partial(os.close, closed))
    time.sleep(trial.chosen.random() * trial.seconds)
    os.kill(process, number)
    return ended(process)


def full_disk(trial: Trial) -> int:
    """A random part of what the file needs is left."""
    assert trial.out.parent.is_mount(), "only root can mount a small disk"
    disk = os.statvfs(trial.out.parent)
    if len(trial.expected) < 4 * disk.f_frsize:
        raise SystemExit("the text is too short: its links must fill at least four blocks of the disk")
    room = int(trial.chosen.random() * 1.2 * len(trial.expected))
    filler = trial.out.with_name("filler")
    filler.write_bytes(bytes(max(0, disk.f_bavail * disk.f_frsize - room)))
    status = ended(trial.start_file())
    filler.unlink()
    return status


def truncated(trial: Trial) -> int:
    """One text is compressed and ends at a random byte; the file that resumes is whole."""
    suffix = trial.chosen.choice(list(COMPRESS))
    lines = trial.texts[0].read_bytes().splitlines(keepends=True)
    members = [b"".join(lines[k : k + LINES_IN_MEMBER]) for k in range(0, len(lines), LINES_IN_MEMBER)]
    content = b"".join(map(COMPRESS[suffix], members))
    text = trial.out.with_name(f"text{suffix}")
    text.write_bytes(content[: trial.chosen.randrange(len(content))])
    with_it = trial._replace(texts=(text, *trial.texts[1:]))
    status = ended(with_it.start_file())
    text.write_bytes(content)
    ended(with_it.start_file())
    return status


def broken_pipe(trial: Trial) -> int:
    """The reader of standard output goes after a random byte; the next run goes on after the whole lines it had."""
    lines, has = trial.expected.count(b"\n"), b""
    while has.count(b"\n") < lines:
        ours, theirs = os.pipe()

        def write_to_pipe(ours: int = ours, theirs: int = theirs) -> None:
            os.close(ours)
            os.dup2(theirs, 1)

        process = trial.start("--from-line", str(has.count(b"\n") + 1), first=write_to_pipe)
        os.close(theirs)
        with os.fdopen(ours, "rb") as pipe:
            has += pipe.read(trial.chosen.randrange(len(trial.expected)))
        has = has[: has.rfind(b"\n") + 1]
        ended(process)
    trial.out.write_bytes(has)
    return 1  # each file takes several pipes, but is counted once


def killed_worker(trial: Trial) -> int:
    """One of two processes that align is killed when a random part of the file is written."""
    process = trial._replace(options=(*trial.options, "--devices", "cpu,cpu")).start_file()
    partial_file, enough = longer_name(trial.out, PARTIAL), trial.chosen.random() * len(trial.expected)
    while (found := os.waitpid(process, os.WNOHANG))[0] == 0:
        if partial_file.exists() and partial_file.stat().st_size >= enough:
            with suppress(ProcessLookupError, IndexError):
                os.kill(trial.chosen.choice(workers(process)), signal.SIGKILL)
            return ended(process)
        time.sleep(0.002)
    return os.waitstatus_to_exitcode(found[1])


def workers(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


class Fault(NamedTuple):
    how: str
    disturb: Callable[[Trial], int]
    suffixes: tuple[str, ...] = SUFFIXES


FAULTS = {
    **{
        f"SIG{name}": Fault("sent", partial(by_signal, signal.Signals[f"SIG{name}"]))
        for name in ("KILL", "TERM", "INT", "HUP")
    },
    "disk full": Fault("a file system of 4 MB, with too little left", full_disk),
    "broken pipe": Fault("the reader of standard output goes", broken_pipe, ("",)),
    "closed stdout": Fault("with SIGTERM", partial(by_signal, signal.SIGTERM, closed=1)),
    "closed stderr": Fault("with SIGTERM", partial(by_signal, signal.SIGTERM, closed=2)),
    "truncated input": Fault(".gz, .xz or .zst, cut", truncated),
    "killed worker": Fault("SIGKILL to one of `--devices cpu,cpu`", killed_worker),
}


def run() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tries", type=int, default=10, help="how often each fault disturbs a run, at least")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    parser.add_argument("--model", default="mini")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("texts", type=Path, nargs=2, metavar="TEXT")
    options = parser.parse_args()
    torch.set_num_threads(1)  # threads do not survive a fork
    aligner = Aligner.load(options.model, dtype="float32", all_layers=False)
    Aligner.load = lambda *_, **__: aligner  # type: ignore[method-assign]
    job.EVERY, job.MEMBER = 0.01, 100
    manner = ("--model", options.model, "--dtype", "float32", "--threads", "1", "--scores", "-q")
    print(
        "| fault | how injected | times | files | lines lost | bytes differing |\n|---|---|---|---|---|---|"
    )
    with small_disk() as folder:
        trials = undisturbed(tuple(options.texts), folder, random.Random(options.seed), manner)
        for name in options.faults:
            print(f"| {name} | {FAULTS[name].how} | {row(FAULTS[name], trials, options.tries)} |", flush=True)


def undisturbed(
    texts: tuple[Path, ...], folder: Path, chosen: random.Random, options: tuple[str, ...]
) -> dict[str, Trial]:
    """For each suffix what is to be written, known from a run that nothing disturbs."""
    trials = {}
    for suffix in SUFFIXES:
        trial = Trial(texts, folder / f"out{suffix}", b"", 0.0, chosen, options)
        began = time.monotonic()
        assert ended(trial.start_file()) == 0
        trials[suffix] = trial._replace(expected=trial.out.read_bytes(), seconds=time.monotonic() - began)
    return trials


def row(fault: Fault, trials: dict[str, Trial], tries: int) -> str:
    times = files = lost = differing = 0
    while times < tries:
        trial = trials[fault.suffixes[files % len(fault.suffixes)]]
        trial.out.unlink(missing_ok=True)
        while not trial.out.exists():
            status = fault.disturb(trial)
            times += status != 0
            assert status != 99, "a run ended with an error of its own"
        found = trial.out.read_bytes()
        files += 1
        lost += sum(1 for _ in read_lines(trial.texts[0])) - sum(1 for _ in read_lines(trial.out))
        differing += abs(len(found) - len(trial.expected))
        differing += sum(one != other for one, other in zip(found, trial.expected, strict=False))
    return f"{times} | {files} | {lost} | {differing}"


@contextmanager
def small_disk() -> Iterator[Path]:
    """A folder, on a file system of its own where this may be mounted."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder]
        is_mounted = os.getuid() == 0 and subprocess.run(mount, check=False).returncode == 0
        try:
            yield Path(folder)
        finally:
            if is_mounted:
                subprocess.run(["umount", folder], check=True)


if __name__ == "__main__":
    run()
