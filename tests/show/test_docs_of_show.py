"""The commands of docs/show.md run, in the order in which they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_commands_of_the_page_run(tmp_path):
    blocks = re.findall(
        r"```bash\n(.*?)```", (ROOT / "docs" / "show.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "eval_data").symlink_to(ROOT / "eval_data")
    (tmp_path / "xalign").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m xalign.cli "$@"\n')
    (tmp_path / "xalign").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    environment |= {"PYTHONPATH": ":".join(filter(None, sys.path)), "HF_HUB_OFFLINE": "1"}
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert "pair 1  score " in run.stdout
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
