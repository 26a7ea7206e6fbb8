import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import FormatError
from xalign.links import Alignment
from xalign.project.offsets import parse
from xalign.project.spans import Rules, Strategy
from xalign.text.tokenization import tokenize

TEXT = "Angela Merkel visited Paris."
TARGET = "Paris, besucht von Angela Merkel"


def carried(fields, target, pairs, **values):
    found = parse(json.dumps(fields), tokenize).carry(tokenize(target), Alignment.of(pairs), Rules(**values))
    return json.loads(found.text), found.lost


def test_offsets_are_those_of_the_translation_and_all_else_stays():
    fields = {
        "id": 7,
        "text": TEXT,
        "spans": [[0, 13, "PER"], {"start": 22, "end": 27, "label": "LOC", "n": 1}],
    }
    found, lost = carried(fields, TARGET, [(0, 4), (1, 5), (3, 0)])
    spans = [[19, 32, "PER"], {"start": 0, "end": 5, "label": "LOC", "n": 1}]
    assert (found, lost) == ({"id": 7, "text": TARGET, "spans": spans}, ())


@pytest.mark.parametrize(("text", "spans"), [("text", "ents"), ("src", "label"), ("text", "entities")])
def test_the_keys_of_spacy_and_doccano_are_known(text, spans):
    found, _ = carried({text: "Paris", spans: [[0, 5, "LOC"]]}, "nach Paris", [(0, 1)])
    assert found == {text: "nach Paris", spans: [[5, 10, "LOC"]]}


def test_spans_may_overlap():
    found, _ = carried({"text": "a b", "spans": [[0, 3, "X"], [0, 1, "Y"]]}, "b a", [(0, 1), (1, 0)])
    assert found["spans"] == [[0, 3, "X"], [2, 3, "Y"]]


def test_what_is_lost_is_told():
    found, lost = carried({"text": "a  b", "spans": [[0, 1, "X"], [1, 3, "Y"]]}, "b", [(1, 0)])
    assert found["spans"] == []
    assert lost == (("X a", "its words have no links"), ("Y   ", "there is no word in it"))


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"text": "a"}', '{"text": "a", "spans": [[0, 2, "X"]]}', '{"text": "a", "spans": [[0, 0, "X"]]}',
     '{"text": "a", "spans": ["X"]}', '{"text": "a", "spans": [[false, true, "X"]]}'],
)  # fmt: skip
def test_what_is_no_text_with_spans_is_refused(line):
    with pytest.raises(FormatError):
        parse(line, tokenize)


@given(
    st.text("ab c", max_size=12),
    st.text("xy z", max_size=12),
    st.data(),
    st.sampled_from(Strategy),
)
def test_what_is_written_is_read_again(source, target, data, strategy):
    places = st.tuples(st.integers(0, len(source)), st.integers(0, len(source))).filter(
        lambda each: each[0] < each[1]
    )
    spans = data.draw(st.lists(places.map(lambda each: [*each, "X"]), max_size=3)) if source else []
    parsed = parse(json.dumps({"text": source, "spans": spans}), tokenize)
    words = tokenize(target)
    pairs = data.draw(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
    inside = [(a, b) for a, b in pairs if a < len(parsed.words) and b < len(words.spans)]
    found = parsed.carry(words, Alignment.of(inside), Rules(strategy=strategy))
    again = parse(found.text, tokenize)
    assert again.tokenized.text == target
    assert all(target[a:b].strip() == target[a:b] != "" for a, b in again.places)


def test_half_a_character_stays_an_escape_except_in_the_text():
    line = r'{"text": "ja", "spans": [[0, 2, "\ud800"]], "note": "\udfff"}'
    found = parse(line, tokenize).carry(tokenize("yes"), Alignment.of([(0, 0)]), Rules())
    assert found.text == '{"text": "yes", "spans": [[0, 3, "\\ud800"]], "note": "\\udfff"}\n'
    with pytest.raises(FormatError, match='"text" has half of a character'):
        parse(r'{"text": "\ud800", "spans": []}', tokenize)


def test_spans_that_are_too_many_and_too_long_are_refused():
    line = json.dumps({"text": "a " * 1000, "spans": [[0, 2000, "X"]] * 5001})
    with pytest.raises(FormatError, match="spans have more than 10,000,000 characters"):
        parse(line, tokenize)
