"""What is installed is what stands in the tree: packages, data, import names, and nothing heavy at the door."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from xalign.models import BUNDLED

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDERS = ("aligner", "cli", "tests", "docs", "eval_data", "recipes", "benchmarks")


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


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The wheel of the tree, unpacked as an installer unpacks it."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "-q", "-w", folder]
    build = [sys.executable, "-m", "pip", "wheel", *options, REPOSITORY]
    subprocess.run(build, check=True, cwd=folder)
    (wheel,) = folder.glob("xalign_words-*.whl")
    assert wheel.stat().st_size <= 90e6  # PyPI takes 100 MB
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_aligns_outside_the_tree(site, tmp_path):
    """An editable install hides data files that a wheel would miss, so the wheel itself has to do the main job."""
    code = (
        "import xalign; from pathlib import Path; from xalign.cli import main\n"
        f"assert Path(xalign.__file__).is_relative_to({str(site)!r}), xalign.__file__\n"
        "main(['align', '-q', '--model', MODEL, 'a.de', 'a.en'])"
    )
    (tmp_path / "a.de").write_text("Das Haus ist klein .\n", encoding="utf-8")
    (tmp_path / "a.en").write_text("The house is small .\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(site), "HF_HUB_OFFLINE": "1"}
    for model in BUNDLED:
        command = [sys.executable, "-c", code.replace("MODEL", repr(model))]
        run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
        assert run.stdout == "0-0 1-1 2-2 3-3 4-4\n", run.stderr


def test_the_wheel_brings_the_page_and_the_test_sets(site, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(site), "HF_HUB_OFFLINE": "1"}
    code = "import sys; from xalign.cli import main; main(sys.argv[1:])"
    show = ["show", "--html", "page.html", "pair.txt"]
    (tmp_path / "pair.txt").write_text("das Haus ||| the house\n", encoding="utf-8")
    for arguments in (show, ["testsets", "de-en"]):
        run = [sys.executable, "-c", code, *arguments]
        subprocess.run(run, check=True, capture_output=True, cwd=tmp_path, env=environment)
    assert "<script>" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_wheel_brings_the_licences_and_a_card_with_each_model(site):
    (metadata,) = site.glob("*.dist-info/METADATA")
    about = metadata.read_text(encoding="utf-8")
    assert "License-Expression: MIT AND CC-BY-SA-4.0\n" in about
    for licence in ("LICENSE", "aligner/checkpoints/LICENSE"):
        packed = metadata.parent / "licenses" / licence
        assert packed.read_bytes() == (REPOSITORY / licence).read_bytes()
    for model in BUNDLED:
        card = (site / "xalign" / "checkpoints" / model / "README.md").read_text(encoding="utf-8")
        assert card.startswith("---\nlicense: cc-by-sa-4.0\n")


def test_the_page_on_pypi_has_no_link_into_the_tree(project):
    """PyPI shows the page alone: a relative link would lead nowhere."""
    page = (REPOSITORY / project["project"]["readme"]).read_text(encoding="utf-8")
    assert [link for link in re.findall(r"\]\(([^)]+)\)", page) if not link.startswith("https://")] == []


def test_the_source_distribution_is_the_whole_tree(tmp_path):
    """So that its tests run where it is unpacked."""
    code = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"
    copy = tmp_path / "copy"
    shutil.copytree(
        REPOSITORY, copy, symlinks=True, ignore=shutil.ignore_patterns(".*", "*.egg-info", "build")
    )
    for weights in copy.rglob("*.safetensors"):
        weights.write_bytes(b"")  # they take long to compress
    run = [sys.executable, "-c", code, tmp_path]
    subprocess.run(run, check=True, cwd=copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    files = [file for folder in FOLDERS for file in (copy / folder).rglob("*") if file.is_file()]
    files += [file for file in copy.iterdir() if file.is_file()]
    kept = {file.relative_to(copy).as_posix() for file in files if "__pycache__" not in file.parts}
    assert kept - names == set()
