"""What is installed is what stands in the tree: packages, data, import names, and nothing heavy at the door."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from xalign.models import BUNDLED

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_folder_with_code_is_a_declared_package(project):
    declared = set(project["tool"]["setuptools"]["package-dir"].values())
    found = {
        str(file.parent.relative_to(REPOSITORY))
        for root in ("aligner", "cli")
        for file in (REPOSITORY / root).rglob("*.py")
    }
    assert found == declared
    assert set(project["tool"]["setuptools"]["packages"]) == set(project["tool"]["setuptools"]["package-dir"])


@pytest.mark.parametrize(
    "command", [["--help"], ["eval", "--help"], ["align", "--help"], ["symmetrize", "--help"]]
)
def test_help_does_not_import_torch(command):
    code = (
        "import sys\nfrom xalign.cli import main\n"
        f"main({command!r}, standalone_mode=False)\n"
        "heavy = {'torch', 'transformers', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_wheel_aligns_outside_the_tree(tmp_path):
    """An editable install hides data files that a wheel would miss, so the wheel itself has to do the main job."""
    options = ["--no-deps", "--no-build-isolation", "-q", "-w", tmp_path]
    build = [sys.executable, "-m", "pip", "wheel", *options, REPOSITORY]
    subprocess.run(build, check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("xalign_words-*.whl")
    assert wheel.stat().st_size <= 95e6  # PyPI takes 100 MB
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import xalign; from pathlib import Path; from xalign.cli import main\n"
        f"assert Path(xalign.__file__).is_relative_to({str(tmp_path)!r}), xalign.__file__\n"
        "main(['align', '-q', '--model', MODEL, 'a.de', 'a.en'])"
    )
    (tmp_path / "a.de").write_text("Das Haus ist klein .\n", encoding="utf-8")
    (tmp_path / "a.en").write_text("The house is small .\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "HF_HUB_OFFLINE": "1"}
    for model in BUNDLED:
        command = [sys.executable, "-c", code.replace("MODEL", repr(model))]
        run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
        assert run.stdout == "0-0 1-1 2-2 3-3 4-4\n", run.stderr
