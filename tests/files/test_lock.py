"""A file that one process at a time may write."""

import subprocess
import sys

import pytest

from xalign.errors import OptionError
from xalign.files.lock import locked

HOLD = (
    "import sys; from pathlib import Path; from xalign.files.lock import locked\n"
    "with locked(Path(sys.argv[1])): print(flush=True); input()"
)


@pytest.fixture
def other_process(tmp_path):
    """Another process that has the lock of `file`, until it is killed."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "file")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def test_a_file_that_another_process_has_is_refused_until_that_ends(tmp_path, other_process):
    with pytest.raises(OptionError, match="file is being written by another run"), locked(tmp_path / "file"):
        pass
    other_process.kill()
    other_process.wait()
    with locked(tmp_path / "file"):
        pass


def test_what_is_in_the_file_stays(tmp_path):
    path = tmp_path / "file"
    path.write_text("a")
    with locked(path):
        assert path.read_text() == "a"


def test_a_file_that_was_renamed_is_another_one(tmp_path):
    path = tmp_path / "file"
    with locked(path):
        path.rename(tmp_path / "whole")
        with locked(path):
            assert path.exists()
