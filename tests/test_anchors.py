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


def test_new_links_are_certain_and_others_keep_their_scores():
    alignment = Alignment(links=Alignment.of([(0, 0), (1, 1)]).links, scores=(0.3, 0.4), score=0.2)
    found = anchored(SentencePair.of("%s a %d", "%s b %d"), alignment)
    assert (found.scores, found.score) == ((0.3, 0.4, 1.0), 0.2)


def test_numbers_codes_and_addresses_are_linked_with_themselves_wherever_they_stand():
    source, target = "A-320 costs 1.5 at https://a.b/c", "Bei https://a.b/c kostet 1.5 die A-320"
    assert links(source, target, [(0, 1), (1, 2), (2, 3)]) == ((0, 5), (1, 2), (2, 3), (4, 1))


def test_a_number_that_a_side_has_twice_keeps_its_links():
    assert links("10 of 10", "10 von 10", [(0, 2)]) == ((0, 2),)


@given(st.lists(st.sampled_from(["a", "%", "{", "5", "<", "US$", "_"])), st.data())
def test_a_pair_without_such_words_keeps_its_alignment(words, data):
    number = st.integers(0, max(0, len(words) - 1))
    alignment = Alignment.of(data.draw(st.sets(st.tuples(number, number))) if words else [])
    assert anchored(SentencePair(tuple(words), tuple(words)), alignment) is alignment
