import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import FormatError, OptionError
from xalign.links import Alignment
from xalign.project import project
from xalign.project.markup import parse
from xalign.project.placing import place
from xalign.project.spans import SPLIT, Rules
from xalign.text.tokenization import tokenize

TAGS = re.compile(r"</?[bi]>|<br/>|\{0\}|%s")


def carried(source, target, pairs, **values):
    return place(parse(source, tokenize), tokenize(target), Alignment.of(pairs), Rules(**values))


def diagonal(length):
    return [(k, k) for k in range(length)]


@pytest.mark.parametrize(
    ("source", "target", "pairs", "expected"),
    [
        ("the <b>red</b> house", "la casa roja", [(0, 0), (1, 2), (2, 1)], "la casa <b>roja</b>"),
        ("<p>I slept.</p>", "Dormí.", [], "<p>Dormí.</p>"),
        ("a <b>b <i>c</i></b>", "c b a", [(0, 2), (1, 1), (2, 0)], "<b><i>c</i> b</b> a"),
        ("a <b> b </b> c", "a b, c", [(0, 0), (1, 1), (2, 3)], "a <b> b </b>, c"),
        ("a<br/>b", "a b", diagonal(2), "a <br/>b"),
        ("a <img src='>'> b", "b a", [(0, 1), (1, 0)], "<img src='>'> b a"),
        ("delete {0}.", "{0} löschen.", [(0, 1), (1, 0), (2, 2)], "{0} löschen."),
        ("delete {0}.", "löschen.", [(0, 0), (2, 1)], "löschen {0}."),
        ("<b>%s</b> files", "Dateien", [(1, 0)], "<b>%s</b> Dateien"),
        ("<b></b>x <!-- n --> y", "x y", diagonal(2), "<b></b>x <!-- n --> y"),
        ("<ph id='1'>&lt;br&gt;</ph>x", "x", diagonal(1), "<ph id='1'>&lt;br&gt;</ph>x"),
        ("1 < 2 & <b>x</b>", "1 < 2 & x", diagonal(5), "1 < 2 & <b>x</b>"),
        ("", "x", [], "x"),
        ("<br>x", "", [], "<br>"),
    ],
)
def test_tags_stand_where_their_words_went(source, target, pairs, expected):
    found = carried(source, target, pairs)
    assert (found.text, found.lost) == (f"{expected}\n", ())


@pytest.mark.parametrize(
    ("source", "target", "pairs", "expected", "lost"),
    [
        ("a <b>b</b>", "a", [(0, 0)], "a", [("<b>", "its words have no links")]),
        ("a <b>b {0}</b> c", "a c", [(0, 0), (3, 1)], "a {0} c", [("<b>", "its words have no links")]),
        ("<b>a", "a", diagonal(1), "a", [("<b>", "it is not closed in its line")]),
        ("a</b>", "a", diagonal(1), "a", [("</b>", "it is not opened in its line")]),
        ("<b>a <i>b</b></i>", "a b", diagonal(2), "<b>a b</b>",
         [("<i>", "it is not closed in its line"), ("</i>", "it is not opened in its line")]),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_over_is_left_out_and_told(source, target, pairs, expected, lost):
    found = carried(source, target, pairs)
    assert (found.text, list(found.lost)) == (f"{expected}\n", lost)


def test_elements_are_not_written_in_pieces():
    with pytest.raises(OptionError, match="choose largest or cover"):
        project([], "markup", Rules(strategy="pieces"))


def test_tags_within_each_other_without_end_are_refused():
    with pytest.raises(FormatError, match="more than 100"):
        parse("<b>" * 5000, tokenize)


marked_up = st.recursive(
    st.sampled_from(["a", "b", " ", ",", "<br/>", "{0}", "%s ", "<b>", "</i>"]),
    lambda inner: st.lists(inner, max_size=4).map("".join).flatmap(
        lambda text: st.sampled_from([f"<b>{text}</b>", f"<i>{text}</i>", text])
    ),
    max_leaves=20,
)  # fmt: skip


@given(marked_up, st.lists(st.sampled_from(["x", "y", ",", "{0}"]), max_size=6),
       st.sets(st.tuples(st.integers(0, 9), st.integers(0, 5))), st.sampled_from(["largest", "cover"]))  # fmt: skip
def test_tags_are_balanced_and_the_translation_is_as_it_was(source, words, pairs, strategy):
    target = tokenize(" ".join(words))
    parsed = parse(source, tokenize)
    links = Alignment.of((a, b) for a, b in pairs if a < len(parsed.words) and b < len(words))
    found = place(parsed, target, links, Rules(strategy=strategy))
    opened = []
    for tag in TAGS.findall(found.text):
        if tag in ("<b>", "<i>"):
            opened.append(tag)
        elif tag.startswith("</"):
            assert opened.pop() == tag.replace("/", "")
    assert not opened
    plain = [word for word in TAGS.sub(" ", found.text).split() if word]
    assert "".join(plain) == "".join(word for word in words if word != "{0}")
    for point in ("<br/>", "%s", "{0}"):
        assert found.text.count(point) == max(source.count(point), "".join(words).count(point))
    left_out = [lost for lost in found.lost if lost.what == "<b>" and lost.why != SPLIT]
    assert found.text.count("<b>") + len(left_out) == source.count("<b>")


@given(st.lists(st.sampled_from(["a", "<b>b</b>", "<i>c <b>d</b></i>", "<b><i>e</i> f</b>", "<i>g</i>,"])))
def test_a_text_and_itself_have_the_same_tags_at_the_same_places(parts):
    source = " ".join(parts)
    plain = TAGS.sub("", source)
    assert carried(source, plain, diagonal(len(tokenize(plain).spans))).text == f"{source}\n"
