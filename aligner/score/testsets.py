"""Public gold sets: a description of each (testsets.toml), and the folder of a download -> text and gold.

Nothing is downloaded, since most sets have no licence that allows redistribution. Every set can also be read from a
prepared folder with the files src, tgt and gold (UTF-8, Pharaoh links counted from 0).
"""

from __future__ import annotations

import hashlib
import logging
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..errors import FormatError, InputError, OptionError
from ..files import each_line, read_lines
from ..formats.entry import Entry
from ..formats.files import naming
from ..formats.tsv import tsv_entry
from ..text.sentences import SentencePair, read_files, read_stream
from .evaluation import Gold

logger = logging.getLogger("xalign")


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of the files in one distribution of a set.

    The text is in `source` and `target`, or in `both`, a file with both sides, or in the file `gold` itself.
    `one_based`: whether the gold counts words from 1; None takes what is usual for its format.
    """

    gold: str
    source: str | None = None
    target: str | None = None
    both: str | None = None
    one_based: bool | None = None

    @property
    def files(self) -> tuple[str, ...]:
        names = (self.source, self.target, self.both, self.gold)
        return tuple(dict.fromkeys(name for name in names if name is not None))


PREPARED = Layout(gold="gold", source="src", target="tgt")


@dataclass(frozen=True, slots=True)
class Figure:
    """A published AER, in percent."""

    system: str
    aer: float
    source: str


@dataclass(frozen=True, slots=True)
class TestSet:
    """A gold set.

    `pairs`, `sure`, `possible`: numbers of sentence pairs, of sure links, and of links that are only possible.
    `sha256`: checksums of the files in its layouts, as far as they are known.
    """

    __test__ = False  # so that pytest does not take it for a class of tests

    name: str
    title: str
    languages: tuple[str, str]
    pairs: int
    sure: int
    possible: int
    licence: str
    where: str
    notes: str = ""
    layouts: tuple[Layout, ...] = ()
    published: tuple[Figure, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)

    def read(self, folder: Path | str) -> tuple[list[SentencePair], Gold]:
        """Text and gold from a folder. The logger "xalign" warns about a file that differs from the published one.

        Raises:
            InputError: files are missing.
            FormatError: a file cannot be read, or the number of pairs is wrong.
        """
        layout, found = self._find(Path(folder))
        for name, path in found.items():
            expected = self.sha256.get(name)
            if expected and hashlib.sha256(path.read_bytes()).hexdigest() != expected:
                logger.warning("%s is not the file that was published: its SHA-256 is another", path)
        pairs, gold = _read(layout, found)
        if len(pairs) != self.pairs:
            raise FormatError(f"{folder} has {len(pairs)} sentence pairs, but {self.name} has {self.pairs}")
        return pairs, gold

    def _find(self, folder: Path) -> tuple[Layout, dict[str, Path]]:
        """The layout whose files are all there, with or without the first folder of their paths."""
        layouts = [*self.layouts, PREPARED]
        for layout in layouts:
            for part in (0, 1):
                found = {name: folder.joinpath(*Path(name).parts[part:]) for name in layout.files}
                if all(path.is_file() for path in found.values()):
                    return layout, found
        expected = "; or ".join(", ".join(layout.files) for layout in layouts)
        raise InputError(
            f"{folder} has not the files of {self.name}: expected {expected} (from {self.where})"
        )


def _read(layout: Layout, found: Mapping[str, Path]) -> tuple[list[SentencePair], Gold]:
    gold = found[layout.gold]
    if layout.source and layout.target:
        pairs = list(read_files(found[layout.source], found[layout.target]))
    elif layout.both:
        pairs = list(read_stream(found[layout.both], "bars"))
    else:
        return _read_with_links(gold)
    return pairs, Gold.read(gold, layout.one_based, pairs)


def _read_with_links(path: Path) -> tuple[list[SentencePair], Gold]:
    """A file with source, target and links separated by tabs, as in XL-WA; empty columns may follow."""
    with naming(path):
        entries = list(each_line(_entry, read_lines(path)))
    pairs = [entry.pair for entry in entries if entry.pair is not None]
    return pairs, Gold(str(path), [entry.alignment for entry in entries])


def _entry(line: str) -> Entry:
    return tsv_entry("\t".join(line.split("\t")[:3]), one_based=False)


@cache
def all_testsets() -> dict[str, TestSet]:
    """All sets by name."""
    table = tomllib.loads(files(__package__).joinpath("testsets.toml").read_text(encoding="utf-8"))
    sources: dict[str, str] = table["sources"]
    sets = {name: _test_set(name, fields, sources) for name, fields in table["sets"].items()}
    for family, fields in table["families"].items():
        sets |= {each.name: each for each in _members(family, fields, sources)}
    return sets


def find_testset(name: str) -> TestSet:
    """The set of that name.

    Raises:
        OptionError: there is none.
    """
    try:
        return all_testsets()[name]
    except KeyError:
        raise OptionError(f"unknown test set {name!r}: choose one of {', '.join(all_testsets())}") from None


def _test_set(name: str, fields: dict[str, Any], sources: dict[str, str]) -> TestSet:
    made = {
        "languages": tuple(fields["languages"]),
        "layouts": tuple(Layout(**layout) for layout in fields.get("layouts", [])),
        "published": tuple(
            Figure(each["system"], each["aer"], sources[each["source"]])
            for each in fields.get("published", [])
        ),
    }
    return TestSet(name=name, **(fields | made))


def _members(family: str, fields: dict[str, Any], sources: dict[str, str]) -> Iterator[TestSet]:
    """The sets of a family, one per target language, with the same source language and layout, and only sure links."""
    source = fields["source"]
    for target, (pairs, sure) in fields["members"].items():
        layouts = [{"gold": fields["layout"].format(target=target)}] if "layout" in fields else []
        published = [
            {**each, "aer": each["aer"][target]}
            for each in fields.get("published", [])
            if target in each["aer"]
        ]
        yield _test_set(
            f"{family}.{source}-{target}",
            {key: fields[key] for key in ("title", "licence", "where")}
            | {"languages": [source, target], "pairs": pairs, "sure": sure, "possible": 0}
            | {"layouts": layouts, "published": published},
            sources,
        )
