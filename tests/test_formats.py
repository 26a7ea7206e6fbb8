import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import FormatError
from xalign.formats import (
    READABLE,
    WRITERS,
    WriteOptions,
    format_pharaoh,
    iter_aligned,
    parse_jsonl,
    parse_naacl,
    parse_pharaoh,
    read_alignments,
    read_links,
)
from xalign.formats.giza import read_giza
from xalign.links import Alignment, Link
from xalign.text.sentences import SentencePair

PAIR = SentencePair(("das", "kleine", "Haus"), ("the", "house"))
SCORED = Alignment(links=(Link(0, 0), Link(2, 1)), scores=(0.93, 0.875), score=0.722)
PLAIN = WriteOptions()

links = st.tuples(st.integers(0, 60), st.integers(0, 60))
alignments = st.builds(Alignment.of, st.lists(links, max_size=8), st.lists(links, max_size=4))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def file(text: str | bytes) -> Path:
        path = tmp_path / "links"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return file


# Pharaoh.


@pytest.mark.parametrize(
    ("line", "sure", "possible"),
    [
        ("", [], []),
        ("  \t ", [], []),
        ("0-0 1-2", [(0, 0), (1, 2)], []),
        ("1-2 0-0 1-2 \n", [(0, 0), (1, 2)], []),
        ("0-0\t1p2", [(0, 0)], [(1, 2)]),
        ("1p2 1-2", [(1, 2)], []),
        ("21--100", [(21, -100)], []),
    ],
)
def test_pharaoh_lines(line, sure, possible):
    assert parse_pharaoh(line) == Alignment.of(sure, possible)


@pytest.mark.parametrize(
    "line", ["0-0", "0-0 ||| -7.25", "das ||| the ||| 0-0", "das ||| the ||| 0-0 ||| -7.25"]
)
def test_pharaoh_lines_may_carry_text_and_score_as_fast_align_writes_them(line):
    alignment = parse_pharaoh(line)
    assert alignment.links == (Link(0, 0),)
    assert alignment.score == (-7.25 if "7.25" in line else None)


def test_one_based_files_are_shifted():
    assert parse_pharaoh("1-1 3p2", one_based=True) == Alignment.of([(0, 0)], [(2, 1)])


@pytest.mark.parametrize(
    "line",
    [
        "0",
        "a-b",
        "0-0,1-1",
        "0_0",
        "0-0-0",
        "1.5-2",
        "-",
        "²-1",
        "٣-1",
        "0-0:x",
        "0-0:1e",
        "9" * 5000 + "-0",
        "a ||| b ||| c ||| d ||| e",
    ],
)
def test_what_is_not_pharaoh_is_refused(line):
    with pytest.raises(FormatError, match="expected"):
        parse_pharaoh(line)


def test_scores_are_kept_where_all_links_have_one():
    assert parse_pharaoh("1-1:0.25 0-0:5e-1 1-1:0.25").scores == (0.5, 0.25)
    assert parse_pharaoh("0-0:0.5 1-1").scores is None


@given(alignments, st.booleans())
def test_pharaoh_round_trip(alignment, one_based):
    line = format_pharaoh(alignment, WriteOptions(one_based=one_based))
    assert parse_pharaoh(line, one_based) == alignment


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "{}",
        '{"links": [[0]]}',
        '{"links": [[0, 0.5]]}',
        '{"links": [[0, 0]], "scores": []}',
        "[" * 100_000,
    ],
)
def test_json_without_pairs_of_numbers_is_refused(line):
    with pytest.raises(FormatError, match="expected"):
        parse_jsonl(line)


# NAACL / WPT.


def test_naacl_numbers_pairs_in_order_of_appearance():
    gold = parse_naacl(["26 1 1", "26 2 2 S", "0007 1 3 P", "", " 0100  2 1  S 0.9 "])
    assert list(gold) == [26, 7, 100]
    assert gold[26] == Alignment.of([(0, 0), (1, 1)])
    assert gold[7] == Alignment.of([], [(0, 2)])
    assert gold[100].scores == (0.9,)


def test_naacl_null_links_are_no_links_but_their_pair_counts():
    assert parse_naacl(["1 2 0", "1 0 4 P", "2 1 1"]) == {1: Alignment(), 2: Alignment.of([(0, 0)])}


def test_naacl_numbered_from_zero():
    assert parse_naacl(["0 0 2"], one_based=False) == {0: Alignment.of([(0, 2)])}


def test_naacl_read_with_the_wrong_base_shows_as_links_out_of_range():
    assert parse_naacl(["0 0 0"]) == {0: Alignment.of([(-1, -1)])}


@pytest.mark.parametrize("line", ["1 2", "1 2 3 X", "a 1 1", "1 1 1 S 0.5 7", "1 1 1 S 0..5", "1-1"])
def test_what_is_not_naacl_is_refused_with_its_line(line):
    with pytest.raises(FormatError, match="line 2: expected"):
        parse_naacl(["1 1 1", line])


def test_fewer_naacl_numbers_than_pairs_are_line_numbers(write):
    path = write("1 1 1 S\n3 2 2 S\n")
    assert read_alignments(path) == [Alignment.of([(0, 0)]), Alignment.of([(1, 1)])]
    assert read_alignments(path, sentences=3) == [Alignment.of([(0, 0)]), Alignment(), Alignment.of([(1, 1)])]


@pytest.mark.parametrize("lines", ["2 1 1\n1 1 1\n1 2 2\n", "1 2 2\n2 1 1\n1 1 1\n"])
def test_naacl_pairs_in_any_order_are_placed_by_number(write, lines):
    path, expected = write(lines), [Alignment.of([(0, 0), (1, 1)]), Alignment.of([(0, 0)])]
    text = [SentencePair.of("a b", "x y"), SentencePair.of("c", "z")]
    assert read_alignments(path) == read_alignments(path, sentences=2) == expected
    assert read_links(path) == (expected, [1, 2], True)
    for pairs in (None, text):
        assert [alignment for _, alignment in iter_aligned(path, pairs)] == expected


# GIZA.

GIZA = """# Sentence pair (2) source length 2 target length 3 alignment score : 0.1
the ({ house
NULL ({ 2 }) ({ ({ }) Haus ({ 1 3 }) 
# Sentence pair (1) source length 1 target length 1 alignment score : 1e-05
yes
NULL ({ }) ja ({ 1 }) 
"""


def test_giza_pairs_are_ordered_by_number_and_null_is_left_out():
    assert [(entry.number, entry.alignment) for entry in read_giza(GIZA.splitlines())] == [
        (1, Alignment.of([(0, 0)])),
        (2, Alignment.of([(1, 0), (1, 2)])),
    ]


def test_giza_pairs_may_be_repeated_but_not_differently():
    assert list(read_giza((GIZA * 2).splitlines())) == list(read_giza(GIZA.splitlines()))
    with pytest.raises(FormatError, match="line 9: pair 2 is repeated with other links"):
        list(read_giza((GIZA + GIZA.replace("{ 1 3 }", "{ 1 }")).splitlines()))


@pytest.mark.parametrize("broken", ["NULL ({ 2 }) Haus ({ 1 3 ", "", "Haus"])
def test_giza_words_without_their_brackets_are_refused(broken):
    with pytest.raises(FormatError, match="line 3: expected"):
        list(read_giza([*GIZA.splitlines()[:2], broken]))


# Writers.


@pytest.mark.parametrize(
    ("name", "plain", "scored"),
    [
        ("pharaoh", "0-0 2-1\n", "0-0:0.9300 2-1:0.8750 ||| 0.7220\n"),
        ("talp", "1-1 3-2\n", "1-1:0.9300 3-2:0.8750 ||| 0.7220\n"),
        ("words", "das the\tHaus house\n", "das the 0.9300\tHaus house 0.8750\t0.7220\n"),
        ("naacl", "7 1 1 S\n7 3 2 S\n", "7 1 1 S 0.9300\n7 3 2 S 0.8750\n"),
        (
            "tsv",
            "das kleine Haus\tthe house\t0-0 2-1\n",
            "das kleine Haus\tthe house\t0-0:0.9300 2-1:0.8750\t0.7220\n",
        ),
    ],
)
def test_written_lines(name, plain, scored):
    assert WRITERS[name](PAIR, SCORED, 7, PLAIN) == plain
    assert WRITERS[name](PAIR, SCORED, 7, WriteOptions(scores=True)) == scored


def test_json_lines_hold_words_links_and_scores():
    assert json.loads(WRITERS["jsonl"](PAIR, SCORED, 7, WriteOptions(scores=True))) == {
        "src": ["das", "kleine", "Haus"],
        "tgt": ["the", "house"],
        "links": [[0, 0], [2, 1]],
        "scores": [0.93, 0.875],
        "score": 0.722,
    }


def test_possible_links_keep_their_mark():
    alignment = Alignment.of([(0, 0)], [(1, 1)])
    assert WRITERS["pharaoh"](PAIR, alignment, 1, PLAIN) == "0-0 1p1\n"
    assert WRITERS["naacl"](PAIR, alignment, 1, PLAIN) == "1 1 1 S\n1 2 2 P\n"
    assert json.loads(WRITERS["jsonl"](PAIR, alignment, 1, PLAIN))["possible"] == [[1, 1]]


@pytest.mark.parametrize("name", ["pharaoh", "talp", "words"])
def test_a_pair_without_links_is_an_empty_line(name):
    assert WRITERS[name](PAIR, Alignment(scores=(), score=0.0), 1, WriteOptions(scores=True)) == "\n"


@pytest.mark.parametrize(
    ("name", "line"),
    [("tsv", "New\u00a0York \u00a0 .\tNY\u00a0\u00a0\t0-0\n"), ("words", "New\u00a0York NY\u00a0\u00a0\n")],
)
def test_a_word_with_spaces_stays_one_word(name, line):
    pair = SentencePair(("New York", "", "."), ("NY\t\n",))
    assert WRITERS[name](pair, Alignment.of([(0, 0)]), 1, PLAIN) == line


def test_naacl_has_no_line_for_a_pair_without_links():
    assert WRITERS["naacl"](PAIR, Alignment(), 1, PLAIN) == ""


@pytest.mark.parametrize("name", sorted(set(READABLE) & set(WRITERS)))
@pytest.mark.parametrize("options", [PLAIN, WriteOptions(scores=True), WriteOptions(one_based=True)])
def test_what_xalign_writes_it_reads_back(name, options, write):
    written = [SCORED, Alignment.of([(1, 1)]), Alignment(), Alignment.of([(0, 1)])]
    lines = [
        WRITERS[name](PAIR, alignment, number, options) for number, alignment in enumerate(written, start=1)
    ]
    one_based = options.one_based or None
    read = read_alignments(write("".join(lines)), name, one_based, sentences=4)
    assert [alignment.links for alignment in read] == [alignment.links for alignment in written]
    if options.scores and name not in ("giza", "rwth"):
        assert read[0].scores == SCORED.scores
        assert name in ("naacl", "tsinghua") or read[0].score == SCORED.score


# Published files.


def test_gold_counts_are_the_published_ones(shared):
    gold = {
        name: read_alignments(shared(f"data/gold/test/{name}/alignv2.txt"))
        for name in ("de-en", "en-fr", "en-hi")
    }
    counts = {
        name: (len(pairs), sum(len(pair.sure) for pair in pairs), sum(len(pair.possible) for pair in pairs))
        for name, pairs in gold.items()
    }
    assert counts == {"de-en": (508, 9613, 921), "en-fr": (447, 4038, 13400), "en-hi": (90, 1409, 0)}
    assert Link(21, -100) in gold["de-en"][178].sure
