"""A text in shards -> a folder with a file of links per shard, written by any number of processes and runs.

    DIR/part-00000.align          the links of the first shard: a line "id TAB links" per pair, ids count from 1
    DIR/_parts/part-00000.json    its record: the part is complete, with its size, speed, warnings and broken lines
    DIR/_job.json                 the input files and all options that decide the links
    DIR/_report.json              a summary of all records, written when all parts are complete

A part gets its final name when it is complete, and then its record. So a process that is killed leaves no incomplete
part behind, and a later run computes that shard again. If two processes write the same part, both write the same bytes.
Does not: decide which process takes which shard, or load a model.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..errors import LineError, LongLine, OptionError, reason_of
from ..files.addresses import file_system, os_errors
from ..formats.entry import WriteOptions
from ..formats.pharaoh import format_pharaoh
from ..links import Alignment
from ..log_collector import LogCollector
from ..models.hub import checkpoint_folder, digest
from ..pieces import as_given, in_words
from ..text.marks import Marks
from ..text.tokenization import splits
from ..version import VERSION
from .shards import PARQUET, Text

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from ..aligner import Aligner

PAIRS = 100_000  # in a shard
MOST_LISTED = 1_000  # most broken lines, and most warnings, in a record
RECORDS, JOB, REPORT = "_parts", "_job.json", "_report.json"
_PARTIAL = ".partial"  # the suffix of a file that is not complete yet
_SUFFIXES = {"bars": "txt", "tsv": "tsv", "jsonl": "jsonl", PARQUET: "parquet"}

Record = dict[str, Any]
"""The content of a part's JSON file, or of the report."""


@dataclass(frozen=True)
class Writing:
    """What a part contains: ids and links, or with `keep` the lines or rows of the input with their links added.

    `options`: how links are written. `skip_broken`: a line that cannot be read counts as empty; otherwise it ends the
    job.
    """

    keep: bool = False
    options: WriteOptions = field(default_factory=WriteOptions)
    skip_broken: bool = False


@dataclass(frozen=True)
class ShardJob:
    """A text, the folder that its links are written to, and everything that decides them.

    `folder`: a path or an address. `pairs`: number of pairs in a shard. `made_by`: names and values of what decides
    the links, such as the model; parts of a folder must agree in them. `words`: how text is split into words, and the
    languages of source and target. `marks`: how the pieces of words are marked on either side; None: no pieces.
    """

    folder: str
    text: Text
    made_by: Mapping[str, str]
    pairs: int = PAIRS
    writing: Writing = field(default_factory=Writing)
    words: tuple[str | None, str | None, str | None] = (None, None, None)
    marks: tuple[Marks | None, Marks | None] = (None, None)

    @property
    def shards(self) -> int:
        """The number of shards."""
        return -(-self.text.lines // self.pairs)

    def span(self, shard: int) -> tuple[int, int]:
        """The lines of a shard: the first, counted from 0, and the first after it."""
        return shard * self.pairs, min((shard + 1) * self.pairs, self.text.lines)

    def part(self, shard: int) -> str:
        """The name of a shard's file. Sorted by name, the parts are in the order of the text.

        >>> from xalign.distributed.shards import Shape, TextFile
        >>> ShardJob("out", Text((TextFile("text", 250_000),), Shape()), {}).part(2)
        'part-00002.align'
        """
        suffix = _SUFFIXES[self.text.shape.form] if self.writing.keep else "align"
        return f"{self._stem(shard)}.{suffix}"

    def _stem(self, shard: int) -> str:
        return f"part-{shard:0{max(5, len(str(self.shards - 1)))}}"

    # The folder.

    def begin(self) -> dict[int, Record]:
        """Create the folder, or find the parts that earlier runs have completed: number of the shard -> record.

        Raises:
            OptionError: the folder contains another job, or cannot be written.
        """
        described = self._described()
        with self._store() as (system, root):
            system.makedirs(f"{root}/{RECORDS}", exist_ok=True)
            content = system.cat_file(f"{root}/{JOB}") if system.exists(f"{root}/{JOB}") else None
        if content is None:
            self._put(JOB, json.dumps(described, indent=1, ensure_ascii=False).encode())
        else:
            self._expect_the_same(content, described)
        return self._done()

    def report(self, records: Mapping[int, Record], earlier: Mapping[int, Record], seconds: float) -> Record:
        """Write `_report.json`, return its content, and remove what killed processes left half written.

        Args:
            records: of all shards.
            earlier: those of them that `begin` found.
            seconds: the duration of this run.

        Raises:
            OptionError: the folder cannot be written.
        """
        pairs, before = (sum(each["pairs"] for each in some.values()) for some in (records, earlier))
        report = {
            "pairs": pairs,
            "pairs_of_this_run": pairs - before,
            "seconds": round(seconds, 3),
            "pairs_per_second": _rate(pairs - before, seconds),
            "broken": sum(each["broken"] for each in records.values()),
            "made_by": dict(self.made_by),
            "shards": [record for _, record in sorted(records.items())],
        }
        self._put(REPORT, (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())
        self._clear()
        return report

    def _clear(self) -> None:
        with suppress(OSError), os_errors():
            system, root = file_system(self.folder)
            system.invalidate_cache()
            for each in system.ls(f"{root}/{RECORDS}", detail=True):
                if _name(each).endswith(_PARTIAL):
                    system.rm_file(each["name"])

    def _described(self) -> dict[str, Any]:
        made_by = {
            "xalign": VERSION,
            **self.made_by,
            "pairs of a shard": str(self.pairs),
            "form": self.text.shape.form,
            "columns": str(self.text.shape.columns),
            "words": str(self.words),
            "keep": str(self.writing.keep),
            **{name: str(value) for name, value in asdict(self.writing.options).items()},
        }
        return {"made_by": made_by, "files": [[file.path, file.lines] for file in self.text.files]}

    def _expect_the_same(self, content: bytes, now: Mapping[str, Any]) -> None:
        try:
            then = json.loads(content)
            before, files = dict(then["made_by"]), then["files"]
        except (ValueError, TypeError, KeyError):
            raise OptionError(f"{self.folder}/{JOB} is damaged: give another folder") from None
        made_by = now["made_by"]
        for name in {**before, **made_by}:
            if before.get(name) != made_by.get(name):
                raise OptionError(
                    f"{self.folder} has parts of a job with {name} {before.get(name)}, not {made_by.get(name)}: "
                    "give the same, or another folder"
                )
        if files != now["files"]:
            raise OptionError(
                f"{self.folder} has parts of other files, or of files with other numbers of lines: "
                "give the same, or another folder"
            )

    def _done(self) -> dict[int, Record]:
        with self._store() as (system, root):
            system.invalidate_cache()
            sizes = {_name(each): each["size"] for each in system.ls(root, detail=True)}
            try:
                listed = system.ls(f"{root}/{RECORDS}", detail=True)
            except FileNotFoundError:  # object stores have no empty folders
                listed = []
            recorded = {_name(each): each["name"] for each in listed}
            places = {
                shard: recorded[name]
                for shard in range(self.shards)
                if (name := f"{self._stem(shard)}.json") in recorded
            }
            # In parallel, if the file system can.
            contents = system.cat(list(places.values())) if places else {}
        found: dict[int, Record] = {}
        for shard, place in places.items():
            record = _as_record(contents[place])
            if record is not None and sizes.get(self.part(shard)) == record["bytes"]:
                found[shard] = record
        return found

    def _finished(self, shard: int) -> Record | None:
        """The record of a shard whose part is complete; None for other shards."""
        try:
            with os_errors():
                system, root = file_system(self.folder)
                record = _as_record(system.cat_file(f"{root}/{RECORDS}/{self._stem(shard)}.json"))
                size = system.info(f"{root}/{self.part(shard)}")["size"]
        except OSError:
            return None
        return record if record is not None and size == record["bytes"] else None

    def _put(self, name: str, content: bytes) -> None:
        """Write a file of the folder, which gets its name when it is complete."""
        with self._store() as (system, root):
            place = f"{root}/{RECORDS}/{uuid4().hex}{_PARTIAL}"
            system.pipe_file(place, content)
            system.mv(place, f"{root}/{name}")

    @contextmanager
    def _store(self) -> Iterator[tuple[AbstractFileSystem, str]]:
        """The file system of the folder, and its path there; OptionError for what fails within the context."""
        try:
            with os_errors():
                yield file_system(self.folder)
        except OSError as error:
            raise OptionError(f"{self.folder}: cannot be written: {reason_of(error)}") from None

    # A shard.

    def align(self, aligner: Aligner, shard: int, log: LogCollector | None = None) -> Record:
        """Write the part of a shard and its record, unless both exist; return the record.

        Args:
            aligner: has the method and the languages of the job.
            shard: its number, from 0.
            log: collects the warnings of this process, which become part of the record.

        Raises:
            InputError: a file, or a line of it, cannot be read.
            OptionError: the part cannot be written.
        """
        if (done := self._finished(shard)) is not None:
            return done
        started = time.monotonic()
        first, end = self.span(shard)
        broken = _Broken(first, end, self.writing.skip_broken)
        alignments = self._aligned(aligner, first, end, broken)
        if self.writing.keep:
            content = self.text.with_links(first, end, alignments, self.writing.options)
        else:
            content = b"".join(
                f"{number}\t{format_pharaoh(each, self.writing.options)}\n".encode()
                for number, each in enumerate(alignments, start=first + 1)
            )
        self._put(self.part(shard), content)
        seconds = time.monotonic() - started
        record: Record = {
            "part": self.part(shard),
            "first": first + 1,
            "pairs": end - first,
            "bytes": len(content),
            "seconds": round(seconds, 3),
            "pairs_per_second": _rate(end - first, seconds),
            "host": socket.gethostname(),
            "process": os.getpid(),
            "weights": digest(checkpoint_folder(aligner.preset.checkpoint.place)),
            "broken": broken.count,
            "broken_lines": broken.lines,
            "warnings": _texts(log),
        }
        self._put(f"{RECORDS}/{self._stem(shard)}.json", json.dumps(record, ensure_ascii=False).encode())
        return record

    def _aligned(self, aligner: Aligner, first: int, end: int, broken: _Broken) -> Iterator[Alignment]:
        """The alignments of the lines from `first` up to `end`: the same as if the whole text were aligned."""
        start, stop = aligner.taken_with(first, end)
        stop = self.text.lines if stop is None else min(stop, self.text.lines)
        text = self.text.pairs(start, stop, broken, splits(*self.words))
        aligned = as_given(aligner.align_pairs(in_words(text, *self.marks), first=start))
        for _, alignment in islice(aligned, first - start, end - start):
            yield alignment


def expect_one_model(records: Iterable[Record]) -> None:
    """OptionError if parts were made by different weights."""
    by_weights = {record["weights"]: record["part"] for record in records}
    if len(by_weights) > 1:
        parts = " and ".join(list(by_weights.values())[:2])
        raise OptionError(f"{parts} were made by different weights: give the same model, and another folder")


class _Broken:
    """Collects the lines of a shard that cannot be read, or raises the error if they are not to be skipped."""

    def __init__(self, first: int, end: int, skip: bool) -> None:
        self.count = 0
        self.lines: list[dict[str, Any]] = []
        self._first, self._end, self._skip = first, end, skip

    def __call__(self, error: LineError, line: int) -> None:
        """`line`: number of the line in the text, counted from 1. Lines outside the shard are ignored."""
        if not self._first < line <= self._end:
            return
        if not (self._skip or isinstance(error, LongLine)):
            raise error
        self.count += 1
        if self.count <= MOST_LISTED:
            self.lines.append({"id": line, "file": error.file, "line": error.line, "error": error.reason})


def _rate(pairs: int, seconds: float) -> float:
    """Pairs per second; 0 where the clock did not move."""
    return round(pairs / seconds, 1) if seconds else 0.0


def _as_record(content: bytes) -> Record | None:
    """The record in a file; None if the file is incomplete."""
    try:
        record = json.loads(content)
        return record if {"bytes", "pairs", "broken", "weights", "warnings"} <= record.keys() else None
    except (ValueError, AttributeError):
        return None


def _texts(log: LogCollector | None) -> list[str]:
    return [] if log is None else [each.getMessage() for each in log.take()][:MOST_LISTED]


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry["name"]).rstrip("/").rpartition("/")[2]
