"""What a program may hand over as sentence pairs, and what it is told about anything else."""

from collections import UserDict, namedtuple
from types import MappingProxyType

import numpy as np
import pytest

from xalign.errors import InputError
from xalign.text.pairs import as_pair, as_pairs, from_columns
from xalign.text.sentences import SentencePair

PAIR = SentencePair(("das", "Haus"), ("the", "house"))
Row = namedtuple("Row", ["de", "en"])


@pytest.mark.parametrize(
    "pair",
    [
        PAIR,
        ("das Haus", "the house"),
        ["das Haus", "the house"],
        (["das", "Haus"], ("the", "house")),
        [["das", "Haus"], ["the", "house"]],
        ("das Haus", ["the", "house"]),
        Row("das Haus", "the house"),
        np.array(["das Haus", "the house"]),
        (np.array(["das", "Haus"]), "the house"),
        {"src": "das Haus", "tgt": "the house"},
        {"source": "das Haus", "target": ["the", "house"], "id": 3},
        UserDict(src="das Haus", tgt="the house"),
        MappingProxyType({"src": ["das", "Haus"], "tgt": "the house"}),
        SentencePair("das Haus", ["the", "house"]),
        {"id": 7, "translation": {"de": "das Haus", "en": "the house"}},
    ],
)
def test_a_pair_is_a_tuple_a_mapping_or_a_sentence_pair(pair):
    assert as_pair(pair) == PAIR
    assert list(as_pairs([pair])) == list(as_pairs(iter([pair]))) == [PAIR]


@pytest.mark.parametrize(
    ("pair", "complaint"),
    [
        (
            "ab",
            r"'ab' is not a pair: expected source and target, as in align\(\[\(\"das Haus\", \"the house\"\)\]\)",
        ),
        (b"ab", "is not a pair"),
        (None, "None is not a pair"),
        ({"translation": {"de": "a", "en": "b", "fr": "c"}}, "expected two languages, source first"),
        ({"translation": "a"}, "\"translation\" is 'a': expected two languages"),
        ({"translation": {"de": "a", "en": None}}, "the target is None"),
        (3, "3 is not a pair"),
        ({"ab", "cd"}, "is not a pair"),
        (iter(["a", "b"]), "is not a pair"),
        ((), "expected source and target, found 0 items"),
        (("a", "b", "c"), r"found 3 items; write columns as align\(zip\(sources, targets\)\)"),
        (("a", b"b"), "the target is b'b': expected a string or a sequence of words"),
        ((None, "b"), "the source is None"),
        (("a", 3), "the target is 3"),
        (("a", float("nan")), "the target is nan"),
        (("a", {"b": 1}), "the target is {'b': 1}"),
        (("a", iter("b")), "expected a string or a sequence of words"),
        ((["a", 3], "b"), "the source has 3 among its words"),
        (("a", ["b", None]), "the target has None among its words"),
        (("a", [["b"]]), r"the target has \['b'\] among its words"),
        (("a", "b\ud800"), r"the target has half of a character, '\\ud800'"),
        ((["\udfff"], "b"), "the source has half of a character"),
        ({}, r'expected the keys "src" and "tgt", found \[\]'),
        ({"src": "a"}, r"found \['src'\]"),
        ({"src": "a", "target": "b"}, r'expected the keys "src" and "tgt"'),
        ({"src": "a", "tgt": None}, "the target is None"),
        (
            {"src": ["das Haus", "ein Baum"], "tgt": ["the house", "a tree"]},
            r"align\(zip\(sources, targets\)\)",
        ),
        ((["das Haus", "ein Baum"], ["the house", "a tree"]), "write columns of sentences as"),
    ],
)
def test_what_is_no_pair_is_refused_with_its_number(pair, complaint):
    pairs = [("das", "the"), pair, ("Haus", "house")]
    with pytest.raises(InputError, match=f"^pair 2: .*{complaint}"):
        as_pairs(pairs)
    stream = as_pairs(iter(pairs))
    assert next(stream) == SentencePair(("das",), ("the",))
    with pytest.raises(InputError, match=f"^pair 2: .*{complaint}"):
        next(stream)


@pytest.mark.parametrize(
    ("pairs", "complaint"),
    [
        (
            "das Haus",
            r"'das Haus' is not a list of pairs: write align\(\[\(\"das Haus\", \"the house\"\)\]\)",
        ),
        (b"das Haus", "is not a list of pairs"),
        (None, "None is not a list of pairs"),
        (3, "3 is not a list of pairs"),
        (PAIR, r"a SentencePair is not a list of pairs: write a single pair as align\(\[pair\]\)"),
        ({"src": "das Haus", "tgt": "the house"}, r"align\(\[pair\]\)"),
        ({"src": ["das Haus"], "tgt": ["the house"]}, r"columns as align\(zip\(sources, targets\)\)"),
        (("das Haus", "the house"), "pair 1: 'das Haus' is not a pair: expected source and target"),
        (["ab"], "pair 1: 'ab' is not a pair"),
        (
            [["das", "alte", "Haus"], ["the", "old", "house"]],
            "pair 1: expected source and target, found 3 items",
        ),
        (
            [["das Haus", "ein Baum"], ["the house", "a tree"]],
            r"may be pairs or columns: write pairs as",
        ),
        ((["das Haus", "ein Baum"], ["the house", "a tree"]), r"columns as align\(zip\(sources, targets\)\)"),
        ([["das", "Haus"], ["the", "house"]], "may be pairs or columns"),
    ],
)
def test_what_is_no_list_of_pairs_is_refused_at_once(pairs, complaint):
    with pytest.raises(InputError, match=complaint):
        as_pairs(pairs)


def test_two_pairs_are_not_two_columns():
    for rows in (
        [("das Haus", "the house"), ("ein Baum", "a tree")],
        zip(["das Haus", "ein Baum"], ["the house", "a tree"], strict=True),
        (list(row) for row in [("das Haus", "the house"), ("ein Baum", "a tree")]),
        [[["das", "Haus"], ["the", "house"]], [["ein", "Baum"], ["a", "tree"]]],
    ):
        assert list(as_pairs(rows)) == [PAIR, SentencePair(("ein", "Baum"), ("a", "tree"))]


def test_words_of_one_side_may_have_spaces_in_them():
    """As those of Vietnamese have."""
    pair = (["học sinh", "đi", "học tập"], ["students", "study", "New York"])
    assert as_pair(pair) == SentencePair(*map(tuple, pair))


def test_errors_of_the_reader_are_left_alone():
    def broken():
        yield ("das", "the")
        raise InputError("line 2: broken")

    with pytest.raises(InputError, match=r"^line 2: broken$"):
        list(as_pairs(broken()))


# Tables.


@pytest.mark.parametrize(
    "columns",
    [
        {"src": ["das Haus", "ja"], "tgt": [["the", "house"], "yes"]},
        {"source": np.array(["das Haus", "ja"]), "target": ("the house", "yes"), "id": [1, 2]},
        {"translation": [{"de": "das Haus", "en": "the house"}, {"de": "ja", "en": "yes"}]},
    ],
)
def test_columns_of_a_table_become_pairs(columns):
    assert list(as_pairs(from_columns(columns))) == [PAIR, SentencePair(("ja",), ("yes",))]


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ([("a", "b")], "is no table"),
        ({"de": ["a"]}, 'expected the keys "src" and "tgt", found \\[\'de\'\\]'),
        ({"src": ["a"], "tgt": ["b", "c"]}, "different lengths: 1 and 2"),
        ({"src": "a", "tgt": "b"}, "the source column is 'a': expected a list"),
    ],
)
def test_tables_without_such_columns_are_refused(columns, complaint):
    with pytest.raises(InputError, match=complaint):
        from_columns(columns)
