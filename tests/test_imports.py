"""Imports go one way: no file of the package needs, even by a detour, a file that needs it."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"xalign": ROOT / "aligner", "xalign.cli": ROOT / "cli"}


def modules() -> dict[str, Path]:
    """Name as installed -> file."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            if parts[0] == "cli":  # where the other folder is linked into this one
                continue
            found[".".join([package, *parts]).removesuffix(".__init__")] = path
    return found


def imported(name: str, path: Path, known: set[str]) -> set[str]:
    """The modules of the package that a file imports anywhere, be it in a function or for types alone."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    needed = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            home = ".".join([*parts, *([node.module] if node.module else [])])
            submodules = {f"{home}.{each.name}" for each in node.names} & known
            needed |= submodules or {home} & known
        elif isinstance(node, ast.Import):
            needed |= {each.name for each in node.names} & known
    return needed - {name}


def graph() -> dict[str, set[str]]:
    files = modules()
    return {name: imported(name, path, set(files)) for name, path in files.items()}


def test_imports_make_no_circle():
    try:
        order = list(TopologicalSorter(graph()).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
    assert len(order) > 100


def test_the_library_does_not_import_the_command_line():
    for name, needed in graph().items():
        if not name.startswith("xalign.cli"):
            assert not [each for each in needed if each.startswith("xalign.cli")], name
