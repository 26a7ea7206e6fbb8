"""`xalign align`: formats, files and pipes that links are written to."""

import json
import subprocess
import sys

import pytest
from align_runs import BARS, PAIRS, SOURCE, TARGET, assert_refused, pharaoh
from compressed import COMPRESS

from xalign.files import read_lines
from xalign.formats import FORMATS, WRITERS, read_alignments


@pytest.mark.parametrize("scores", [[], ["--scores"]])
@pytest.mark.parametrize("base", [[], ["--one-based"]])
@pytest.mark.parametrize("writer", WRITERS)
def test_every_format_gives_a_line_per_pair_or_per_link(align, links, writer, base, scores):
    result = align("--format", writer, *base, *scores, input=BARS)
    form = FORMATS[writer]
    if (base and not form.based) or (scores and not form.scored):
        flag = base[0] if base and not form.based else scores[0]
        assert_refused(result, f"{flag} is for pharaoh, ", f"and the format is {writer}")
        return
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.split("\n")
    assert lines.pop() == ""
    in_all, pairs = sum(map(len, links)), len(PAIRS)
    expected = {"naacl": in_all, "rwth": in_all + pairs, "giza": 3 * pairs}
    assert len(lines) == expected.get(writer, pairs)


@pytest.mark.parametrize("scores", [[], ["--scores"]])
@pytest.mark.parametrize("writer", ["pharaoh", "pharaoh --one-based", "naacl", "talp"])
def test_what_is_written_is_read_back(align, file, links, writer, scores):
    text = align("--format", *writer.split(), *scores, input=BARS).stdout
    path, form = file("out", text), writer.split()[0]
    found = read_alignments(path, form, one_based=writer != "pharaoh", sentences=len(PAIRS))
    assert [each.links for each in found] == links
    if scores:
        assert all(each.scores is not None for each in found if each.links)


def test_an_empty_side_is_an_empty_line_with_scores_too(align):
    assert align("--scores", input="||| a\n\na |||\n").stdout == "\n\n\n"
    result = align("--format", "jsonl", input="||| a\n")
    assert json.loads(result.stdout) == {"src": [], "tgt": ["a"], "links": [], "scores": [], "score": 0.0}


@pytest.mark.parametrize("suffix", COMPRESS)
def test_output_is_compressed_by_its_suffix(align, tmp_path, links, suffix):
    output = tmp_path / f"out{suffix}"
    result = align("-o", output, input=BARS)
    assert (result.exit_code, result.output) == (0, "")
    assert [line + "\n" for line in read_lines(output)] == pharaoh(links).splitlines(keepends=True)


def test_output_that_cannot_be_written(align, tmp_path):
    assert_refused(align("-o", tmp_path, input=BARS), "cannot be written: is a directory")
    assert_refused(align("-o", tmp_path / "none" / "out", input=BARS), "cannot be written: no such file")


def test_an_input_is_never_overwritten(align, file):
    source, target = file("a.de", SOURCE), file("a.en", TARGET)
    for given in (source, target):
        assert_refused(align(source, target, "-o", given), "is an input too")
    assert (source.read_text(encoding="utf-8"), target.read_text(encoding="utf-8")) == (SOURCE, TARGET)


def test_what_fails_at_once_leaves_an_old_output_alone(align, file):
    output = file("out.align", "0-0\n")
    for options in (["none"], ["--layer", "9"]):
        assert align(*options, "-o", output, input=BARS).exit_code == 2
    assert output.read_text(encoding="utf-8") == "0-0\n"


def test_one_stream_or_two_files_but_not_both(align, file):
    result = align(file("a.de", SOURCE), file("a.en", TARGET), "--tsv")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--tsv is for one stream" in result.stderr


def test_a_reader_that_goes_away_ends_it_quietly(tiny):
    """As `xalign align | head -1` does, with more to write than a pipe holds."""
    command = [
        sys.executable,
        "-m",
        "xalign.cli",
        "align",
        "--format",
        "jsonl",
        "--model",
        str(tiny("preset")),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        program.stdin.write(b"das Haus ||| the house\n" * 3000)
        program.stdin.close()
        assert json.loads(program.stdout.readline())["src"] == ["das", "Haus"]
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode in (0, 1)
