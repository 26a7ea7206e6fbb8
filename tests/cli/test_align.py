"""`xalign align`: every form of text in, every form of links out, and what goes wrong."""

import bz2
import gzip
import json
import lzma
import os
import pty
import random
import re
import subprocess
import sys

import pytest
import zstandard
from click.testing import CliRunner

from xalign.aligner import Aligner
from xalign.cli import main
from xalign.files import read_lines
from xalign.formats import WRITERS, read_alignments
from xalign.text.sentences import SentencePair

PAIRS = [
    SentencePair.of("Das Haus ist klein .", "The house is small ."),
    SentencePair.of("", "The house"),
    SentencePair.of("Hallo\u2028Welt 10\u00a0000 a\u0000b", "Hello world"),
    SentencePair.of("", ""),
    SentencePair.of("房子 很 小 。", "The garden , behind the house , is big !"),
    SentencePair.of("das Haus " * 60, "the house " * 70),
    SentencePair.of("Haus", ""),
    SentencePair.of("Das Haus", "The house"),
]
SOURCE = "".join(" ".join(pair.source) + "\n" for pair in PAIRS)
TARGET = "".join(" ".join(pair.target) + "\n" for pair in PAIRS)
BARS = "".join(f"{' '.join(pair.source)} ||| {' '.join(pair.target)}\n" for pair in PAIRS)
COLUMNS = BARS.replace(" ||| ", "\t")
STRINGS = "".join(
    json.dumps({"src": " ".join(pair.source), "tgt": " ".join(pair.target)}) + "\n" for pair in PAIRS
)
WORDS = "".join(json.dumps({"src": pair.source, "tgt": pair.target}) + "\n" for pair in PAIRS)

COMPRESS = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


@pytest.fixture(scope="module")
def links(tiny):
    """The links of PAIRS, from the library."""
    return [
        each.links for each in Aligner.load(str(tiny("preset")), device="cpu", dtype="float32").align(PAIRS)
    ]


@pytest.fixture
def align(tiny):
    """`align("a.de", "a.en", "--scores")` with the tiny model that has a preset."""

    def run(*arguments, model="preset", **options):
        command = ["align", "--device", "cpu", "--dtype", "float32", *map(str, arguments)]
        if model is not None:
            command += ["--model", str(tiny(model))]
        return CliRunner().invoke(main, command, **options)

    return run


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def pharaoh(links):
    return "".join(" ".join(f"{s}-{t}" for s, t in each) + "\n" for each in links)


def assert_aligned(result, links):
    assert result.stderr == ""
    assert (result.exit_code, result.stdout) == (0, pharaoh(links))


def assert_refused(result, *complaints, lines=0):
    """One line on stderr, exit status 2, no traceback; on stdout so many lines, whole ones."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout.count("\n") == lines
    assert result.stdout.endswith("\n") or not lines
    [line] = result.stderr.splitlines()
    assert line.startswith("Error: ")
    for complaint in complaints:
        assert complaint in line


# Every form of text.


def test_the_fixture_has_lines_of_all_kinds(links):
    assert [bool(each) for each in links] == [True, False, True, False, True, True, False, True]
    assert max(source for source, _ in links[5]) > 100  # a sentence beyond the encoder's limit, to its end


@pytest.mark.parametrize("suffix", COMPRESS)
def test_two_files(align, file, links, suffix):
    source = file(f"a.de{suffix}", COMPRESS[suffix](SOURCE.encode()))
    assert_aligned(align(source, file("a.en", TARGET)), links)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (BARS, []),
        (COLUMNS, ["--tsv"]),
        (STRINGS, []),
        (WORDS, []),
        (WORDS, ["--jsonl"]),
        ("\ufeff" + BARS, []),
        (BARS.replace("\n", "\r\n"), []),
        (COLUMNS.replace("\n", "\r\n"), ["--tsv"]),
        (BARS.removesuffix("\n"), []),
        (BARS.replace("\n ||| \n", "\n\n"), []),
    ],
)
def test_one_stream_by_name_dash_or_bare_pipe(align, file, links, text, options):
    assert_aligned(align(file("a", text), *options), links)
    assert_aligned(align("-", *options, input=text), links)
    assert_aligned(align(*options, input=text), links)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_compressed_stream(align, file, links, suffix):
    assert_aligned(align(file(f"a{suffix}", COMPRESS[suffix](WORDS.encode()))), links)


def test_one_of_two_files_may_be_standard_input(align, file, links):
    assert_aligned(align("-", file("a.en", TARGET), input=SOURCE), links)
    assert_aligned(align(file("a.de", SOURCE), "-", input=TARGET), links)


def test_nothing_in_is_nothing_out(align):
    assert_aligned(align(input=""), [])


def test_line_i_belongs_to_line_i_over_many_blocks(align, links):
    order = [*range(len(PAIRS))] * 40  # the first blocks have 64 pairs, 128, 256
    random.Random(1).shuffle(order)
    lines = BARS.split("\n")
    text = "\n".join(lines[k] for k in order)
    result = align("--batch-tokens", 300, "--format", "jsonl", input=text)
    found = [json.loads(line) for line in result.stdout.split("\n")[:-1]]
    assert [(tuple(each["src"]), tuple(each["tgt"])) for each in found] == [
        (PAIRS[k].source, PAIRS[k].target) for k in order
    ]
    assert [each["links"] for each in found] == [[list(link) for link in links[k]] for k in order]


def test_verbose_says_which_model_aligns_where_and_what_goes_in_windows(align):
    result = align("-v", input=BARS)
    model, windows = result.stderr.splitlines()
    assert re.fullmatch(r"aligning with tiny: layer 4, argmax; (float32|bfloat16) on cpu", model)
    assert windows == "lines 1 to 8: 1 of 8 pairs too long for the encoder at once: encoded in windows"
    assert align(input=BARS).stderr == ""


def test_a_terminal_is_told_what_it_is_asked_for(tiny):
    """In silence it would look as if the command hung."""
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "xalign.cli", "align", "--model", str(tiny("preset")), "--device", "cpu"]
    with subprocess.Popen(command, stdin=child, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        os.write(parent, b"das Haus ||| the house\n\x04")
        out, told = program.communicate(timeout=120)
    os.close(parent)
    os.close(child)
    assert (program.returncode, out.count(b"\n")) == (0, 1)
    assert told.decode().splitlines() == [
        'Reading "source ||| target" from the terminal, a pair a line. End with Ctrl-D.'
    ]


# Every form of links.


@pytest.mark.parametrize("scores", [[], ["--scores"]])
@pytest.mark.parametrize("base", [[], ["--one-based"]])
@pytest.mark.parametrize("writer", WRITERS)
def test_every_format_gives_a_line_per_pair_or_per_link(align, links, writer, base, scores):
    result = align("--format", writer, *base, *scores, input=BARS)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.split("\n")
    assert lines.pop() == ""
    in_all, pairs = sum(map(len, links)), len(PAIRS)
    expected = {"naacl": in_all, "rwth": in_all + pairs, "giza": 3 * pairs}
    assert len(lines) == expected.get(writer, pairs)


@pytest.mark.parametrize("options", [[], ["--one-based"], ["--scores"], ["--one-based", "--scores"]])
@pytest.mark.parametrize("writer", ["pharaoh", "naacl", "talp"])
def test_what_is_written_is_read_back(align, file, links, writer, options):
    text = align("--format", writer, *options, input=BARS).stdout
    one_based = "--one-based" in options or writer != "pharaoh"
    found = read_alignments(file("out", text), format=writer, one_based=one_based, sentences=len(PAIRS))
    assert [each.links for each in found] == links
    if "--scores" in options:
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


def test_methods_differ_by_their_options(align):
    outputs = {
        align(*options, input=BARS).stdout
        for options in (
            [],
            ["--extract", "forward"],
            ["--extract", "softmax", "--threshold", "0.5"],
            ["--layer", "2"],
            ["--encode", "separate"],
            ["--level", "word"],
            ["--symmetrize", "union"],
            ["--distortion", "0.9"],
            ["--lexicon"],
        )
    }
    assert len(outputs) == 9


def test_with_a_lexicon_there_is_a_line_per_pair_empty_where_a_side_is(align, file, links):
    together = align(file("a.de", SOURCE), file("a.en", TARGET), "--lexicon").stdout
    lines = together.split("\n")
    assert len(lines) == len(links) + 1
    assert all(not line for line, each in zip(lines, links, strict=False) if not each)


# What goes wrong.


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
    advice = [f"mend the text, then go on: --from-line {before + 1}"] * bool(before)
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


def test_the_report_has_the_line_that_ended_the_run_too(align, file):
    report = file("report", "")
    assert_refused(align("--report", report, input="a ||| b\nbroken\n"), "line 2", lines=1)
    [line] = report.read_text(encoding="utf-8").splitlines()
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
    assert_refused(result, f"a{suffix} after line {found}: cannot be read further", *advice, lines=found)


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


def test_an_unknown_model(align):
    assert_refused(align("--model", "mni", model=None, input=BARS), "unknown model 'mni'", "xalign models")


def test_a_layer_out_of_range(align):
    assert_refused(align("--layer", "9", input=BARS), "layer 9 does not exist", "layers 0 (embeddings) to 4")


def test_a_model_without_preset_and_no_layer(align):
    assert_refused(align(model="bert", input=BARS), "give --layer")


def test_symmetrizing_a_method_without_directions(align):
    result = align("--extract", "match", "--symmetrize", "union", input=BARS)
    assert_refused(result, "--symmetrize goes with --extract argmax", "not with match")


@pytest.mark.parametrize("model", ["xmod", "xlm-tlm-lang"])
def test_a_missing_or_unknown_language(align, model):
    assert_refused(align("--layer", 2, model=model, input=BARS), "--src-lang and --tgt-lang", "zh")
    languages = ["--src-lang", "de", "--tgt-lang", "xx"]
    assert_refused(align("--layer", 2, *languages, model=model, input=BARS), "unknown language 'xx'", "zh")


def test_languages_are_handed_on(align):
    def aligned(*languages):
        options = ["--layer", 2, "--src-lang", languages[0], "--tgt-lang", languages[1], "--scores"]
        return align(*options, model="xmod", input=BARS).stdout

    assert aligned("de", "en") == aligned("de_DE", "en_XX") != aligned("fr", "en")


CHOSEN = "".join(f"{number / 7:.3f}\t{line}\n" for number, line in enumerate(COLUMNS.split("\n")[:-1]))
SWAPPED = "".join("\t".join([*line.split("\t")[::-1], "x"]) + "\n" for line in COLUMNS.split("\n")[:-1])


@pytest.mark.parametrize("option", [[], ["--tsv"]])
def test_columns_are_chosen_by_their_numbers(align, links, option):
    assert_aligned(align(*option, "--columns", "2,3", input=CHOSEN), links)
    assert_aligned(align(*option, "--columns", "2,1", input=SWAPPED), links)
    assert_aligned(align(*option, "--columns", "1,2", input=COLUMNS), links)


def test_a_first_column_of_numbers_is_no_text(align):
    result = align("--tsv", input=CHOSEN)
    assert_refused(result, "standard input line 1: column 1 of 3 is a number (0.000)", "--columns 2,3")
    assert align("--tsv", "--columns", "1,2", input=CHOSEN).exit_code == 0
    assert align("--tsv", input="1\t2\n").exit_code == 0
    assert align("--tsv", input="a\tb\tc\n1\t2\t3\n").exit_code == 0


def test_columns_of_json_are_chosen_by_their_names(align, links):
    named = STRINGS.replace('"src":', '"src": 1, "de":').replace('"tgt":', '"en":')
    assert_aligned(align("--jsonl", "--columns", "de,en", input=named), links)


def test_too_few_columns_are_told(align):
    assert_refused(align("--columns", "2,3", input="a\tb\n"), "line 1: expected at least 3 columns, found 2")


@pytest.mark.parametrize("columns", ["2", "0,1", "2,2", "a,b", "1,2,3", "-1,2", "1,²", "1," + "2" * 5000])
def test_columns_are_two_numbers(align, columns):
    assert_refused(align("--columns", columns, input=COLUMNS), "--columns is")


def test_columns_go_with_one_stream_of_columns(align, file):
    files = file("a.de", SOURCE), file("a.en", TARGET)
    for arguments, complaint in (
        (files, "--columns is for one stream"),
        (("--jsonl",), "--columns is '1,2': expected two names, such as de,en"),
    ):
        result = align(*arguments, "--columns", "1,2", input=WORDS)
        assert (result.exit_code, result.stdout) == (2, "")
        assert complaint in result.stderr


@pytest.mark.parametrize("damage", ["truncated weights", "no weights", "broken config", "empty folder"])
def test_an_unreadable_checkpoint(align, tiny, tmp_path, damage):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    for part in tiny("preset").iterdir():
        (folder / part.name).write_bytes(part.read_bytes())
    weights = folder / "model.safetensors"
    if damage == "truncated weights":
        weights.write_bytes(weights.read_bytes()[:5000])
    elif damage == "no weights":
        weights.unlink()
    elif damage == "broken config":
        (folder / "config.json").write_text("{", encoding="utf-8")
    else:
        for part in folder.iterdir():
            if part.name != "xalign.json":
                part.unlink()
    result = align("--model", folder, model=None, input=BARS)
    assert_refused(result, str(folder))


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
