"""Text files in and out: compressed by their suffix, UTF-8, a line ends at LF or CRLF and nowhere else.

Errors name the file and the line. Everything streams: memory does not grow with the file.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

from xalign.errors import InputError, OptionError

STANDARD = "-"  # standard input or output, where a path is expected
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


def name_of(path: Path | str) -> str:
    """What to call a file in a message."""
    return "standard input" if str(path) == STANDARD else str(path)


def read_lines(path: Path | str) -> Iterator[str]:
    """The lines of a text file, without their ends and without a byte order mark.

    Raises:
        InputError: the file is missing, is not what its suffix says, or has a line that is not UTF-8.
    """
    number = 0
    with _reading(path) as file:
        try:
            for number, raw in enumerate(file, start=1):
                line = raw.decode().removesuffix("\n").removesuffix("\r")
                yield line.removeprefix("\ufeff") if number == 1 else line
        except UnicodeDecodeError as error:
            byte, position = error.object[error.start], error.start + 1
            raise InputError(
                f"{name_of(path)} line {number}: not UTF-8 (byte 0x{byte:02x} at position {position}); "
                "convert the file first, with iconv for example"
            ) from None
        except _unreadable() as error:
            raise InputError(f"{name_of(path)} after line {number}: cannot be read on: {error}") from None


@contextmanager
def _reading(path: Path | str) -> Iterator[IO[bytes]]:
    if str(path) == STANDARD:
        with _standard_input() as file:
            yield file
        return
    try:
        file = _OPENERS.get(Path(path).suffix, open)(path, "rb")
    except OSError as error:
        raise InputError(f"{path}: {_reason(error)}") from None
    with file:
        yield file


def _standard_input() -> AbstractContextManager[IO[bytes]]:
    """Standard input through a buffer of our own.

    Python locks the buffer of `sys.stdin` when it ends, and would abort if a thread still waited for input there.
    """
    if sys.stdin is None:
        raise InputError("standard input is closed")
    try:
        descriptor = sys.stdin.fileno()
    except io.UnsupportedOperation:  # something else stands in for standard input, in tests for example
        return nullcontext(sys.stdin.buffer)
    return open(descriptor, "rb", closefd=False)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


@contextmanager
def writing(path: Path | str) -> Iterator[IO[bytes]]:
    """A file to write bytes to, compressed by its suffix; "-" is standard output.

    Raises:
        OptionError: the file cannot be made, or not be written to the end.
        BrokenPipeError: whoever reads the output has gone.
    """
    try:
        if str(path) == STANDARD:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        else:
            with _OPENERS.get(Path(path).suffix, open)(path, "wb") as file:
                yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        name = "standard output" if str(path) == STANDARD else path
        raise OptionError(f"{name}: cannot be written: {_reason(error)}") from None


def expect_no_input(output: Path, inputs: Iterable[Path | None]) -> None:
    """OptionError if the file to write is one of those to be read: it would be emptied first."""
    for path in inputs:
        if path is None or STANDARD in (str(path), str(output)):
            continue
        try:
            is_same = output.is_file() and output.samefile(path)
        except OSError:
            continue  # opening it will say what is wrong
        if is_same:
            raise OptionError(f"{output} is an input too: give the output another file")


def _open_zstandard(path: Path | str, mode: str) -> IO[bytes]:
    if mode == "rb":
        return io.BufferedReader(_ZstandardFrames(Path(path)))
    import zstandard

    # With a checksum, as the zstd command writes it, so that damage is noticed.
    file: IO[bytes] = zstandard.open(path, mode, cctx=zstandard.ZstdCompressor(write_checksum=True))
    return file


class _ZstandardFrames(io.RawIOBase):
    """A .zst file, frame by frame: zstandard's own reader takes a truncated file for a whole one."""

    def __init__(self, path: Path) -> None:
        import zstandard

        self._new_frame = zstandard.ZstdDecompressor().decompressobj
        self._frame = self._new_frame()
        self._file = path.open("rb")
        self._compressed = b""
        self._text = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._text:
            if not self._compressed and not (chunk := self._file.read(1 << 17)):
                break
            self._compressed = self._compressed or chunk
            if self._frame.eof:
                self._frame = self._new_frame()
            self._text = memoryview(self._frame.decompress(self._compressed))
            self._compressed = self._frame.unused_data
        if not self._text and not self._frame.eof:
            raise EOFError("the compressed file ends before its end marker was reached")
        size = min(len(buffer), len(self._text))
        buffer[:size], self._text = self._text[:size], self._text[size:]
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


_OPENERS: dict[str, Callable[..., Any]] = dict(
    zip(COMPRESSED, (gzip.open, bz2.open, lzma.open, _open_zstandard), strict=True)
)


def _unreadable() -> tuple[type[Exception], ...]:
    """What reading a damaged file raises; zstandard is imported where a .zst file was opened, and only there."""
    zstandard = sys.modules.get("zstandard")
    return (EOFError, OSError, lzma.LZMAError, zlib.error, *([zstandard.ZstdError] if zstandard else []))
