"""A file of alignments that takes hours: whole or not there, and a run that was stopped goes on where it stopped.

    FILE.partial         whole lines, as much as is written
    FILE.partial.state   what they were made by, how many pairs they are of, and lines that wait for their member

A compressed file is made of members (frames, streams) of `MEMBER` pairs each, counted through the whole text, and a
member is written at once; so its bytes do not depend on where a run was stopped. The state is saved every `EVERY`
seconds and when the run is stopped, after the bytes that it counts: a process that is killed between two saves, or in
the middle of one, loses what it did since. Does not: align.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from xalign.compression import COMPRESSED, compressed
from xalign.errors import OptionError
from xalign.files import becoming, longer_name, partial_name
from xalign.text.sentences import SentencePair

MEMBER = 10_000  # pairs; as many as share a lexicon
EVERY = 10.0  # seconds
STATE = ".state"


@dataclass(frozen=True)
class State:
    """What a stopped run has done.

    `made_by`: model and options. `pairs`: whose lines are done. `text`: a digest of these pairs. `size`: bytes of
    FILE.partial that hold whole members. `waiting`: the lines after them.
    """

    made_by: Mapping[str, Any]
    pairs: int = 0
    text: str = ""
    size: int = 0
    waiting: str = ""

    @classmethod
    def read(cls, path: Path, partial: Path) -> State | None:
        """None where nothing was done, or FILE.partial is not what the state was saved beside.

        Raises:
            OptionError: it is no state.
        """
        try:
            state = cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            raise OptionError(f"{path} is damaged: remove it, and begin without --resume") from None
        return state if state.pairs and partial.stat().st_size >= state.size else None

    def save(self, path: Path) -> None:
        """Whole or not at all."""
        place = longer_name(path, ".new")
        with place.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, ensure_ascii=False)
            _to_disk(file)
        place.replace(path)


def _to_disk(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


@dataclass
class Job:
    """The lines of pairs, on their way into FILE.partial.

    `done`: what stopped runs have done. `first`: pairs of the text before those of this job. `pairs`: pairs done,
    those of stopped runs among them.
    """

    file: IO[bytes]
    state_path: Path
    suffix: str
    done: State
    first: int
    _waiting: list[bytes] = field(default_factory=list)
    _digest: blake2b = field(default_factory=lambda: blake2b(digest_size=16))
    _writes: bool = False
    _due: float = field(default_factory=lambda: time.monotonic() + EVERY)

    def __post_init__(self) -> None:
        self.pairs = self.done.pairs

    def recognize(self, pairs: Iterator[SentencePair]) -> None:
        """Read past the pairs that are done, and begin to write after them.

        Raises:
            OptionError: they are not those that the file was made of; nothing is changed then.
        """
        found = 0
        for found, pair in enumerate(pairs, start=1):  # noqa: B007
            self._count_in(pair)
        if found < self.pairs or (self.pairs and self._digest.hexdigest() != self.done.text):
            raise OptionError(
                f"the text is not the one that {self.file.name} was made of, somewhere in the first {self.pairs:,} "
                "pairs: give that text, or remove the file to begin anew"
            )
        self.file.truncate(self.done.size)
        self.file.seek(0, os.SEEK_END)
        self._waiting = [self.done.waiting.encode()] if self.done.waiting else []
        self._writes = True

    def add(self, pair: SentencePair, lines: str) -> None:
        """Write the lines of the next pair."""
        self._waiting.append(lines.encode())
        self._count_in(pair)
        self.pairs += 1
        if (self.first + self.pairs) % MEMBER == 0:
            self._end_member()
        if time.monotonic() >= self._due:
            self.save()

    def save(self) -> None:
        """From here on a run can go on with what is done so far."""
        if self.suffix not in COMPRESSED:
            self._end_member()  # which can end anywhere
        _to_disk(self.file)
        waiting = b"".join(self._waiting).decode()
        State(self.done.made_by, self.pairs, self._digest.hexdigest(), self.file.tell(), waiting).save(
            self.state_path
        )
        self._due = time.monotonic() + EVERY

    def finish(self) -> None:
        """Everything is in the file."""
        self._end_member()
        _to_disk(self.file)

    def keep(self) -> None:
        """What is done, for a person to read and for another run to go on with; nothing where nothing is done."""
        if not self.pairs:
            Path(self.file.name).unlink(missing_ok=True)
        elif self._writes:
            with suppress(OSError):  # what was saved last holds, and the first error is the one to tell
                self.save()
                self.finish()  # what is no whole member is one here; the state does not count it

    def _end_member(self) -> None:
        if self._waiting:
            self.file.write(compressed(self.suffix, b"".join(self._waiting)))
            self._waiting = []

    def _count_in(self, pair: SentencePair) -> None:
        self._digest.update("\x1e".join(("\x1f".join(pair.source), "\x1f".join(pair.target), "")).encode())


@contextmanager
def resumable(path: Path, made_by: Mapping[str, Any], first: int, resume: bool) -> Iterator[Job]:
    """A job that becomes the file `path`, from its beginning or from where a stopped run left it.

    Raises:
        OptionError: a stopped run left something, and this one should not, or cannot, go on with it; or another run is
            at work on it.
        OSError: the file cannot be written.
    """
    is_there = partial_name(path).exists()
    with becoming(path) as partial:
        state_path = longer_name(partial, STATE)
        state = State.read(state_path, partial) if is_there else None
        if state is not None:
            _expect_to_go_on(state, partial_name(path), made_by, resume)
        with partial.open("r+b") as file:
            job = Job(file, state_path, path.suffix, state or State(made_by), first)
            try:
                yield job
            except BaseException:
                job.keep()
                raise
            job.finish()
    state_path.unlink(missing_ok=True)


def _expect_to_go_on(state: State, partial: Path, made_by: Mapping[str, Any], resume: bool) -> None:
    done = f"{partial} has {state.pairs:,} pairs of a run that was stopped"
    if not resume:
        raise OptionError(f"{done}: add --resume to go on with them, or remove it to begin anew")
    for name in {**state.made_by, **made_by}:
        then, now = state.made_by.get(name), made_by.get(name)
        if then != now:
            raise OptionError(
                f"{done}, with {name} {then}, not {now}: give the same, or remove it to begin anew"
            )
