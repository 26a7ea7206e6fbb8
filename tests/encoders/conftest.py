import shutil
from pathlib import Path

import pytest


@pytest.fixture
def folder(tiny, tmp_path):
    """`folder("bert")`: a copy of a tiny checkpoint, to be spoilt."""

    def copy(name):
        return Path(shutil.copytree(tiny(name), tmp_path / name))

    return copy
