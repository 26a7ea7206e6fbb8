"""`xalign align`: what is said of lines that cannot be read, and what happens to the others."""

import gzip
import json
from pathlib import Path

import pytest
from align_runs import (
    BARS,
    SOURCE,
    TARGET,
    assert_aligned,
    assert_refused,
    pharaoh,
)
from compressed import COMPRESS


def test_different_numbers_of_lines(align, file):
    """Plain files are counted before anything is computed; of others it comes out at the end of the shorter one."""
    result = align(file("a.de", "a\nb\nc"), file("a.en", "a\nb\n"))
    assert_refused(result, "a.de has 3 lines, but ", "a.en has 2")
    result = align(file("a.de.gz", gzip.compress(b"a\nb\nc\n")), file("a.en", "a\nb\n"))
    assert_refused(result, "a.en ends after line 2", "a.de.gz goes on", "go on: --from-line 3", lines=2)


def test_a_missing_file_and_a_folder(align, file, tmp_path):
    there = file("a.en", "a\n")
    assert_refused(align(tmp_path / "none", there), "none: no such file or directory")
    assert_refused(align(there, tmp_path / "none"), "none: no such file or directory")
    assert_refused(align(tmp_path), "is a directory")
    assert_refused(align(there, tmp_path), "is a directory")


@pytest.mark.parametrize(
    ("content", "options", "complaint"),
    [
        (b"a ||| b\nb\xff ||| c\n", [], "line 2: not UTF-8 (byte 0xff at position 2)"),
        (b"a ||| b\n\na b\n", [], 'line 3: expected "source ||| target", found no bars'),
        (b"a ||| b ||| c\n", [], "line 1: expected"),
        (b"a\tb\na b\n", ["--tsv"], "line 2: expected source and target with a tab between them"),
        (b'{"src": "a", "tgt": "b"}\n{"src": "a", \n', [], "line 2: not JSON"),
        (b'{"src": "a"}\n', [], 'line 1: expected an object whose "tgt"'),
        (b'{"src": "\\ud800", "tgt": "a"}\n', [], "line 1: "),
    ],
)
def test_a_broken_line_is_named_with_its_number_after_the_lines_before_it(
    align, file, content, options, complaint
):
    before = int(complaint[5]) - 1
    advice = [f"fix the text, then go on: --from-line {before + 1}"] * bool(before)
    result = align(file("text", content), *options)
    assert_refused(result, "text " + complaint, *advice, "--on-error empty", lines=before)
    assert_refused(align(*options, input=content), "standard input " + complaint, *advice, lines=before)


def test_broken_lines_may_count_as_empty_and_are_listed(align, file, links):
    """Of a stream: not UTF-8, without bars, too long; every line has its output line all the same."""
    lines = BARS.encode().split(b"\n")[:-1]
    content = b"\n".join([b"a b", *lines[:2], b"b\xff ||| c", *lines[2:], b"wort " * 500])
    report = file("report", "of an earlier run")
    expected = pharaoh([(), *links[:2], (), *links[2:], ()])
    options = ["--on-error", "empty", "--report", report, "--longest-line", 1500]
    result = align(file("text", content), *options)
    assert (result.exit_code, result.stdout) == (0, expected)
    assert (
        result.stderr.splitlines()[-1]
        == f"Warning: 3 lines that cannot be read count as empty: listed in {report}"
    )
    found = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert [(each["file"], each["line"]) for each in found] == [
        (str(report.with_name("text")), line) for line in (1, 4, 11)
    ]
    assert [each["error"].split(" ")[0] for each in found] == ["expected", "not", "longer"]


@pytest.mark.parametrize("side", [0, 1])
def test_a_broken_line_of_one_of_two_files_may_count_as_empty(align, file, links, side):
    texts = [text.encode().split(b"\n") for text in (SOURCE, TARGET)]
    texts[side][0] = b"\xff"
    paths = [file(name, b"\n".join(text)) for name, text in zip(("a.de", "a.en"), texts, strict=True)]
    result = align(*paths, "--on-error", "empty")
    assert (result.exit_code, result.stdout) == (0, pharaoh([(), *links[1:]]))
    assert "Warning: 1 line that cannot be read counts as empty: --report FILE" in result.stderr


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no /dev/full to stand for a full disk"
)
def test_a_report_that_cannot_be_written_ends_the_run_after_the_lines_before(align):
    options = ["--on-error", "empty", "--report", "/dev/full"]
    result = align(*options, input="a ||| b\nbroken\na ||| b\n")
    told = "/dev/full: cannot be written: no space left on device; line 1 is written; go on: --from-line 2"
    assert_refused(result, told, lines=1)


def test_the_report_has_the_line_that_ended_the_run_too(align, file):
    report = file("report", "")
    assert_refused(align("--report", report, input="a ||| b\nbroken\n"), "line 2", lines=1)
    [line] = report.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["line"] == 2


def test_a_report_is_compressed_by_its_suffix(align, tmp_path):
    report = tmp_path / "report.gz"
    assert_refused(align("--report", report, input="a ||| b\nbroken\n"), "line 2", lines=1)
    [line] = gzip.decompress(report.read_bytes()).splitlines()
    assert json.loads(line)["line"] == 2


def test_a_report_is_no_input_and_can_be_written(align, file, tmp_path):
    text = file("text", BARS)
    assert_refused(align(text, "--report", text), "text is an input too")
    assert_refused(align(text, "--report", tmp_path / "none" / "report"), "cannot be written: no such file")


@pytest.mark.parametrize("options", [[], ["--lexicon"]])
def test_all_lines_before_a_broken_one_are_written(align, links, options):
    """With a lexicon too, though it takes its pairs together."""
    whole = align(*options, input=BARS * 20)
    result = align(*options, input=BARS * 20 + "broken\n")
    assert (result.stdout, result.exit_code) == (whole.stdout, 2)
    assert "standard input line 161: expected" in result.stderr
    assert "lines 1 to 160 are written" in result.stderr


def test_a_broken_line_leaves_an_old_output_alone_and_the_lines_before_it_beside_it(align, file, links):
    output = file("out.align", "0-0\n")
    result = align("-o", output, input=BARS + "broken\n")
    assert_refused(result, "line 9: expected", f"lines 1 to 8 are in {output}.partial", "--resume")
    assert output.read_text(encoding="utf-8") == "0-0\n"
    assert output.with_name("out.align.partial").read_text(encoding="utf-8") == pharaoh(links)
    assert_refused(align("-o", output, input=BARS), "out.align.partial has 8 pairs", "add --resume")
    assert align("-o", output, "--resume", input=BARS).exit_code == 0
    assert [path.name for path in output.parent.iterdir()] == ["out.align"]
    assert output.read_text(encoding="utf-8") == pharaoh(links)


@pytest.mark.parametrize("suffix", [suffix for suffix in COMPRESS if suffix])
@pytest.mark.parametrize(
    "damage",
    [lambda whole: whole[:-9], lambda whole: whole + b"no part of it\n" * 9],
    ids=["truncated", "garbage"],
)
def test_a_file_that_is_truncated_or_has_garbage_behind_its_end(align, file, suffix, damage):
    whole = COMPRESS[suffix](BARS.encode())
    result = align(file(f"a{suffix}", damage(whole)))
    found = result.stdout.count("\n")
    advice = [f"lines 1 to {found} are written; go on: --from-line {found + 1}"] * bool(found)
    how = f" after line {found}: cannot be read further" if found else ": cannot be read"
    assert_refused(result, f"a{suffix}{how}", *advice, lines=found)


def test_a_line_that_is_too_long_is_an_empty_one_and_the_run_goes_on(align, file, links):
    """With a limit that all other lines keep to; on either side of two files, and in a stream."""
    long = "wort " * 500
    limit = ["--longest-line", 1500]
    between = [*links[:2], (), *links[2:]]
    source, target = SOURCE.split("\n"), TARGET.split("\n")
    long_source = file("a.de", "\n".join([*source[:2], long, *source[2:]]))
    long_target = file("a.en", "\n".join([*target[:2], long, *target[2:]]))
    short_source = file("b.de", "\n".join([*source[:2], "a", *source[2:]]))
    short_target = file("b.en", "\n".join([*target[:2], "a", *target[2:]]))
    bars = BARS.split("\n")
    stream = file("bars", "\n".join([*bars[:2], long, *bars[2:]]))  # which has no bars
    for inputs, named in (
        ([long_source, short_target], long_source),
        ([short_source, long_target], long_target),
        ([stream], stream),
    ):
        result = align(*inputs, *limit)
        assert (result.exit_code, result.stdout) == (0, pharaoh(between))
        warning, count = result.stderr.splitlines()
        assert count.startswith("Warning: 1 line that cannot be read counts as empty")
        assert warning.startswith(f"Warning: {named} line 3: longer than 1,500 bytes")
        assert "--longest-line" in warning


def test_a_longer_line_can_be_allowed(align):
    """The default of 1,000,000 bytes leaves out this pair."""
    line = f"a{' ' * 1_000_000}||| b\n"
    result = align(input=line)
    assert "standard input line 1: longer than 1,000,000 bytes" in result.stderr
    assert (result.exit_code, result.stdout) == (0, "\n")
    assert_aligned(align("--longest-line", 2_000_000, input=line), [((0, 0),)])
