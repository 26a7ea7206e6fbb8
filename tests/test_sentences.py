"""Lines of text -> sentence pairs, from two files or one stream."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import InputError
from xalign.sentences import FORMS, SentencePair, parse_json, read_files, read_stream, words

PAIR = SentencePair(("das", "Haus"), ("the", "house"))
EMPTY = SentencePair((), ())

spaceless = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r|"), min_size=1)
sentences = st.lists(spaceless, max_size=6).map(tuple)


@pytest.fixture
def file(tmp_path):
    """`file("name", "text")`: a file with this text, written as it is."""

    def write(name: str, text: str):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (" \t ", ()),
        (" das  Haus\t. ", ("das", "Haus", ".")),
        ("10\u00a0000 a\u2028b c\u3000d e\u200bf", ("10\u00a0000", "a\u2028b", "c\u3000d", "e\u200bf")),
        ("\u00a0 \u2028", ("\u00a0", "\u2028")),
        ("a\x00b \x00 \x0b", ("a\x00b", "\x00", "\x0b")),
    ],
)
def test_a_word_ends_at_a_space_or_a_tab_only(text, expected):
    assert words(text) == expected


@given(sentences)
def test_words_put_together_with_spaces_come_apart_again(sentence):
    assert words(" ".join(sentence)) == sentence


def test_a_pair_is_made_of_strings_or_of_lists_of_words():
    assert SentencePair.of("das Haus", ["the", "house"]) == PAIR
    assert SentencePair.of((), "") == EMPTY
    assert SentencePair.of(["New York"], "x").source == ("New York",)


def test_line_i_of_one_file_goes_with_line_i_of_the_other(file):
    source = file("a.de", "das Haus\n\nein\r\n")
    target = file("a.en", "\ufeffthe house\nnothing\n\n")
    pairs = [PAIR, SentencePair((), ("nothing",)), SentencePair(("ein",), ())]
    assert list(read_files(source, target)) == pairs


@pytest.mark.parametrize(
    ("source", "target", "complaint"),
    [
        ("a\nb\nc\n", "a\nb\n", r"b\.en ends after line 2, but .*b\.de goes on"),
        ("a\n", "a\n\n", r"b\.de ends after line 1, but .*b\.en goes on"),
        ("", "a\n", r"b\.de ends after line 0"),
    ],
)
def test_files_of_different_length_are_told_apart_at_the_line(file, source, target, complaint):
    with pytest.raises(InputError, match=complaint):
        list(read_files(file("b.de", source), file("b.en", target)))


def test_standard_input_cannot_be_both_sides():
    with pytest.raises(InputError, match='give a single "-"'):
        list(read_files("-", "-"))


@pytest.mark.parametrize(
    ("form", "line", "pair"),
    [
        ("bars", "das Haus ||| the house", PAIR),
        ("bars", "das Haus|||the house", PAIR),
        ("bars", "\tdas\tHaus ||| the house\t", PAIR),
        ("bars", "das Haus |||", SentencePair(PAIR.source, ())),
        ("bars", "||| the house", SentencePair((), PAIR.target)),
        ("bars", "|||", EMPTY),
        ("bars", "", EMPTY),
        ("bars", " \t", EMPTY),
        ("bars", "a | b || c ||| d", SentencePair(("a", "|", "b", "||", "c"), ("d",))),
        ("tsv", "das Haus\tthe house", PAIR),
        ("tsv", "das Haus\tthe house\t0-0 1-1\t", PAIR),
        ("tsv", "das Haus\t", SentencePair(PAIR.source, ())),
        ("tsv", "\tthe house", SentencePair((), PAIR.target)),
        ("tsv", "a ||| b\tc", SentencePair(("a", "|||", "b"), ("c",))),
        ("tsv", "das Haus\r\t\ufeffthe house\r", PAIR),  # paste, of files with CRLF and byte order marks
        ("bars", "das Haus\r ||| the house", PAIR),
        ("tsv", "", EMPTY),
        ("tsv", "  ", EMPTY),
        ("jsonl", '{"src": "das Haus", "tgt": ["the", "house"], "id": 7}', PAIR),
        ("jsonl", '{"tgt": "the house", "src": ["das", "Haus"]}', PAIR),
        ("jsonl", '{"src": [], "tgt": ""}', EMPTY),
        ("jsonl", '{"src": ["New York", ""], "tgt": "a"}', SentencePair(("New York", ""), ("a",))),
        ("jsonl", r'{"src": "\ud83d\ude00", "tgt": "\u00e4"}', SentencePair(("😀",), ("ä",))),
        ("jsonl", "", EMPTY),
    ],
)
def test_a_line_of_a_stream_is_a_pair(form, line, pair):
    assert FORMS[form](line) == pair


@pytest.mark.parametrize(
    ("form", "line", "complaint"),
    [
        ("bars", "das Haus", 'expected "source ||| target", found 1 field'),
        ("bars", "a ||| b ||| c", "found 3 fields"),
        ("bars", "\u00a0", "found 1 field"),  # a word, not a blank line
        ("tsv", "das Haus the house", "found no tab"),
        ("jsonl", "das Haus ||| the house", "not JSON"),
        ("jsonl", '{"src": "a", "tgt": "b"', "not JSON"),
        ("jsonl", "[" * 100_000, "not JSON"),
        ("jsonl", '{"src": "a"}', '"tgt" is a string or a list of words'),
        ("jsonl", '{"src": ["a", 1], "tgt": "b"}', '"src" is a string or a list of words'),
        ("jsonl", '["a", "b"]', '"src" is a string or a list of words'),
        ("jsonl", r'{"src": "a\ud800", "tgt": "b"}', '"src" has half of a character'),
    ],
)
def test_a_line_that_is_no_pair_is_named_with_its_number(file, form, line, complaint):
    good = {"bars": "a ||| b", "tsv": "a\tb", "jsonl": '{"src": "a", "tgt": "b"}'}[form]
    pairs = read_stream(file("stream", f"{good}\n\n{line}\n"), form)
    assert [next(pairs), next(pairs)] == [SentencePair(("a",), ("b",)), EMPTY]
    with pytest.raises(InputError) as error:
        next(pairs)
    assert "stream line 3: " in str(error.value)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("das Haus ||| the house\n", [PAIR]),
        ('{"src": "das Haus", "tgt": "the house"}\n', [PAIR]),
        ('\ufeff {"src": "das Haus", "tgt": "the house"}\n\n', [PAIR, EMPTY]),
        ("{ ||| }\n", [SentencePair(("{",), ("}",))]),
        ('{"src": "das ||| Haus", "tgt": "b"}\n', [SentencePair(("das", "|||", "Haus"), ("b",))]),
        ('\n \n{"src": "das Haus", "tgt": "the house"}\n', [EMPTY, EMPTY, PAIR]),
        ("\ndas Haus ||| the house\n", [EMPTY, PAIR]),
        ("", []),
    ],
)
def test_json_lines_are_told_from_bars_by_the_first_line_with_words(file, text, pairs):
    assert list(read_stream(file("stream", text))) == pairs


@given(sentences, sentences)
def test_every_form_gives_the_same_pair(source, target):
    pair = SentencePair(source, target)
    lines = {
        "bars": " ".join(source) + " ||| " + " ".join(target),
        "tsv": " ".join(source) + "\t" + " ".join(target),
        "jsonl": json.dumps({"src": source, "tgt": " ".join(target)}, ensure_ascii=False),
    }
    assert lines.keys() == FORMS.keys()
    assert all(FORMS[form](line) == pair for form, line in lines.items())


@given(
    st.recursive(
        st.none() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_json_is_a_pair_or_an_input_error(value):
    for text in (json.dumps(value), json.dumps({"src": value, "tgt": value})):
        try:
            pair = parse_json(text)
        except InputError:
            continue
        " ".join(pair.source + pair.target).encode()
