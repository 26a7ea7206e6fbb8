"""Small texts with one fault each, as files for a word aligner. What bad_inputs.py gives to each aligner."""

from __future__ import annotations

import gzip
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
TEXT = REPOSITORY / "eval_data" / "de-en"
PAIRS = 24  # of the text, beside the one with the fault
PLACE = 12  # of the fault, counted from 0
SEPARATOR = b" ||| "
CLEAN = "no fault"


@dataclass(frozen=True)
class Case:
    """An input. `expected` of the line at `place`: "links", at its end too; "empty"; "error" of the whole."""

    name: str
    source: list[bytes]
    target: list[bytes]
    expected: str
    place: int = PLACE
    form: str = "lines"  # or files: a fault of files, which strings cannot have; joined: of "a ||| b"; gz
    end: bytes = b"\n"


@dataclass(frozen=True)
class Files:
    """Where an input is, and where links go."""

    source: Path
    target: Path
    joined: Path
    links: Path


def cases() -> list[Case]:
    source, target = ((TEXT / f"test.{side}").read_bytes().split(b"\n")[:PAIRS] for side in ("de", "en"))

    def with_pair(name: str, src: str | bytes, tgt: str | bytes, expected: str, form: str = "lines") -> Case:
        def with_line(text: list[bytes], line: str | bytes) -> list[bytes]:
            return [*text[:PLACE], line if isinstance(line, bytes) else line.encode(), *text[PLACE:]]

        return Case(name, with_line(source, src), with_line(target, tgt), expected, form=form)

    def in_pair(name: str, word: str, expected: str = "links") -> Case:
        return with_pair(name, f"das {word} Haus ist klein .", f"the {word} house is small .", expected)

    def whole(name: str, expected: str, form: str = "files", **changed: Any) -> Case:
        return replace(Case(name, source, target, expected, form=form), **changed)

    long = [b" ".join(b" ".join(text * 9).split()[:2000]) for text in (source, target)]
    letters = "abcdefghij" * 2000
    return [
        whole(CLEAN, "links", form="lines"),
        with_pair("an empty line on both sides", "", "", "empty"),
        with_pair("a blank side", "das Haus ist klein .", "", "empty"),
        with_pair("only spaces on both sides", "   ", "   ", "empty"),
        whole("two files of different length", "error", target=target[:-1]),
        with_pair("no ` ||| ` in a line", "das Haus ist klein .", "", "error", form="unseparated"),
        with_pair(
            "` ||| ` within a sentence",
            "das ||| Haus ist klein .",
            "the house is small .",
            "error",
            form="joined",
        ),
        in_pair("a tab between words", "alte\tkleine"),
        whole("lines that end with CRLF", "links", end=b"\r\n"),
        whole("a byte order mark", "links", source=[b"\xef\xbb\xbf" + source[0], *source[1:]]),
        with_pair(
            "Latin-1", "das Tor ist grün .".encode("latin-1"), "the gate is green .", "error", form="files"
        ),
        in_pair("NUL in a word", "a\0b"),
        in_pair("U+2028 (line separator) in a word", "a\u2028b"),
        in_pair("U+0085 (next line) in a word", "a\u0085b"),
        in_pair("U+00A0 (no-break space) in a word", "10\u00a0000"),
        in_pair("a word that is a zero-width joiner", "\u200d"),
        in_pair("emoji", "👩\u200d👩\u200d👧 🇩🇪"),
        in_pair("special tokens as words", "[SEP] </s> <pad> [MASK] <s> [CLS]"),
        with_pair("a sentence of 2,000 words", long[0], long[1], "links"),
        in_pair("a word of 20,000 letters", letters),
        whole("a .gz that is cut off", "error", form="gz"),
        with_pair("a lone surrogate", b"das \xed\xa0\x80 Haus .", b"the \xed\xa0\x80 house .", "error"),
    ]


def write(case: Case, folder: Path) -> Files:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = Files(*(folder / name for name in ("source", "target", "joined", "links")))
    files.source.write_bytes(b"".join(line + case.end for line in case.source))
    files.target.write_bytes(b"".join(line + case.end for line in case.target))
    pairs = list(zip(case.source, case.target, strict=False))
    joined = [SEPARATOR.join(pair) + case.end for pair in pairs]
    if case.form == "unseparated":
        joined[case.place] = case.source[case.place] + case.end
    files.joined.write_bytes(b"".join(joined))
    if case.form == "gz":
        files = Files(folder / "source.gz", *(getattr(files, name) for name in ("target", "joined", "links")))
        whole = gzip.compress((folder / "source").read_bytes())
        files.source.write_bytes(whole[: len(whole) // 2])
    return files
