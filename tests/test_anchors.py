from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.anchors import anchored
from xalign.links import Alignment
from xalign.text.sentences import SentencePair


def links(source, target, pairs, **values):
    return anchored(SentencePair.of(source, target), Alignment.of(pairs)).links


def test_placeholders_are_linked_with_themselves_and_with_nothing_else():
    source, target = "{user} shared {file} with {group}", "{group} hat {file} von {user} erhalten"
    assert links(source, target, [(0, 0), (1, 5), (2, 2), (4, 4)]) == ((0, 4), (1, 5), (2, 2), (4, 0))


def test_the_same_placeholder_is_linked_in_order_where_both_sides_have_it_as_often():
    assert links("%s of %s", "%s von %s", [(0, 2), (1, 1), (2, 0)]) == ((0, 0), (1, 1), (2, 2))
    assert links("%s of %s", "von %s", [(0, 1), (1, 0)]) == ((0, 1), (1, 0))


def test_links_of_copied_words_are_certain_and_others_keep_their_scores():
    alignment = Alignment(links=Alignment.of([(0, 0), (1, 1)]).links, scores=(0.3, 0.4), score=0.2)
    found = anchored(SentencePair.of("%s a %d", "%s b %d"), alignment)
    assert (found.scores, found.score) == ((1.0, 0.4, 1.0), 0.2)


def test_numbers_codes_and_addresses_are_linked_with_themselves_wherever_they_stand():
    source, target = "A-320 costs 1.5 at https://a.b/c", "Bei https://a.b/c kostet 1.5 die A-320"
    assert links(source, target, [(0, 1), (1, 2), (2, 3)]) == ((0, 5), (1, 2), (2, 3), (4, 1))


def test_a_number_that_a_side_has_twice_keeps_its_links():
    assert links("10 of 10", "10 von 10", [(0, 2)]) == ((0, 2),)


@given(st.lists(st.sampled_from(["a", "%", "{", "5", "<", "US$", "_"])), st.data())
def test_a_pair_without_such_words_keeps_its_alignment(words, data):
    number = st.integers(0, max(0, len(words) - 1))
    alignment = Alignment.of(data.draw(st.sets(st.tuples(number, number))) if words else [])
    assert anchored(SentencePair(tuple(words), (*words, "b")), alignment) is alignment


@given(st.lists(st.sampled_from(["a", "-", "{x}", "%s", "0x1f", "10", "000", "<b>"]), min_size=1), st.data())
def test_a_line_that_is_not_translated_is_linked_word_by_word(words, data):
    number = st.integers(0, len(words) - 1)
    given = sorted(data.draw(st.sets(st.tuples(number, number))))
    alignment = replace(Alignment.of(given), scores=(0.5,) * len(given), score=0.25)
    found = anchored(SentencePair(tuple(words), tuple(words)), alignment)
    assert found.links == tuple((k, k) for k in range(len(words)))
    assert found.scores == (1.0,) * len(words)
    assert found.score == 1.0


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("{user}, {file}!", "{file}, {user}!", "0-1 1-0"),  # punctuation that is not split off
        ("{user}'s dog", "Hund von {user}", "0-2"),  # a word that is more than its placeholder
        ("{0} from {1}", "{1}'dan {0}", "0-1 2-0"),
        (
            ["<a href='/en'>", "x", "</a>"],
            ["y", "<a href='/de'>", "</a>"],
            "0-1 2-2",
        ),  # attributes are translated
        (['<x id="1"/>', '<x id="2"/>'], ['<x id="2"/>', '<x id="1"/>'], "0-1 1-0"),
        ("&lt; or &amp;", "&amp; oder &lt;", "0-2 2-0"),
        ("a.txt or b.yaml", "b.yaml oder a.txt", "0-2 2-0"),
        ("#fun in the U.S.", "U.S.: #fun", "0-1 3-0"),
        ("C:\\temp or D:\\b", "D:\\b , C:\\temp", "0-2 2-0"),
        ("costs $10.", "$10, kostet", "1-0"),
        (
            "sold 10,000 in 2,016",
            "2.016 wurden 10.000 verkauft",
            "1-2 3-0",
        ),  # thousands, however they are separated
        ("[[user]] saw [[item]]", "[[item]], [[user]]", "0-1 2-0"),
        ("[user], :file", ":file: [user]!", "0-1 1-0"),
        ("$(date) by $(whoami)", "$(whoami) am $(date)", "0-2 2-0"),
        ("<<fig>> or ⟦tab⟧", "⟦tab⟧ oder <<fig>>", "0-2 2-0"),
        ("[12] is", "12 ist", "0-0"),
        ("10 000 euros", "euros : 10,000", "0-2 1-2"),
        ("10000 euros", "1 euros : 10\u00a0000", "0-3"),
        ("1.234.567 is it", "is 1 234 567", "0-1 0-2 0-3"),
        ("10 000 or 10 000", "10,000 or 10,000", ""),
    ],
)
def test_what_a_translation_copies_is_found_in_its_words(source, target, expected):
    assert " ".join(f"{i}-{j}" for i, j in links(source, target, [])) == expected


def test_a_word_that_is_more_than_its_placeholder_keeps_links_with_ordinary_words_alone():
    given = [(0, 1), (0, 2), (0, 3), (1, 0)]
    assert links("{user}'s dog", "Hund von {user} {group}", given) == ((0, 1), (0, 2), (0, 3), (1, 0))
    assert links("{user}'s {dog}", "{dog} von {user}", [(0, 0), (0, 1), (1, 2)]) == ((0, 1), (0, 2), (1, 0))


def test_quotation_marks_that_are_escaped_copy_nothing():
    assert links("&quot; a", "b &quot;", [(0, 0)]) == ((0, 0),)
