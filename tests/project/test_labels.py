from hypothesis import given
from hypothesis import strategies as st

from xalign.links import Alignment
from xalign.project.labels import fill, project_labels


def test_most_of_the_linked_words_decide():
    pairs = [(0, 0), (1, 0), (2, 0)]
    assert project_labels(["DET", "NOUN", "NOUN"], Alignment.of(pairs), 1) == [1]


def test_of_as_many_the_scores_decide():
    alignment = Alignment(links=Alignment.of([(0, 0), (1, 0)]).links, scores=(0.4, 0.6))
    assert project_labels(["ADP", "DET"], alignment, 1) == [1]


def test_words_without_links_and_those_linked_to_no_label_have_none():
    assert project_labels([None, "X"], Alignment.of([(0, 0)]), 2) == [None, None]


@given(st.lists(st.sampled_from("AB"), min_size=1), st.sets(st.tuples(st.integers(0, 9), st.integers(0, 5))))
def test_a_word_takes_its_label_from_a_word_that_it_is_linked_to(labels, pairs):
    alignment = Alignment.of(pair for pair in pairs if pair[0] < len(labels))
    for target, source in enumerate(project_labels(labels, alignment, 6)):
        linked = [link.source for link in alignment.links if link.target == target]
        assert source in linked if linked else source is None


def test_a_word_is_filled_with_what_it_is_most_often():
    sentences = [
        (["die", "Die", "neu"], ["PRON", None, None]),
        (["die", "die", "die"], ["DET", "DET", None]),
    ]
    fill(sentences)
    assert [labels for _, labels in sentences] == [["PRON", "DET", None], ["DET", "DET", "DET"]]
