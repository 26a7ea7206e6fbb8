"""Files on this machine and at addresses such as s3://bucket/name, which fsspec opens."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import DependencyError, OptionError, XalignError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether a path is an address, with a protocol.

    >>> is_address("s3://bucket/name"), is_address("folder/name")
    (True, False)
    """
    return isinstance(path, str) and "://" in path


def everywhere(path: str | os.PathLike[str]) -> str:
    """The address, or the absolute path: it names the same file in any working directory."""
    return str(path) if is_address(path) else str(Path(path).absolute())


def opened(path: str | os.PathLike[str]) -> IO[bytes]:
    """A file, opened to read bytes.

    Raises:
        OSError: it cannot be read.
        DependencyError, OptionError: as from `file_system`.
    """
    if not is_address(path):
        return Path(path).open("rb")
    with os_errors():
        system, place = file_system(str(path))
        try:
            file: IO[bytes] = system.open(place, "rb")
        except FileNotFoundError:  # whose message differs by protocol
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from None
    return file


@contextmanager
def os_errors() -> Iterator[None]:
    """Within it, the errors that a protocol has of its own, such as missing credentials, become OSError."""
    try:
        yield
    except (OSError, XalignError):
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def file_system(path: str) -> tuple[AbstractFileSystem, str]:
    """(the file system of an address or path, the path in it). Its methods are called within `os_errors`.

    Raises:
        DependencyError: the protocol needs a package that is not installed.
        OptionError: there is no such protocol.
    """
    from fsspec.core import url_to_fs

    try:
        found: tuple[Any, str] = url_to_fs(path)
    except ImportError as error:
        raise DependencyError(f"{path}: {error}") from None
    except ValueError as error:
        raise OptionError(f"{path}: {error}") from None
    return found
