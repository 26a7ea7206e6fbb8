"""Formats that users bring: what is published of them, and what they become."""

import numpy as np
import pytest

from xalign.errors import FormatError, InputError
from xalign.formats import (
    WRITERS,
    WriteOptions,
    detect_format,
    iter_aligned,
    iter_directions,
    parse_pharaoh,
    read_alignments,
)
from xalign.formats.rwth import read_rwth
from xalign.formats.tsinghua import tsinghua_entry
from xalign.links import Alignment
from xalign.text.sentences import SentencePair

PAIR = SentencePair(("das", "kleine", "Haus"), ("the", "house"))

# From the description of symal's input in Moses, by giza2bal.pl: "count; number of words, words, #, positions".
BAL = """1
3 the small house # 1 0 2
2 das Haus # 1 3
1
1 yes # 1
1 ja # 1
"""
HEADER = "# Sentence pair (1) source length 2 target length 2 alignment score : 1"
RWTH = """SENT: 0
S 1 1
P 2 1

SENT: 1
SENT: 2
S 1 2
S 3 0
"""


@pytest.fixture
def write(tmp_path):
    def file(text):
        path = tmp_path / "links"
        path.write_text(text)
        return path

    return file


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("1:1/1 2:3/0", "tsinghua"),
        ("SENT: 0", "rwth"),
        ("1", "bal"),
        ("0-0/0.5", "pharaoh"),
        ("1?2", "pharaoh"),
    ],
)
def test_they_are_told_by_their_first_line(line, name):
    assert detect_format(line) == name


def test_pharaoh_with_probabilities_after_a_slash():
    assert parse_pharaoh("0-0/0.5 2-1/1").scores == (0.5, 1.0)


def test_pharaoh_with_question_marks_for_possible_links():
    assert parse_pharaoh("0-0 1?1") == Alignment.of([(0, 0)], [(1, 1)])


def test_tsinghua_numbers_are_marks_where_all_are_0_or_1():
    assert tsinghua_entry("1:1/1 2:3/0").alignment == Alignment.of([(0, 0)], [(1, 2)])
    assert tsinghua_entry("").alignment == Alignment()


def test_tsinghua_numbers_are_probabilities_elsewhere():
    assert tsinghua_entry("2:3/0.25 1:1/1").alignment.scores == (1.0, 0.25)


def test_rwth_pairs_without_links_stay_and_null_is_left_out(write):
    assert [str(alignment) for alignment in read_alignments(write(RWTH))] == ["0-0 1p0", "", "0-1"]


def test_bal_is_read_as_both_directions_together(write):
    path = write(BAL)
    (pair, first), (_, second) = iter_aligned(path)
    assert str(first) == "0-0 1-2"
    assert pair == SentencePair(("das", "Haus"), ("the", "small", "house"))
    assert str(second) == "0-0"


def test_bal_gives_both_directions_source_first(write):
    text = "1\n2 a b # 2 2\n2 x y # 1 1\n"
    [(forward, backward)] = iter_directions(write(text))
    assert (str(forward), str(backward)) == ("1-0 1-1", "0-0 1-0")


def test_directions_of_another_format_are_refused(write):
    with pytest.raises(FormatError, match="links is a pharaoh file, which has only one direction"):
        list(iter_directions(write("0-0\n")))


def test_giza_brings_its_words(write):
    text = f"{HEADER}\nthe house\nNULL ({{ }}) das ({{ 1 }}) Haus ({{ 2 }}) \n"
    assert next(iter_aligned(write(text)))[0] == SentencePair(("das", "Haus"), ("the", "house"))


def test_giza_is_written_with_null_and_read_back(write):
    alignment = Alignment.of([(0, 0)])
    text = WRITERS["giza"](PAIR, alignment, 1, WriteOptions())
    assert text.splitlines()[1:] == ["the house", "NULL ({ 2 }) das ({ 1 }) kleine ({ }) Haus ({ })"]
    assert list(iter_aligned(write(text))) == [(PAIR, alignment)]


@pytest.mark.parametrize(
    ("name", "text"),
    [("tsinghua", "1:1/1 3:2/0\n"), ("rwth", "SENT: 6\nS 1 1\nP 3 2\n"), ("talp", "1-1 3p2\n")],
)
def test_written_lines_keep_the_mark_of_possible_links(name, text):
    assert WRITERS[name](PAIR, Alignment.of([(0, 0)], [(2, 1)]), 7, WriteOptions()) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1:1/1\n1:1\n", "line 2: expected links such as 1:1/1, found '1:1'"),
        ("SENT: 0\nX 1 1\n", 'line 2: expected "S 1 1", "P 1 2" or "SENT: 1", found \'X 1 1\''),
        ("SENT: 0\nSENT: 2\nS 1 1\n", "line 2: expected \"SENT: 1\", found 'SENT: 2'"),
        ("1\n2 a b # 1\n1 x # 1\n", 'line 2: expected "2 das Haus # 1 2"'),
        ("1\n1 a # 1\n", 'line 3: expected "2 das Haus # 1 2"'),
        ("1\n1 a # 1\n1 x # 1\nx\n", "line 4: expected how often the pair occurs"),
    ],
)
def test_broken_lines_are_named(write, text, message):
    with pytest.raises(FormatError) as error:
        read_alignments(write(text))
    assert message in str(error.value)


def test_links_before_their_sentence_are_refused():
    with pytest.raises(FormatError, match='line 1: expected "SENT: 0"'):
        list(read_rwth(["S 1 1"]))


# Alignments by themselves.


def test_an_alignment_prints_as_pharaoh():
    assert str(Alignment.of([(0, 0)], [(1, 2)])) == "0-0 1p2"
    assert str(Alignment()) == ""


def test_linked_words_come_link_by_link():
    assert Alignment.of([(2, 1), (0, 0)]).words(PAIR) == [("das", "the"), ("Haus", "house")]


def test_words_that_a_pair_does_not_have_are_told():
    with pytest.raises(
        InputError, match=r"link 3-0 \(counted from 0\) is outside .* has 3 and 2 words; .* align_pairs"
    ):
        Alignment.of([(3, 0)]).words(PAIR)


@pytest.mark.parametrize("links", [[("a", "b")], [(0, 1.5)], [(0,)], [3], [(0, None)], ["01"]])
def test_links_are_pairs_of_whole_numbers(links):
    for sure, possible in ((links, []), ([], links)):
        with pytest.raises(InputError, match=r"^links must be pairs of whole numbers, such as"):
            Alignment.of(sure, possible)
    assert Alignment.of([*map(tuple, np.array([[1, 2]]))]).links == ((1, 2),)
