"""A lock on a file, so that only one process at a time writes it. It ends with the process, even a killed one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import OptionError

if sys.platform == "win32":

    def _lock(file: IO[bytes]) -> None:
        """There is no such lock."""

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Create the file if necessary, and lock it against other processes.

    A file system without locks, as in some clusters, gives no lock, and refuses no process.

    Raises:
        OptionError: another process has the lock.
        OSError: the file cannot be created.
    """
    with _opened_with_lock(path):
        yield


def _opened_with_lock(path: Path) -> IO[bytes]:
    while True:
        file = path.open("ab")
        try:
            _lock(file)
        except BlockingIOError:
            file.close()
            raise OptionError(f"{path} is being written by another run: give this one another file") from None
        except OSError:
            return file
        if _is_still(file, path):
            return file
        file.close()  # the process that had the lock has renamed or removed the file


def _is_still(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
