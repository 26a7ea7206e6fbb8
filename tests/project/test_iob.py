import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import FormatError
from xalign.links import Alignment
from xalign.project.iob import Entity, entities, read
from xalign.project.spans import Rules, Strategy
from xalign.text.tokenization import tokenize

tags = st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B", "E-A", "S-B", "L-B", "U-A"]), max_size=9)


def lines(words, tags):
    return [f"{word}\t{tag}" for word, tag in zip(words, tags, strict=True)]


def carried(words, tags, target, pairs, **values):
    [sentence] = read(lines(words.split(), tags.split()))
    return sentence.carry(tokenize(target, "whitespace"), Alignment.of(pairs), Rules(**values))


def test_entities_are_carried_over_as_iob2():
    found = carried("Angela Merkel slept", "B-PER I-PER O", "schlief Angela Merkel", [(0, 1), (1, 2), (2, 0)])
    assert found.text == "schlief\tO\nAngela\tB-PER\nMerkel\tI-PER\n\n"
    assert (found.total, found.lost) == (1, ())


def test_what_is_not_carried_over_is_told_with_the_reason():
    found = carried("Merkel in Paris", "B-PER O B-LOC", "sie", [(2, 0)])
    assert found.text == "sie\tB-LOC\n\n"
    assert found.lost == (("PER Merkel", "its words have no links"),)


@pytest.mark.parametrize(
    "written", ["B-A I-A O B-B", "I-A I-A O I-B", "B-A E-A O S-B", "B-A L-A O U-B"], ids=str.split
)
def test_iob1_bioes_and_bilou_are_read(written):
    assert list(entities(written.split())) == [Entity(range(0, 2), "A"), Entity(range(3, 4), "B")]


def test_comments_document_starts_and_more_blank_lines_are_left_out():
    text = ["-DOCSTART- -X- O", "", "# id = 1", "Paris NNP B-LOC", "# O", "", "", "# O"]
    assert [(each.words, each.entities) for each in read(text)] == [
        (("Paris", "#"), (Entity(range(0, 1), "LOC"),)),
        (("#",), ()),
    ]


def test_columns_of_word_and_tag_can_be_chosen():
    [sentence] = read(["1\tParis\tB-LOC\t_"], columns=(2, 3))
    assert (sentence.words, sentence.entities[0].label) == (("Paris",), "LOC")


@pytest.mark.parametrize("line", ["Paris", "Paris\tLOC", "\tB-LOC", "Paris\tB-"])
def test_a_line_without_word_and_tag_is_named(line):
    with pytest.raises(FormatError, match="line 2"):
        list(read(["der\tO", line]))


@given(tags, st.sets(st.tuples(st.integers(0, 8), st.integers(0, 5))), st.sampled_from(Strategy))
def test_no_tag_is_inside_without_a_beginning(tags, pairs, strategy):
    sentences = list(read(lines(["x"] * len(tags), tags)))
    for sentence in sentences:
        links = Alignment.of(pair for pair in pairs if pair[0] < len(tags))
        found = sentence.carry(tokenize("a b c d e f", "whitespace"), links, Rules(strategy=strategy))
        before = "O"
        for line in found.text.split("\n")[:6]:
            tag = line.split("\t")[1]
            assert not tag.startswith("I-") or before in (tag, f"B-{tag[2:]}")
            before = tag


@given(tags)
def test_a_sentence_and_itself_have_the_same_entities(tags):
    for sentence in read(lines(["x"] * len(tags), tags)):
        links = Alignment.of((k, k) for k in range(len(tags)))
        found = sentence.carry(tokenize(" ".join(sentence.words), "whitespace"), links, Rules())
        assert next(read(found.text.split("\n"))) == sentence
