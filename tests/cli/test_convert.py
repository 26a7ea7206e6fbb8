import gzip
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from xalign.cli import main
from xalign.formats import FORMATS, READABLE, WRITERS, WriteOptions, iter_aligned
from xalign.links import Alignment
from xalign.text.sentences import SentencePair

TEXT = [("das kleine Haus", "the small house"), ("ja", "yes"), ("", "oh"), ("Guten Tag", "hello")]
PAIRS = [SentencePair.of(*pair) for pair in TEXT]
LINKS = [Alignment.of([(0, 0), (2, 2)], [(1, 1)]), Alignment(), Alignment(), Alignment.of([(0, 0), (1, 0)])]


def convert(*arguments, input=None):
    return CliRunner().invoke(main, ["convert", *map(str, arguments)], input=input)


@pytest.fixture
def text(tmp_path):
    """The options that name the text."""
    files = tmp_path / "text.de", tmp_path / "text.en"
    for file, side in zip(files, zip(*TEXT, strict=True), strict=True):
        file.write_text("".join(f"{line}\n" for line in side))
    return ["--src", files[0], "--tgt", files[1]]


def written(name, alignments=LINKS, options=WriteOptions()):  # noqa: B008
    lines = (
        WRITERS[name](pair, alignment, number, options)
        for number, (pair, alignment) in enumerate(zip(PAIRS, alignments, strict=True), start=1)
    )
    return "".join(lines)


@pytest.mark.parametrize("source", sorted(set(READABLE) & set(WRITERS)))
@pytest.mark.parametrize("target", WRITERS)
def test_every_format_becomes_every_other(source, target, text, tmp_path):
    links = tmp_path / "links"
    links.write_text(written(source))
    result = convert(links, "--from", source, "--to", target, *text)
    kept = [Alignment(each.links) for each in LINKS] if source == "giza" else LINKS
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == written(target, kept)


def test_text_that_the_links_bring_is_enough(tmp_path):
    links = tmp_path / "links.tsv"
    links.write_text("das Haus\tthe house\t0-0 1-1\n")
    assert convert(links, "--to", "words").stdout == "das the\tHaus house\n"


def test_fast_align_lines_bring_their_text():
    result = convert("--to", "tsv", input="das Haus ||| the house ||| 0-0 1-1 ||| -3.5\n")
    assert result.stdout == "das Haus\tthe house\t0-0 1-1\t-3.5000\n"


def test_a_format_that_needs_text_says_so():
    result = convert("--to", "giza", input="0-0\n")
    assert result.exit_code == 2
    assert "standard input contains no text: give source and target as well" in result.stderr


def test_scores_are_kept_or_left_out():
    line = "0-0:0.5000 1-1:0.2500 ||| 0.4000"
    assert convert("--to", "naacl", input=line).stdout == "1 1 1 S 0.5000\n1 2 2 S 0.2500\n"
    assert convert("--to", "tsinghua", input=line).stdout == "1:1/0.5000 2:2/0.2500\n"
    assert convert(input=line).stdout == f"{line}\n"
    assert convert("--no-scores", input=line).stdout == "0-0 1-1\n"
    line = "a b\tx y\t0-0:0.5 1-1:0.25\t0.4\n"
    for format, score in (("jsonl", '"score": 0.4'), ("giza", "score : 0.4")):
        assert score in convert("--to", format, input=line).stdout
        plain = convert("--to", format, "--no-scores", input=line).stdout
        assert plain == convert("--to", format, input="a b\tx y\t0-0 1-1\n").stdout


def test_places_of_words_are_kept_in_json_lines():
    line = (
        '{"src": ["l\'", "eau", "."], "tgt": ["water"], "links": [[0, 0], [1, 0]], '
        '"spans": {"src": [[0, 2], [2, 5], [6, 7]], "tgt": [[1, 6]]}}\n'
    )
    assert convert("--to", "jsonl", input=line).stdout == line
    assert convert("--to", "detokenized", input=line).stdout == "l'eau ||| water\n"
    swapped = json.loads(convert("--to", "jsonl", "--reverse", input=line).stdout)
    assert swapped["spans"] == {"src": [[1, 6]], "tgt": [[0, 2], [2, 5], [6, 7]]}


@pytest.mark.parametrize("places", ["[[0, 2], [2, 5]]", "[[0, 3]]", "[[-1, 1]]", "[[1e9, 2]]", "7", "[[1]]"])
def test_places_that_are_not_those_of_the_words_are_refused(places):
    line = f'{{"src": ["ab"], "tgt": ["x"], "links": [], "spans": {{"src": {places}, "tgt": [[0, 1]]}}}}\n'
    result = convert("--to", "jsonl", input=line)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "standard input line 1: " in result.stderr


def test_bases_are_those_of_the_formats_or_as_told():
    assert convert("--one-based", input="1-1 2-3\n").stdout == "0-0 1-2\n"
    assert convert("--to-one-based", input="0-0 1-2\n").stdout == "1-1 2-3\n"
    assert convert("--zero-based", input="0:0/1\n").stdout == "0-0\n"
    result = convert("--to", "naacl", "--to-one-based", input="0-0\n")
    assert "--to-one-based is for pharaoh, tsv, jsonl, and the format is naacl" in result.stderr


def test_reversed_links_come_with_reversed_text(text):
    result = convert("--reverse", "--to", "tsv", *text, input="0-1 2-0:1\n\n\n\n")
    assert result.stdout.splitlines()[:2] == ["the small house\tdas kleine Haus\t0-2 1-0", "yes\tja\t"]


def test_links_outside_a_sentence_are_an_error_with_the_line(text):
    result = convert(*text, input="0-0\n1-0\n\n\n")
    assert result.exit_code == 2
    assert result.stdout == "0-0\n"
    assert (
        "standard input line 2: link 1-0 (counted from 0) is outside the sentence pair, which has 1 and 1 words"
        in result.stderr
    )


def test_words_below_the_first_are_outside_without_a_text_too():
    result = convert("--one-based", input="1-1\n1-0\n")
    assert "line 2: link 0--1 (counted from 0) is outside" in result.stderr


def test_links_outside_a_sentence_are_dropped_on_demand(text):
    result = convert("--outside", "drop", *text, input="0-0:0.5 0-7:0.1\n1-0\n\n\n")
    assert (result.exit_code, result.stdout) == (0, "0-0:0.5000\n\n\n\n")


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ("0-0\n", "standard input ends after pair 1, but the text goes on"),
        ("\n" * 5, "goes on after pair 4, where"),
    ],
)
def test_texts_of_another_length_are_refused(text, links, message):
    result = convert(*text, input=links)
    assert result.exit_code == 2
    assert message in result.stderr


def test_naacl_pairs_without_links_are_placed_by_the_text(text):
    assert convert(*text, input="1 1 1\n4 2 1\n").stdout == "0-0\n\n\n1-0\n"


def test_naacl_with_gaps_is_refused_without_the_text():
    result = convert(input="1 1 1\n4 2 1\n")
    assert result.exit_code == 2
    assert "has pair 4 where pair 2 is expected" in result.stderr


def test_pieces_become_words():
    line = {
        "src": "▁das ▁Ha us ▁!",
        "tgt": "▁the ▁house !",
        "links": [[1, 1], [2, 1], [3, 2]],
        "scores": [0.5, 0.9, 1],
    }
    result = convert("--join-pieces", "--to", "jsonl", input=json.dumps(line))
    assert json.loads(result.stdout) == {
        "src": ["das", "Haus", "!"],
        "tgt": ["the", "house", "!"],
        "links": [[1, 1], [2, 2]],
        "scores": [0.9, 1.0],
    }


def test_marks_may_be_said():
    line = "das Haus@@ tür\tthe door ##s\t1-1 2-2\n"
    assert (
        convert("--join-pieces", "--subwords", "bpe", "--to", "words", input=line).stdout
        == "Haustür door\tHaustür ##s\n"
    )
    assert convert("--join-pieces", "--to", "words", input=line).stdout == "Haustür doors\n"


def test_words_are_not_made_of_words():
    result = convert("--join-pieces", input="das Haus\tthe house\t0-0\n")
    assert result.exit_code == 2
    assert "the text has no marks of pieces" in result.stderr


def test_the_output_is_compressed_by_its_suffix_and_no_input(tmp_path):
    links, out = tmp_path / "links", tmp_path / "out.gz"
    links.write_text("0-0\n")
    assert convert(links, "-o", out).exit_code == 0
    assert gzip.decompress(out.read_bytes()) == b"0-0\n"
    assert "is an input too" in convert(links, "-o", links).stderr


def test_the_two_texts_go_together():
    assert "--src and --tgt go together" in convert("--src", "a", input="0-0\n").stderr
    assert "standard input can be read once" in convert("-", "--src", "-", "--tgt", "b", input="0-0\n").stderr


@given(
    st.lists(st.builds(Alignment.of, st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=5))),
    st.sampled_from(sorted(name for name in set(READABLE) & set(WRITERS) if not FORMATS[name].numbered)),
)
def test_streams_are_read_back_pair_by_pair(tmp_path_factory, alignments, name):
    pair = SentencePair(tuple("abcd"), tuple("wxyz"))
    path = tmp_path_factory.mktemp("links") / "links"
    lines = (
        WRITERS[name](pair, alignment, k, WriteOptions()) for k, alignment in enumerate(alignments, start=1)
    )
    path.write_text("".join(lines))
    found = list(iter_aligned(path, [pair] * len(alignments), name))
    assert found == [(pair, alignment) for alignment in alignments]
