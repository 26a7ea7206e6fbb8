"""A file of alignments that takes hours to write: it is complete or absent, and a stopped run can go on.

    FILE.partial         the lines that are written so far
    FILE.partial.state   options of the run, number of pairs, and lines that wait for the end of their member

A compressed file consists of members (frames, streams) of `MEMBER` pairs each, counted through the whole text. A member
is written at once, so the bytes of the file do not depend on where a run was stopped. The state is saved every `EVERY`
seconds, and when the run is stopped, after the bytes that it describes. A process that is killed loses only the work
since the last save. If the disk is full, the lines that fit are kept, and the end of a torn one is cut off. Does not:
align.
"""

from __future__ import annotations

import json
import os
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from typing import IO, Any

from xalign.errors import OptionError
from xalign.files import becoming, longer_name, partial_name
from xalign.files.compression import COMPRESSED, compressed
from xalign.text.sentences import SentencePair

MEMBER = 10_000  # pairs; as many as share a lexicon
EVERY = 10.0  # seconds
STATE = ".state"


@dataclass(frozen=True)
class State:
    """The progress of a stopped run.

    `made_by`: model and options. `pairs`: the number of finished pairs. `text`: a digest of these pairs. `size`: bytes
    of FILE.partial that contain complete members. `waiting`: the lines after them.
    """

    made_by: Mapping[str, Any]
    pairs: int = 0
    text: str = ""
    size: int = 0
    waiting: str = ""

    @classmethod
    def read(cls, path: Path, partial: Path) -> State | None:
        """None if no pair was finished, or FILE.partial is shorter than the state says.

        Raises:
            OptionError: the file is not a state.
        """
        try:
            state = cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            raise OptionError(f"{path} is damaged: remove it, and begin without --resume") from None
        return state if state.pairs and partial.stat().st_size >= state.size else None

    def save(self, path: Path) -> None:
        """Replace the file atomically."""
        place = longer_name(path, ".new")
        try:
            with place.open("w", encoding="utf-8") as file:
                json.dump(asdict(self), file, ensure_ascii=False)
                _to_disk(file)
            place.replace(path)
        except OSError:
            place.unlink(missing_ok=True)
            raise


def _to_disk(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


def write_all(file: FileIO | IO[bytes], content: bytes) -> None:
    """Write to a file without a buffer, which may take a part at a time."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


@dataclass
class Job:
    """Writes the lines of pairs to FILE.partial, an unbuffered file.

    `done`: the progress of stopped runs. `first`: number of pairs of the text before those of this job. `pairs`: number
    of finished pairs, including those of stopped runs; after `keep`, of those whose lines are in the file. `writes`:
    whether those of stopped runs were recognized.
    """

    file: FileIO
    state_path: Path
    suffix: str
    done: State
    first: int
    _waiting: list[bytes] = field(default_factory=list)
    _digest: blake2b = field(default_factory=lambda: blake2b(digest_size=16))
    writes: bool = False
    _due: float = field(default_factory=lambda: time.monotonic() + EVERY)

    def __post_init__(self) -> None:
        self.pairs = self.done.pairs
        self.can_go_on = self.done.pairs > 0  # there is a state
        self._members = (self.done.size, self.done.pairs)  # bytes and pairs in complete members

    def recognize(self, pairs: Iterator[SentencePair]) -> None:
        """Skip the finished pairs, and begin to write after them.

        Raises:
            OptionError: the pairs are not those of the file, which is not changed then.
        """
        found = 0
        for found, pair in enumerate(pairs, start=1):  # noqa: B007
            self._count_in(pair)
        if found < self.pairs or (self.pairs and self._digest.hexdigest() != self.done.text):
            raise OptionError(
                f"the text is not the one that {self.file.name} was made of, somewhere in the first {self.pairs:,} "
                "pairs: give that text, or remove the file to start over"
            )
        self.file.truncate(self.done.size)
        self.file.seek(0, os.SEEK_END)
        self.writes = True
        if self.done.waiting:
            self._waiting = [self.done.waiting.encode()]
            in_member = min(self.pairs, (self.first + self.pairs - 1) % MEMBER + 1)
            self._members = (self.done.size, self.pairs - in_member)
            self._end_complete_member()  # if a full disk kept the stopped run from it

    def add(self, pair: SentencePair, lines: str) -> None:
        """Write the lines of the next pair."""
        self._waiting.append(lines.encode())
        self._count_in(pair)
        self.pairs += 1
        self._end_complete_member()
        if time.monotonic() >= self._due:
            self.save()

    def save(self) -> None:
        """Save the state, so that a run can go on from here."""
        if self.suffix not in COMPRESSED:
            self._end_member()  # a plain file can end anywhere
        _to_disk(self.file)
        waiting = b"".join(self._waiting).decode()
        digest, size = self._digest.hexdigest(), self._members[0]
        State(self.done.made_by, self.pairs, digest, size, waiting).save(self.state_path)
        self.can_go_on = True
        self._due = time.monotonic() + EVERY

    def finish(self) -> None:
        """Write the last lines."""
        self._end_member()
        _to_disk(self.file)

    def keep(self) -> None:
        """Keep the finished lines, for people and for a later run; remove the file if there are none."""
        if self.pairs and self.writes:
            # The last saved state is valid, and the first error is the one to report.
            with suppress(OSError):
                self.save()
            try:
                self.finish()  # the lines of an incomplete member, which the state does not count
            except OSError:
                with suppress(OSError):
                    self._keep_what_fits()
        if not self.pairs and not self.can_go_on:
            Path(self.file.name).unlink(missing_ok=True)

    def _keep_what_fits(self) -> None:
        """Write as many waiting lines as have room where a write failed, and cut off the rest, which is torn."""
        others, (start, self.pairs) = self.pairs - len(self._waiting), self._members
        room = os.fstat(self.file.fileno()).st_size - start
        counts = range(1, len(self._waiting) + 1)
        fitting = bisect_right(counts, room, key=lambda count: len(self._member(count)))
        self.file.seek(start)
        write_all(self.file, self._member(fitting))  # over bytes that the file has, which needs no space
        self.file.truncate()
        if fitting:
            self.pairs = others + fitting

    def _member(self, count: int) -> bytes:
        return compressed(self.suffix, b"".join(self._waiting[:count])) if count else b""

    def _end_complete_member(self) -> None:
        if (self.first + self.pairs) % MEMBER == 0:
            self._end_member()

    def _end_member(self) -> None:
        if self._waiting:
            self.file.seek(self._members[0])  # where a write that failed began, too
            write_all(self.file, self._member(len(self._waiting)))
            self._waiting = []
            self._members = (self.file.tell(), self.pairs)

    def _count_in(self, pair: SentencePair) -> None:
        self._digest.update("\x1e".join(("\x1f".join(pair.source), "\x1f".join(pair.target), "")).encode())


@contextmanager
def resumable(path: Path, made_by: Mapping[str, Any], first: int, resume: bool) -> Iterator[Job]:
    """A job that becomes the file `path`, from its beginning or from where a stopped run ended.

    Raises:
        OptionError: there are lines of a stopped run, and this run should not, or cannot, go on with them; or another
            run is writing the file.
        OSError: the file cannot be written.
    """
    is_there = partial_name(path).exists()
    with becoming(path) as partial:
        state_path = longer_name(partial, STATE)
        state = State.read(state_path, partial) if is_there else None
        if state is not None:
            _expect_to_go_on(state, partial_name(path), made_by, resume)
        with partial.open("r+b", buffering=0) as file:
            job = Job(file, state_path, path.suffix, state or State(made_by), first)
            try:
                yield job
                job.finish()
            except BaseException:
                job.keep()
                raise
    state_path.unlink(missing_ok=True)


def _expect_to_go_on(state: State, partial: Path, made_by: Mapping[str, Any], resume: bool) -> None:
    done = f"{partial} has {state.pairs:,} pairs of a run that was stopped"
    if not resume:
        raise OptionError(f"{done}: add --resume to go on with them, or remove it to start over")
    for name in {**state.made_by, **made_by}:
        then, now = state.made_by.get(name), made_by.get(name)
        if then != now:
            raise OptionError(
                f"{done}, with {name} {then}, not {now}: give the same, or remove it to start over"
            )
