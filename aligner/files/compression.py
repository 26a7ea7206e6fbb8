"""Compressed files, by their suffix. Damage, truncation and trailing garbage are errors, never the end of the text."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

from .addresses import opened

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_NAMES = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
# How their files begin; .xz may hold the older .lzma, and .zst begin with one of sixteen frames that are skipped.
_BEGINNINGS = {
    ".gz": (b"\x1f\x8b",),
    ".bz2": (b"BZh",),
    ".xz": (b"\xfd7zXZ\0", b"\x5d\0\0"),
    ".zst": (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + kind, 0x2A, 0x4D, 0x18]) for kind in range(16))),
}
# Those with which no text begins.
_SURE = {".gz": b"\x1f\x8b\x08", ".bz2": b"BZh91AY&SY", ".xz": b"\xfd7zXZ\0", ".zst": b"\x28\xb5\x2f\xfd"}
_CHUNK = 512  # compressed bytes read at once; Zstandard expands them all, to at most 32,768 times as many
_BUFFER = 1 << 17


def open_as(suffix: str, path: Path | str, mode: str) -> IO[bytes]:
    """Open a file as if it had this suffix, in mode "rb" or "wb"; one that is read may be at an address."""
    if mode == "rb":
        raw = opened(path)
        if suffix not in COMPRESSED:
            return raw
        try:
            _expect_compressed(suffix, _beginning(raw))
        except OSError:
            raw.close()
            raise
        file: IO[bytes] = _READERS[suffix](raw)
        return file
    return _WRITERS[suffix](Path(path)) if suffix in COMPRESSED else Path(path).open(mode)


def compression_of(beginning: bytes) -> tuple[str, str] | None:
    """The name and the suffix of the compression of a file that begins with these bytes; None if it is none of ours.

    >>> compression_of(b"\\x1f\\x8b\\x08\\0\\0\\0"), compression_of(b"das Haus")
    (('gzip', '.gz'), None)
    """
    for suffix, magic in _SURE.items():
        if beginning.startswith(magic):
            return _NAMES[suffix], suffix
    return None


def _beginning(file: IO[bytes]) -> bytes:
    """The first bytes of a file, which can still be read from its first byte; none if that is impossible."""
    if file.seekable():
        found = file.read(10)
        file.seek(0)
        return found
    return file.peek(10) if isinstance(file, io.BufferedReader) else b""


def _expect_compressed(suffix: str, beginning: bytes) -> None:
    """OSError if a file does not begin as its suffix says; nothing is said of one that is empty."""
    if not any(magic.startswith(beginning[: len(magic)]) for magic in _BEGINNINGS[suffix]):
        if other := compression_of(beginning):
            raise OSError(
                f"its content is {other[0]}, not {_NAMES[suffix]}: give it a name that ends in {other[1]}"
            )
        raise OSError(f"its content is not {_NAMES[suffix]}: leave {suffix} out of its name, or compress it")


def compressed(suffix: str, text: bytes) -> bytes:
    """The bytes of a complete file with this suffix: the same for the same text. Such files can be concatenated."""
    return _FRAMES[suffix](text) if suffix in COMPRESSED else text


def damages() -> tuple[type[Exception], ...]:
    """The errors that reading a damaged file raises; zstandard is imported only if a .zst file was opened."""
    zstandard = sys.modules.get("zstandard")
    return (EOFError, OSError, lzma.LZMAError, zlib.error, *([zstandard.ZstdError] if zstandard else []))


class _Frames(io.RawIOBase):
    """The text of a compressed file, frame by frame, in parts of bounded size; zero bytes may follow a frame.

    Python's own readers of .bz2 and .xz treat garbage after a frame as the end of the file, and zstandard's treats a
    truncated file as complete.
    """

    def __init__(self, file: IO[bytes], new_frame: Callable[[], Any]) -> None:
        self._new_frame = new_frame
        self._frame = new_frame()
        self._file = file
        self._compressed = b""
        self._text = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._text:
            if self._frame.eof and not self._found_next_frame():
                return 0
            compressed = b""
            if self._frame.needs_input:
                compressed, self._compressed = self._compressed or self._file.read(_CHUNK), b""
                if not compressed:
                    raise EOFError("the compressed file ends before its end marker was reached")
            self._text = memoryview(self._frame.decompress(compressed, len(buffer)))
        size = min(len(buffer), len(self._text))
        buffer[:size], self._text = self._text[:size], self._text[size:]
        return size

    def _found_next_frame(self) -> bool:
        rest = self._frame.unused_data.lstrip(b"\0")
        while not rest:
            if not (chunk := self._file.read(_CHUNK)):
                return False
            rest = chunk.lstrip(b"\0")
        self._compressed, self._frame = rest, self._new_frame()
        return True

    def close(self) -> None:
        self._file.close()
        super().close()


class _ZstandardFrame:
    """zstandard's decompressor with the interface of those of bz2 and lzma."""

    needs_input = True

    def __init__(self) -> None:
        import zstandard

        self._frame = zstandard.ZstdDecompressor().decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._frame.decompress(data)


class _Gzip(gzip.GzipFile):
    """A reader that also closes the file that it reads."""

    def __init__(self, file: IO[bytes]) -> None:
        if file.seekable():
            if not file.read(1):
                file.close()
                raise EOFError("an empty file is not a compressed file")
            file.seek(0)
        super().__init__(fileobj=file, mode="rb")
        self._file = file

    def close(self) -> None:
        super().close()
        self._file.close()


def _read_frames(new_frame: Callable[[], Any], file: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(_Frames(file, new_frame), _BUFFER)


def _write_zstandard(path: Path) -> IO[bytes]:
    import zstandard

    # With a checksum, as the zstd command writes it, so that damage is noticed.
    file: Any = zstandard.open(path, "wb", cctx=zstandard.ZstdCompressor(write_checksum=True))
    return file  # type: ignore[no-any-return]


_READERS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": _Gzip,
    ".bz2": partial(_read_frames, bz2.BZ2Decompressor),
    ".xz": partial(_read_frames, lzma.LZMADecompressor),
    ".zst": partial(_read_frames, _ZstandardFrame),
}
_WRITERS: dict[str, Callable[..., Any]] = {
    ".gz": partial(gzip.open, mode="wb"),
    ".bz2": partial(bz2.open, mode="wb"),
    ".xz": partial(lzma.open, mode="wb"),
    ".zst": _write_zstandard,
}


def _zstandard_frame(text: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(write_checksum=True).compress(text)


_FRAMES: dict[str, Callable[[bytes], bytes]] = {
    ".gz": partial(gzip.compress, compresslevel=6, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": _zstandard_frame,
}
