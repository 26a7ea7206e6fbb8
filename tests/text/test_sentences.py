"""Lines of text -> sentence pairs, from two files or one stream."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import InputError, OptionError
from xalign.text.sentences import (
    FORMS,
    SentencePair,
    parse_columns,
    parse_json,
    read_files,
    read_stream,
    words,
)

PAIR = SentencePair(("das", "Haus"), ("the", "house"))
EMPTY = SentencePair((), ())

spaceless = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r|"), min_size=1)
sentences = st.lists(spaceless, max_size=6).map(tuple)


@pytest.fixture
def file(tmp_path):
    """`file("name", "text")`: a file with this text, written as it is."""

    def write(name: str, text: str | bytes):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
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


@pytest.mark.parametrize(("source", "target"), [("a\nb\nc\n", "a\nb\n"), ("a\n", "a\n\n"), ("", "a")])
def test_plain_files_of_different_length_are_told_before_the_first_pair(file, source, target):
    counts = source.count("\n"), target.count("\n") + (target == "a")
    with pytest.raises(InputError, match=rf"b\.de has {counts[0]} lines, but .*b\.en has {counts[1]}"):
        next(read_files(file("b.de", source), file("b.en", target)))


def test_other_files_of_different_length_are_told_at_the_end_of_the_shorter(file):
    pairs = read_files(file("b.de.gz", gzip.compress(b"a\nb\nc\n")), file("b.en", "a\nb\n"))
    assert [next(pairs), next(pairs)] == [SentencePair.of("a", "a"), SentencePair.of("b", "b")]
    with pytest.raises(InputError, match=r"b\.en ends after line 2, but .*b\.de\.gz goes on"):
        next(pairs)


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
        ("tsv", "das Haus\r\tthe house", PAIR),  # paste, of files with CRLF
        ("tsv", "das Haus \r\tthe house", PAIR),
        ("jsonl", r'{"src": "das Haus \r", "tgt": "the house\r"}', PAIR),
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
        (
            "bars",
            "das Haus",
            'expected "source ||| target", found no bars: if the target is in a file of its own, give both',
        ),
        ("bars", "das Haus\tthe house", "source and target, give form='tsv'"),
        ("bars", "a ||| b ||| c", "found 3 fields"),
        ("bars", "\u00a0", "found no bars"),  # a word, not a blank line
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
        ('{"src": "das Haus", "tgt": "the house"}\t\n', [PAIR]),
        ('{"src": "das ||| Haus", "tgt": "b"}\n', [SentencePair(("das", "|||", "Haus"), ("b",))]),
        ('\n \n{"src": "das Haus", "tgt": "the house"}\n', [EMPTY, EMPTY, PAIR]),
        ("\ndas Haus ||| the house\n", [EMPTY, PAIR]),
        ("", []),
    ],
)
def test_json_lines_are_told_from_bars_by_the_first_line_with_words(file, text, pairs):
    assert list(read_stream(file("stream", text))) == pairs


def test_a_broken_first_line_of_json_is_named_as_such_and_text_after_a_brace_is_not(file):
    for text, message in (('{"src": "das Ha\n', "line 1: not JSON"), ("{x} a\t{x} b\n", "a tab and no bars")):
        with pytest.raises(InputError, match=message):
            list(read_stream(file("stream", text)))


@pytest.mark.parametrize(
    ("form", "columns", "message"),
    [
        ("xyz", None, "form is 'xyz': choose one of bars, tsv, jsonl"),
        (None, (2, 3), "columns are 2,3, and the form is bars: tsv has numbers"),
        ("tsv", ("de", "en"), "columns are de,en, and the form is tsv"),
        ("jsonl", (1, 2), "columns are 1,2, and the form is jsonl"),
    ],
)
def test_a_form_that_is_unknown_or_has_other_columns_is_refused(file, form, columns, message):
    with pytest.raises(OptionError, match=message):
        list(read_stream(file("stream", "a ||| b\n"), form, columns))


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


# Columns.


def test_columns_are_counted_from_one_and_may_stand_anywhere():
    assert parse_columns("7\tdas Haus\t\tthe house", columns=(2, 4)) == PAIR
    assert parse_columns("the house\tdas Haus", columns=(2, 1)) == PAIR
    assert parse_columns("", columns=(2, 4)) == EMPTY
    with pytest.raises(InputError, match="expected at least 4 columns, found 2"):
        parse_columns("a\tb", columns=(2, 4))


@pytest.mark.parametrize("number", ["7", "0.93", " -1.5e-3 ", "1,000", "+2"])
def test_a_first_column_that_is_a_number_is_refused_where_there_are_more_than_two(file, number):
    path = file("stream", f"\n{number}\tdas Haus\tthe house\n")
    with pytest.raises(InputError, match=r"stream line 2: column 1 of 3 is a number .*columns=\(2, 3\)"):
        list(read_stream(path, "tsv"))
    assert list(read_stream(path, "tsv", columns=(2, 3))) == [EMPTY, PAIR]
    assert len(list(read_stream(path, "tsv", columns=(1, 2)))) == 2


@pytest.mark.parametrize(
    "line", ["7\t7", "das Haus\tthe house\t0.9", "7 Häuser\t7 houses\t1", "a\tb\tc\n7\t7\t7"]
)
def test_numbers_elsewhere_are_text(file, line):
    pairs = list(read_stream(file("stream", f"{line}\n"), "tsv"))
    assert len(pairs) == line.count("\n") + 1


def test_a_line_with_more_columns_than_the_first_is_broken(file):
    """A tab within a sentence would make half of the source the target."""
    path, broken = file("stream", "\na\tb\na\tb\tc\na\tb\t\na\tb\n"), []
    found = list(read_stream(path, "tsv", on_broken=broken.append))
    pair = SentencePair(("a",), ("b",))
    assert found == [EMPTY, pair, EMPTY, pair, pair]
    [error] = broken
    assert (error.line, error.options) == (3, ("columns",))
    assert "expected 2 fields between tabs, as in the first line, found 3" in error.reason
    assert list(read_stream(path, "tsv", columns=(1, 2)))[2] == pair
    # The first line also decides where reading starts later.
    assert list(read_stream(path, "tsv", on_broken=broken.append, start=(2, 5))) == [EMPTY, pair, pair]
    assert [error.line for error in broken] == [3, 3]


def test_further_columns_are_ignored_if_the_first_line_has_them(file):
    path = file("stream", "das Haus\tthe house\t0-0 1-1\ndas Haus\tthe house\t0-0\ndas Haus\tthe house\n")
    assert list(read_stream(path, "tsv")) == [PAIR] * 3
    assert list(read_stream(path, "tsv", start=(1, 27))) == [PAIR] * 2


# The same words, whatever the form.

ODD = ["das", "\ufeff", "\r", "\ufeffHaus", "Haus\r", "a\ufeffb", "a\rb", "\u2028", "\u00a0", "\x00", " ", ""]


@given(st.lists(st.tuples(*[st.lists(st.sampled_from(ODD), max_size=5).map(" ".join)] * 2), max_size=4))
def test_a_sentence_has_the_same_words_in_every_form(tmp_path_factory, pairs):
    """Whatever stands at the edges of a line: marks, carriage returns, spaces; the first line included."""
    folder = tmp_path_factory.mktemp("forms")
    texts = {
        "source": "".join(f"{source}\n" for source, _ in pairs),
        "target": "".join(f"{target}\n" for _, target in pairs),
        "bars": "".join(f"{source} ||| {target}\n" for source, target in pairs),
        "tsv": "".join(f"{source}\t{target}\n" for source, target in pairs),
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    expected = list(read_files(folder / "source", folder / "target"))
    assert list(read_stream(folder / "bars", "bars")) == expected
    assert list(read_stream(folder / "tsv", "tsv")) == expected
    lines = [json.dumps({"src": source, "tgt": target}) for source, target in pairs]
    (folder / "jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    found = list(read_stream(folder / "jsonl", "jsonl"))
    assert found[1:] == expected[1:]  # JSON has no place for the mark of a file within a string


@pytest.mark.parametrize(("form", "between"), [("bars", " ||| "), ("tsv", "\t")])
def test_the_mark_of_a_file_is_taken_off_once_pasted_or_not(file, form, between):
    """A mark on a later line, or a second one on the first, is part of a word."""
    mark = "\ufeff"
    path = file("stream", f"{mark}das Haus{between}{mark}the house\n{mark}das{between}{mark}the\n")
    assert list(read_stream(path, form)) == [PAIR, SentencePair((f"{mark}das",), (f"{mark}the",))]
    path = file("stream", f"{mark}{mark}das{between}{mark}{mark}the\n")
    assert list(read_stream(path, form)) == [SentencePair((f"{mark}das",), (f"{mark}the",))]


def test_a_line_beyond_the_limit_is_an_empty_side_or_an_empty_pair(file, caplog):
    source, target = file("a.de", "das Haus\nein sehr langer Satz\n"), file("a.en", "the house\na b\n")
    assert list(read_files(source, target, longest=9)) == [PAIR, SentencePair((), ("a", "b"))]
    stream = file("stream", "a ||| b\nein sehr langer Satz\na ||| b\n")
    assert list(read_stream(stream, longest=9))[1] == EMPTY
    assert [str(source) in caplog.messages[0], str(stream) in caplog.messages[1]] == [True, True]
