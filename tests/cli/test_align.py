"""`xalign align`: text in, links out; models and methods."""

import json
import os
import pty
import random
import re
import subprocess
import sys

import pytest
from align_runs import BARS, COLUMNS, PAIRS, SOURCE, STRINGS, TARGET, WORDS, assert_aligned, assert_refused
from compressed import COMPRESS


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
