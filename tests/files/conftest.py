from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path):
    """`file(b"...", ".gz")`: a file with these bytes."""

    def write(content: bytes, suffix: str = "") -> Path:
        path = tmp_path / f"text{suffix}"
        path.write_bytes(content)
        return path

    return write
