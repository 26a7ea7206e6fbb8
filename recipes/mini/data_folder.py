"""The option that names the data folder (recipes/README.md), for the scripts that read it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with `--data DATA`, which the environment variable XALIGN_DATA can stand for."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = os.environ.get("XALIGN_DATA")
    made.add_argument(
        "--data", type=Path, default=known, required=not known, help="the data folder, or set XALIGN_DATA"
    )
    return made
