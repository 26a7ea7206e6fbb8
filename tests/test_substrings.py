import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign import Aligner
from xalign.errors import InputError, OptionError
from xalign.formats import WRITERS, WriteOptions
from xalign.formats.substrings import groups
from xalign.links import Alignment
from xalign.text.sentences import SentencePair
from xalign.text.tokenization import tokenize

PAIR = SentencePair(tokenize("Ich rief's an."), tokenize("I called it."))


def written(pair, links):
    return WRITERS["detokenized"](pair, Alignment.of(links), 1, WriteOptions())


def test_what_is_linked_is_written_as_it_stands_in_the_text():
    assert PAIR.source == ("Ich", "rief", "'s", "an", ".")
    links = [(0, 0), (1, 1), (2, 1), (3, 1), (4, 3)]
    assert written(PAIR, links) == "Ich ||| I\trief's an ||| called\t. ||| .\n"


def test_words_that_do_not_stand_together_are_told_apart():
    assert written(PAIR, [(1, 1), (3, 1)]) == "rief ... an ||| called\n"
    assert written(SentencePair.of("a b c", "x"), [(0, 0), (1, 0)]) == "a b ||| x\n"
    assert written(PAIR, []) == "\n"


@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5))))
def test_every_linked_word_is_in_one_group_with_all_that_it_is_linked_to(links):
    found = groups(Alignment.of(links))
    for side in (0, 1):
        assert sorted(word for group in found for word in group[side]) == sorted(
            {link[side] for link in links}
        )
    assert all(any(a in one and b in other for one, other in found) for a, b in links)


def test_an_alignment_knows_where_its_words_stand():
    assert Alignment.of([(1, 1), (4, 3)]).spans(PAIR) == [((4, 8), (2, 8)), ((13, 14), (11, 12))]
    with pytest.raises(InputError, match="no places"):
        Alignment.of([(0, 0)]).spans(("a", "b"))
    with pytest.raises(InputError, match="outside"):
        Alignment.of([(9, 0)]).spans(PAIR)


def test_an_aligner_makes_words_of_strings_as_it_is_told(tiny):
    aligner = Aligner.load(tiny("preset"), words="unicode", source_language="de", target_language="en")
    [(pair, _)] = aligner.align_pairs([("Das Haus.", ["the", "house."])])
    assert (pair.source, pair.source.spans) == (("Das", "Haus", "."), ((0, 3), (4, 8), (8, 9)))
    assert pair.target == ("the", "house.")
    assert aligner.explain(("Haus.", "house.")).alignment.links
    with pytest.raises(OptionError, match="words is 'moses'"):
        Aligner.load(tiny("preset"), words="moses")
