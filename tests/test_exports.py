"""The public names are what the package says they are, and importing them is free."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import xalign


def promised_to_type_checkers():
    """The names under `if TYPE_CHECKING:` -> the modules they come from."""
    tree = ast.parse(Path(xalign.__file__).read_text(encoding="utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname: f"xalign.{node.module}" for node in imports for alias in node.names}


def test_all_names_what_is_there_in_alphabetical_order():
    assert set(xalign.__all__) == {"__version__", *promised_to_type_checkers()}
    assert xalign.__all__ == sorted(xalign.__all__, key=str.casefold)
    assert dir(xalign) == sorted(xalign.__all__)


@pytest.mark.parametrize(("name", "module"), promised_to_type_checkers().items())
def test_a_public_name_is_the_one_of_its_module(name, module):
    assert getattr(xalign, name) is getattr(importlib.import_module(module), name)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'xalign' has no attribute 'Alinger'"):
        _ = xalign.Alinger


@pytest.mark.parametrize(
    "code",
    [
        "import xalign, xalign.cli",
        "from xalign import read_files, read_stream, read_alignments, count, SYMMETRIZERS, resolve",
        "import xalign.cli.align, xalign.cli.eval, xalign.cli.symmetrize, xalign.cli.models",
    ],
)
def test_importing_does_not_import_torch(code):
    heavy = "{'torch', 'transformers', 'scipy'}"
    program = f"import sys; {code}; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_modules_can_be_imported_from_a_checkout():
    code = "import aligner.formats, aligner.encoders.packed, aligner.train.collate"
    checkout = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", code], check=True, cwd=checkout)
