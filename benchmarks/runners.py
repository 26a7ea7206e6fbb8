"""One aligner, one text, one process: links to a file, and a report of what that took.

Called by throughput.py, which gives every aligner a process of its own: no one's memory or threads are another's.
The clock runs from opening the text to closing the links, once the model is loaded and has aligned one pair; loading
is timed on its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xalign.aligner import Aligner

Report = dict[str, Any]
Run = Callable[["Task"], Report]  # aligns a task's text; what it reports beside time and memory

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one process does.

    `source`, `target`: two files of sentences. `joined`: the same text as "source ||| target".
    """

    system: str
    checkpoint: str
    source: str
    target: str
    joined: str
    links: str
    device: str
    dtype: str = "float32"
    batch_tokens: int | None = None
    source_language: str | None = None
    target_language: str | None = None


def run(task: Task) -> Report:
    """Run the task in a process of its own.

    Raises:
        RuntimeError: the aligner failed; the text holds the end of what it said.
    """
    with TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, __file__, json.dumps(asdict(task)), str(report)]
        process = subprocess.run(command, capture_output=True, text=True)
        if process.returncode:
            raise RuntimeError(f"{task.system} failed:\n{process.stderr[-3000:]}")
        found: Report = json.loads(report.read_text(encoding="utf-8"))
        return found


# One function per aligner: it loads the model and returns what aligns a text with it.


def xalign(task: Task) -> Run:
    """What `xalign align SRC TGT -o LINKS` does, without the command line."""
    from xalign.files import writing
    from xalign.formats import WRITERS, WriteOptions
    from xalign.text.sentences import read_files

    aligner = load_aligner(task)
    write, options = WRITERS["pharaoh"], WriteOptions(scores=False, one_based=False)

    def align(text: Task) -> Report:
        aligned = aligner.align_pairs(read_files(text.source, text.target))
        with writing(text.links) as file:
            for number, (pair, alignment) in enumerate(aligned, start=1):
                file.write(write(pair, alignment, number, options).encode())
        return {}

    return align


def load_aligner(task: Task) -> Aligner:
    from xalign.aligner import Aligner

    return Aligner.load(
        task.checkpoint,
        device=task.device,
        dtype=task.dtype,
        batch_tokens=task.batch_tokens,
        all_layers=False,
        source_language=task.source_language,
        target_language=task.target_language,
    )


def stages(task: Task) -> Run:
    """xalign's stages one after the other, each timed."""
    from stages import time_stages

    aligner = load_aligner(task)
    return lambda text: time_stages(aligner, text.source, text.target, text.links)


def simalign(task: Task) -> Run:
    """SimAlign takes one pair at a time; "a" is its mutual argmax."""
    import other_aligners  # not above: it imports torch, which would count as eflomal's memory

    aligner = other_aligners.simalign(task.checkpoint, "a", device=task.device)

    def align(text: Task) -> Report:
        with (
            Path(text.source).open(encoding="utf-8") as source,
            Path(text.target).open(encoding="utf-8") as target,
            Path(text.links).open("w", encoding="utf-8") as links,
        ):
            for pair in zip(source, target, strict=True):
                found = aligner.get_word_aligns(*pair)["inter"]
                links.write(" ".join(f"{i}-{j}" for i, j in found) + "\n")
        return {}

    return align


def awesome_align(task: Task) -> Run:
    import other_aligners

    align_file = other_aligners.awesome_align(task.checkpoint, device=task.device)

    def align(text: Task) -> Report:
        align_file(text.joined, text.links)
        return {}

    return align


def eflomal(task: Task) -> Run:
    """Both directions in one run, as eflomal recommends; symmetrization is left out, in its favour."""
    from eflomal import Aligner

    def align(text: Task) -> Report:
        with (
            Path(text.source).open(encoding="utf-8") as source,
            Path(text.target).open(encoding="utf-8") as target,
        ):
            Aligner().align(
                source,
                target,
                links_filename_fwd=text.links,
                links_filename_rev=f"{text.links}.reverse",
            )
        return {}

    return align


RUNNERS: dict[str, Callable[[Task], Run]] = {
    "xalign": xalign,
    "stages": stages,
    "simalign": simalign,
    "awesome-align": awesome_align,
    "eflomal": eflomal,
}


def main(task: Task, report: Path) -> None:
    started = perf_counter()
    align = RUNNERS[task.system](task)
    align(_warm_up(task, report.parent))
    loaded = perf_counter()
    found = align(task)
    _finish(task.device)
    finished = perf_counter()
    report.write_text(
        json.dumps(
            {
                "load_s": loaded - started,
                "align_s": finished - loaded,
                "host_peak_mib": _host_peak(),
                "device_peak_mib": _device_peak(task.device),
                **found,
            }
        ),
        encoding="utf-8",
    )


def _warm_up(task: Task, folder: Path) -> Task:
    """The task with its first pair alone."""
    first = {}
    for name in ("source", "target", "joined"):
        with Path(getattr(task, name)).open(encoding="utf-8") as text:
            first[name] = str(folder / name)
            Path(first[name]).write_text(text.readline(), encoding="utf-8")
    return Task(**{**asdict(task), **first, "links": str(folder / "links")})


def _finish(device: str) -> None:
    """Wait for the device."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize(device)


def _host_peak() -> float:
    """The most memory that this process, or one that it started, has held (Linux).

    A process's own `ru_maxrss` begins with what its parent held, so that it is asked for those started alone.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    [own] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return max(int(own), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def _device_peak(device: str) -> float | None:
    """The most device memory that torch has held, caching included."""
    if not device.startswith("cuda"):
        return None
    import torch

    return torch.cuda.max_memory_reserved(device) / MIB


if __name__ == "__main__":
    main(Task(**json.loads(sys.argv[1])), Path(sys.argv[2]))
