import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xalign.cli import main
from xalign.symmetrize import SYMMETRIZERS


def run(*arguments: object, input: str | None = None) -> Result:
    return CliRunner().invoke(main, ["symmetrize", *map(str, arguments)], input=input)


@pytest.fixture
def directions(tmp_path: Path) -> tuple[Path, Path]:
    forward, backward = tmp_path / "forward.align", tmp_path / "backward.align"
    forward.write_text("0-0 1-1\n\n2-0 0-1\n")
    backward.write_text("0-0 1-2\n0-0\n2-0\n")
    return forward, backward


@pytest.mark.parametrize(
    ("method", "output"),
    [
        ("intersection", "0-0\n\n2-0\n"),
        ("union", "0-0 1-1 1-2\n0-0\n0-1 2-0\n"),
        ("grow-diag", "0-0 1-1 1-2\n\n2-0\n"),
    ],
)
def test_line_i_is_made_of_lines_i(directions, method, output):
    result = run("--method", method, *directions)
    assert (result.exit_code, result.stdout) == (0, output)


def test_reverse_flips_the_second_file(directions, tmp_path):
    forward, backward = directions
    flipped = tmp_path / "flipped.align"
    flipped.write_text("0-0 2-1\n0-0\n0-2\n")
    assert run("--reverse", forward, flipped).stdout == run(forward, backward).stdout


def test_one_side_may_be_stdin_and_output_is_compressed_by_its_suffix(directions, tmp_path):
    forward, backward = directions
    out = tmp_path / "both.align.gz"
    assert run("--method", "union", "-", backward, "-o", out, input=forward.read_text()).exit_code == 0
    assert gzip.decompress(out.read_bytes()).decode() == run("--method", "union", forward, backward).stdout


def test_a_file_that_ends_early_is_named(directions):
    forward, backward = directions
    backward.write_text("0-0\n")
    result = run(forward, backward)
    assert result.exit_code == 2
    assert result.stderr == f"Error: {backward} ends after pair 1, but {forward} goes on\n"


def test_an_output_that_is_an_input_is_refused_and_left_alone(directions):
    forward, backward = directions
    before = forward.read_bytes()
    result = run(forward, backward, "-o", forward)
    assert result.exit_code == 2
    assert "is an input too" in result.stderr
    assert forward.read_bytes() == before


def test_a_missing_input_leaves_the_output_as_it_was(directions, tmp_path):
    out = tmp_path / "out.align"
    out.write_text("0-0\n")
    assert run(tmp_path / "missing", directions[1], "-o", out).exit_code == 2
    assert out.read_text() == "0-0\n"


def test_standard_input_is_one_direction_at_most():
    result = run("-", "-", input="0-0\n0-0\n")
    assert result.exit_code == 2
    assert "standard input can be read once" in result.stderr


def test_a_broken_line_is_named_and_nothing_of_it_is_written(directions):
    forward, backward = directions
    backward.write_text("0-0\n0-0 1:1\n")
    result = run("--method", "union", forward, backward)
    assert result.exit_code == 2
    assert result.stdout == "0-0 1-1\n"
    assert result.stderr == f"Error: {backward} line 2: expected links such as 0-0 or 1p2, found '1:1'\n"


@pytest.mark.parametrize("method", SYMMETRIZERS)
def test_files_of_atools_are_reproduced_to_the_byte(method, shared):
    folder = shared("reference/symmetrize-deen")
    result = run("--method", method, folder / "forward.align", folder / "backward.align")
    assert result.stdout_bytes == (folder / f"{method}.align").read_bytes()


def test_scores_are_kept_where_both_files_have_them(directions):
    forward, backward = directions
    forward.write_text("0-0:0.5 1-1:0.25 ||| 0.5\n\n0-0:0.5\n")
    backward.write_text("0-0:1 ||| 0.7\n0-0:0.9\n0-0:0.1\n")
    result = run("--method", "union", forward, backward)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "0-0:0.7500 1-1:0.2500 ||| 0.6000\n0-0:0.9000\n0-0:0.3000\n"


def test_possible_links_count_as_sure(directions):
    for path, links in zip(directions, ("0p0 1-1\n", "0-0 1-1 2p2\n"), strict=True):
        path.write_text(links)
    assert run("--method", "union", *directions).stdout == "0-0 1-1 2-2\n"


def test_scores_of_one_file_alone_are_left_out_with_one_warning(directions):
    forward, backward = directions
    forward.write_text("0-0:0.5 1-1:0.25\n\n0-0:0.5\n")
    result = run("--method", "union", forward, backward)
    assert result.stdout == "0-0 1-1 1-2\n0-0\n0-0 2-0\n"
    assert result.stderr == f"Warning: {forward} alone has scores: they are left out\n"
    assert run("--method", "union", backward, forward).stderr == result.stderr


def test_a_broken_line_leaves_an_old_output_alone(directions, tmp_path):
    forward, backward = directions
    backward.write_text("0-0\n0-0 1:1\n")
    out = tmp_path / "out.align"
    out.write_text("old")
    result = run("--method", "union", forward, backward, "-o", out)
    assert (
        f"line 2: expected links such as 0-0 or 1p2, found '1:1'; what was written is in {out}.partial"
        in (result.stderr)
    )
    assert (out.read_text(), (tmp_path / "out.align.partial").read_text()) == ("old", "0-0 1-1\n")


def test_formats_are_found_out_for_each_direction(directions, tmp_path):
    forward, backward = directions
    naacl, giza = tmp_path / "forward.naacl", tmp_path / "backward.A3"
    naacl.write_text("1 1 1\n1 2 2\n2 1 0\n3 3 1\n3 1 2\n")
    giza.write_text(
        "# Sentence pair (1) x\na b c\nNULL ({ }) a ({ 1 }) b ({ 3 })\n"
        "# Sentence pair (2) x\na\nNULL ({ }) a ({ 1 })\n"
        "# Sentence pair (3) x\na\nNULL ({ }) a ({ }) b ({ }) c ({ 1 })\n"
    )
    assert run(naacl, giza).stdout == run(forward, backward).stdout


def test_a_bal_file_has_both_directions(tmp_path):
    bal = tmp_path / "both.bal"
    bal.write_text("1\n2 a b # 1 1\n2 x y # 1 0\n")
    assert run(bal, "--method", "intersection").stdout == "0-0\n"
    assert run(bal, "--method", "union").stdout == "0-0 0-1\n"


def test_one_file_of_another_format_is_refused(directions):
    result = run(directions[0])
    assert result.exit_code == 2
    assert (
        "is a pharaoh file, which has only one direction: give a file for the other one as well"
        in result.stderr
    )


def test_words_may_be_counted_from_one_in_both_files(directions):
    forward, backward = directions
    forward.write_text("1-1 2-2\n")
    backward.write_text("1-1 2-2\n")
    assert run("--one-based", forward, backward).stdout == "0-0 1-1\n"
