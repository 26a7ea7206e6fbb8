"""Reading and writing text files: UTF-8, compressed by their suffix. Lines end at LF or CRLF and nowhere else.

Errors name the file and the line. Everything streams: memory does not grow with the file, nor with a line. An output
file gets its name when it is complete.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import groupby, zip_longest
from pathlib import Path
from typing import IO, TypeVar

from ..errors import FormatError, InputError, LineError, LongLine, OptionError, XalignError, reason_of
from .compression import COMPRESSED, compression_of, damages, open_as
from .lock import locked

logger = logging.getLogger("xalign")
T = TypeVar("T")
U = TypeVar("U")

STANDARD = "-"  # standard input or output, where a path is expected
LONGEST_LINE = 1_000_000  # bytes of a line of text
PARTIAL = ".partial"  # the suffix of a file that is not complete yet
_LONGEST_NAME = 255  # bytes
_STANDARD_OUTPUT = {STANDARD, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}


def name_of(path: Path | str) -> str:
    """The name of a file in messages."""
    return "standard input" if str(path) == STANDARD else str(path)


# Reading.


OnBroken = Callable[[LineError], None]
"""Decides about a line that cannot be read: raises the error, or returns, and the line counts as empty."""


def refuse(error: LineError) -> None:
    """Raise the error, whatever is wrong with the line."""
    raise error


def skip_long(error: LineError) -> None:
    """Let a line that is too long count as empty, with a warning of the logger "xalign"; raise any other error."""
    if not isinstance(error, LongLine):
        raise error
    logger.warning("%s: it counts as empty", error)


def read_lines(
    path: Path | str,
    longest: int = LONGEST_LINE,
    on_broken: OnBroken = refuse,
    start: tuple[int, int] = (0, 0),
) -> Iterator[str]:
    """The lines of a text file, without their ends and without a byte order mark; the file may be at an address.

    Args:
        longest: most bytes in a line; a longer line is not held in memory.
        on_broken: decides about a line that is too long or not UTF-8.
        start: how many lines to skip, and how many bytes they are.

    Raises:
        InputError: the file is missing, or its content does not match its suffix. Or what `on_broken` raises.
        DependencyError, OptionError: as from `file_system`, for an address.
    """
    number, skipped = start
    with _reading(path) as file:
        try:
            if skipped:
                file.seek(skipped)
            for raw in _lines_within(file, longest):
                if not number:
                    _expect_text(path, raw)
                number += 1
                try:
                    line = _decoded(raw, longest)
                except ValueError as error:
                    kind = LongLine if raw is None else LineError
                    on_broken(kind(name_of(path), number, str(error)))
                    line = ""
                yield line.removeprefix("\ufeff") if number == 1 else line
        except damages() as error:
            how = f" after line {number}: cannot be read further" if number else ": cannot be read"
            raise InputError(f"{name_of(path)}{how}: {reason_of(error)}") from None


def _expect_text(path: Path | str, raw: bytes | None) -> None:
    """InputError if the first line shows that the file is compressed, though its name does not say so."""
    if raw is None or Path(path).suffix in COMPRESSED or not (found := compression_of(raw)):
        return
    name, suffix = found
    rename = "" if str(path) == STANDARD else f"give it a name that ends in {suffix}, or "
    raise InputError(f"{name_of(path)} is compressed ({name}): {rename}decompress it first")


def _decoded(raw: bytes | None, longest: int) -> str:
    """The text of a line without its end. ValueError: the line is too long, or not UTF-8."""
    if raw is None:
        raise ValueError(f"longer than {longest:,} bytes")
    try:
        return raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        byte, position = error.object[error.start], error.start + 1
        raise ValueError(
            f"not UTF-8 (byte 0x{byte:02x} at position {position}); "
            "convert the file first, with iconv for example"
        ) from None


def each_line(parse: Callable[[str], T], lines: Iterable[str]) -> Iterator[T]:
    """What each line says; an error names the number of the line, counted from 1."""
    for number, line in enumerate(lines, start=1):
        try:
            yield parse(line)
        except (InputError, FormatError) as error:
            raise type(error)(f"line {number}: {error}") from None


def paragraphs(lines: Iterable[str]) -> Iterator[list[tuple[int, str]]]:
    """The lines between blank ones, each with its number, counted from 1."""
    for is_blank, numbered in groupby(enumerate(lines, start=1), key=lambda each: not each[1].strip()):
        if not is_blank:
            yield list(numbered)


def side_by_side(
    names: tuple[Path | str, Path | str],
    one: Iterable[T],
    other: Iterable[U],
    unit: str,
    kind: type[XalignError] = InputError,
) -> Iterator[tuple[T, U]]:
    """Item i of both files of these names; an error, of this kind, if one ends before the other."""
    for number, (item, counterpart) in enumerate(zip_longest(one, other)):
        if item is None or counterpart is None:
            shorter, longer = map(name_of, names if item is None else names[::-1])
            raise kind(f"{shorter} ends after {unit} {number}, but {longer} goes on")
        yield item, counterpart


def count_lines(path: Path | str) -> int | None:
    """The number of lines of a plain file; None for compressed files and for streams, which can be read only once."""
    path = Path(path)
    if str(path) == STANDARD or path.suffix in COMPRESSED or not path.is_file():
        return None
    lines, last = 0, b"\n"
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                if not lines and compression_of(chunk):  # the error will be reported when it is read
                    return None
                lines, last = lines + chunk.count(b"\n"), chunk[-1:]
    except OSError:  # the error will be reported when it is read
        return None
    return lines + (last != b"\n")


def _lines_within(file: IO[bytes], longest: int) -> Iterator[bytes | None]:
    """The lines with their ends; None for a line that is too long, which is skipped."""
    most = longest + 1  # with its end
    while raw := file.readline(most):
        if len(raw) < most or raw.endswith(b"\n"):
            yield raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(1 << 16)
        yield None


@contextmanager
def _reading(path: Path | str) -> Iterator[IO[bytes]]:
    if str(path) == STANDARD:
        with _standard_input() as file:
            yield file
        return
    try:
        file = open_as(Path(path).suffix, path, "rb")
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: {reason_of(error)}") from None
    with file:
        yield file


def _standard_input() -> AbstractContextManager[IO[bytes]]:
    """Standard input through a buffer of its own.

    Python locks the buffer of `sys.stdin` when it exits, and would abort if a thread still waited for input there.
    """
    if sys.stdin is None:
        raise InputError("standard input is closed")
    try:
        descriptor = sys.stdin.fileno()
    except io.UnsupportedOperation:  # standard input was replaced, in tests for example
        return nullcontext(sys.stdin.buffer)
    return open(descriptor, "rb", closefd=False)


# Writing.


@contextmanager
def writing(path: Path | str) -> Iterator[IO[bytes]]:
    """A file to write bytes to, compressed by its suffix and renamed as by `replacing`; "-" is standard output.

    Raises:
        OptionError: the file cannot be created or written.
        BrokenPipeError: the reader of the output has gone.
    """
    is_standard = str(path) in _STANDARD_OUTPUT
    with telling_failures(path):
        if is_standard:
            if sys.stdout is None:
                raise OptionError("standard output is closed: there is nowhere to write to")
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        else:
            suffix = Path(path).suffix
            with replacing(Path(path)) as place, open_as(suffix, place, "wb") as file:
                yield file


@contextmanager
def telling_failures(path: Path | str) -> Iterator[None]:
    """Raise errors of writing as an OptionError that names the file; a broken pipe is left to the caller."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        name = "standard output" if str(path) in _STANDARD_OUTPUT else path
        told = OptionError(f"{name}: cannot be written: {reason_of(error)}")
        told.__notes__ = getattr(error, "__notes__", [])
        raise told from None


@contextmanager
def replacing(path: Path, keep: bool = True) -> Iterator[Path]:
    """The path to write to instead of `path`: FILE.partial beside it, which is renamed when it is complete.

    Until then, an earlier file of that name is not changed. After an error FILE.partial is kept if `keep`, and the
    error gets a note that says so. Devices and pipes are written directly.

    Raises:
        OptionError: another run is writing the file.
        OSError: the file may not be replaced.
    """
    if not is_replaced(path):
        yield path
        return
    with becoming(path) as partial:
        os.truncate(partial, 0)
        try:
            yield partial
        except BaseException as error:
            if keep and _has_content(partial, path.suffix):
                error.add_note(f"what was written is in {partial_name(path)}")
            else:
                partial.unlink(missing_ok=True)
            raise


def is_replaced(path: Path | str) -> bool:
    """Whether the path is an ordinary file, which can be replaced when the new one is complete."""
    return str(path) not in _STANDARD_OUTPUT and (Path(path).is_file() or not Path(path).exists())


def partial_name(path: Path) -> Path:
    """The name of the file in messages until it is complete."""
    partial = _partial(Path(os.path.realpath(path)))
    return partial if path.is_symlink() else path.with_name(partial.name)


@contextmanager
def becoming(path: Path) -> Iterator[Path]:
    """FILE.partial, empty or as an earlier run left it. It becomes `path` unless there is an error.

    It is locked against other runs. A symbolic link still points to its file afterwards.

    Raises:
        OptionError: another run has locked it.
        OSError: the file may not be replaced.
    """
    target = Path(os.path.realpath(path))
    exists = target.exists()
    if exists and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    partial = _partial(target)
    with locked(partial):
        yield partial
        if exists:
            shutil.copymode(target, partial)
        partial.replace(target)


def _partial(target: Path) -> Path:
    return longer_name(target, PARTIAL)


def longer_name(path: Path, suffix: str) -> Path:
    """The path with one more suffix; a name that would be too long is shortened."""
    name = os.fsencode(path.name)[: _LONGEST_NAME - len(suffix)]
    return path.with_name(os.fsdecode(name) + suffix)


def _has_content(file: Path, suffix: str) -> bool:
    try:
        with open_as(suffix, file, "rb") as written:
            return bool(written.read(1))
    except damages():  # its end is missing, or it was never created
        return file.exists() and file.stat().st_size > 0


def expect_outputs(outputs: Iterable[Path | None], inputs: Iterable[Path | str | None]) -> None:
    """OptionError if an output is also an input, or two outputs are one file. None is an output that is not wanted.

    "-" is the file to which a stream is redirected.
    """
    read = [Path(path) for path in inputs if path is not None]
    given: set[str] = set()
    for output in filter(None, outputs):
        name = "standard output" if str(output) == STANDARD else output
        is_standard = str(output) in _STANDARD_OUTPUT
        places = [output] if is_standard else [output, _partial(output)]
        if any(_is_same_file(place, path) for place in places for path in read):
            raise OptionError(f"{name} is an input too: give the output another file")
        known = {STANDARD} if is_standard else set(map(os.path.realpath, places))
        if known & given and (is_standard or is_replaced(output)):  # and no device or pipe
            raise OptionError(f"{name} is given for two outputs: give each a file of its own")
        given |= known


def _is_same_file(output: Path, path: Path) -> bool:
    try:
        one = os.fstat(sys.stdout.fileno()) if str(output) == STANDARD else output.stat()
        other = os.fstat(sys.stdin.fileno()) if str(path) == STANDARD else path.stat()
    except (OSError, AttributeError):  # the error will be reported when it is opened
        return False
    return stat.S_ISREG(one.st_mode) and os.path.samestat(one, other)
