"""The output of alignments, a file that can be resumed or a stream, and how to go on if a run ended early."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from xalign.cli.job import Job, resumable
from xalign.cli.standard import tell
from xalign.cli.stopping import Stopped
from xalign.cli.together import typed
from xalign.errors import LineError, OptionError, XalignError
from xalign.files import is_replaced, partial_name, telling_failures, writing
from xalign.models.hub import checkpoint_folder, digest
from xalign.text.sentences import SentencePair
from xalign.version import VERSION

if TYPE_CHECKING:
    from xalign.cli.part import Part
    from xalign.processes.worker import Facts

# Options that may differ between the runs that write a file.
_OF_ONE_RUN = (
    *("source", "target", "output", "resume", "on_error", "report", "progress", "total"),
    *("device", "dtype", "devices", "threads"),
    *("more", "ray", "output_dir", "part_pairs", "actors", "keep"),  # of a cluster, which has folders
)

AT_ONCE = 1 << 13  # bytes


class Stream:
    """Writes the lines of pairs to standard output, a pipe or a device.

    `pairs`: number of finished pairs; after a write that failed (`failed`), of those whose lines were written. `torn`:
    whether part of the next one was.
    """

    def __init__(self, file: IO[bytes]) -> None:
        file.flush()
        # Without a buffer, whose state is unknown after an error.
        self._file: Any = getattr(file, "raw", file)
        self._waiting: list[bytes] = []
        self._size = 0
        self.pairs = 0
        self.failed = self.torn = False

    def recognize(self, pairs: Iterator[SentencePair]) -> None:
        """Skip the pairs before this part of the text."""
        deque(pairs, maxlen=0)

    def add(self, pair: SentencePair, lines: str) -> None:
        """Write the lines of the next pair, many at once."""
        self._waiting.append(lines.encode())
        self._size += len(self._waiting[-1])
        self.pairs += 1
        if self._size >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        rest = memoryview(b"".join(waiting))
        size = len(rest)
        try:
            while rest:
                written = self._file.write(rest)
                if written is None:
                    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
                rest = rest[written:]
        except BaseException:
            ends, written = list(accumulate(map(len, waiting))), size - len(rest)
            whole = bisect_right(ends, written)
            self.failed, self.torn = True, written > (ends[whole - 1] if whole else 0)
            self.pairs -= len(waiting) - whole
            raise


@contextmanager
def output(
    path: Path, made_by: Mapping[str, Any], part: Part, resume: bool, arguments: Sequence[str]
) -> Iterator[Job | Stream]:
    """The output for the pairs of a part. If the run ends early, the error says how to go on.

    `arguments`: those of the command, as they were typed.

    Raises:
        OptionError: the file cannot be written, has lines of another run, or is being written by another run.
        SystemExit: a signal stopped the run.
    """
    out: Job | Stream | None = None
    try:
        with telling_failures(path):
            if is_replaced(path):
                with resumable(path, made_by, part.first, resume) as out:
                    yield out
            else:
                with writing(path) as file:
                    out = Stream(file)
                    try:
                        yield out
                    finally:
                        out.flush()
    except XalignError as error:
        if out is not None and (told := _told(out, path, part)):
            advice = "fix the text, then go on" if isinstance(error, LineError) else "go on"
            how = f"; {advice}: {_next(out, part, arguments)}" if _helps_to_go_on(out, error) else ""
            error.args = (f"{error}; {told}{how}",)
        raise
    except Stopped as stopped:
        if out is not None and out.pairs:
            tell(f"{stopped}; {_told(out, path, part)}; go on: {_next(out, part, arguments)}")
        else:
            tell(f"{stopped}; nothing is written")
        sys.exit(128 + stopped.number)


def _told(out: Job | Stream, path: Path, part: Part) -> str:
    """Which lines are whole, and whether the next one is torn; "" if there are none."""
    last = part.first + out.pairs
    lines = f"line {last} is" if out.pairs == 1 else f"lines {part.first + 1} to {last} are"
    if isinstance(out, Stream) and out.torn:
        rest = f"part of line {last + 1} is written: cut it off"
        return f"{lines} whole, and {rest}" if out.pairs else f"only {rest}"
    if not out.pairs:
        return "nothing is written" if isinstance(out, Stream) and out.failed else ""
    return f"{lines} " + (f"in {partial_name(path)}" if isinstance(out, Job) else "written")


def _helps_to_go_on(out: Job | Stream, error: XalignError) -> bool:
    if isinstance(out, Stream):
        return out.pairs > 0
    return out.writes or not isinstance(error, OptionError)  # or else this text was refused


def _next(out: Job | Stream, part: Part, arguments: Sequence[str]) -> str:
    """The command, or the options, that go on."""
    if isinstance(out, Stream):
        done = part.first + out.pairs
        lines = "" if part.end is None else f" --lines {part.end - done}"
        return f"--from-line {done + 1}{lines}{' instead of --shard' if typed('shard') else ''}"
    more = [] if "--resume" in arguments else ["--resume"]
    return shlex.join(["xalign", "align", *arguments, *more])


def made_by(facts: Facts, options: Mapping[str, Any]) -> dict[str, str]:
    """Everything that decides which bytes are written, for a text; `options` are those of the command."""
    return {
        "xalign": VERSION,
        "weights": digest(checkpoint_folder(facts.preset.checkpoint.place)),
        "device": facts.device,
        "dtype": facts.dtype,
        "pairs in a block": str(facts.block),
        **{f"--{name.replace('_', '-')}": str(options[name]) for name in options if name not in _OF_ONE_RUN},
    }
