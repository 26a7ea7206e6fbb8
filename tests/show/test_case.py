from pathlib import Path

import numpy as np
import pytest

from xalign.links import Alignment
from xalign.score.evaluation import Gold, Hypothesis
from xalign.show.case import Exhibit, Mark, Verdict, is_right_to_left, marks
from xalign.text.sentences import SentencePair

PAIR = SentencePair.of("a b c", "x y z")
GOLD = Alignment.of(sure=[(0, 0), (1, 1)], possible=[(2, 2), (1, 2)])


def test_without_gold_every_link_is_just_a_link():
    assert marks(Alignment.of([(0, 1)]), None, PAIR) == [Mark(0, 1, Verdict.LINK)]


def test_every_verdict_of_the_gold():
    found = marks(Alignment.of([(0, 0), (2, 2), (0, 2)]), GOLD, PAIR)
    assert found == [
        Mark(0, 0, Verdict.RIGHT),
        Mark(0, 2, Verdict.WRONG),
        Mark(1, 1, Verdict.MISSING),
        Mark(1, 2, Verdict.OPEN),
        Mark(2, 2, Verdict.POSSIBLE),
    ]


def test_an_empty_gold_makes_every_link_wrong():
    assert [mark.verdict for mark in marks(Alignment.of([(0, 0)]), Alignment(), PAIR)] == [Verdict.WRONG]


def test_a_gold_of_possible_links_alone_misses_nothing():
    found = marks(Alignment(), Alignment.of([], [(0, 0)]), PAIR)
    assert [mark.verdict for mark in found] == [Verdict.OPEN]


def test_scores_stay_with_their_links():
    alignment = Alignment(Alignment.of([(0, 0), (1, 1)]).links, scores=(0.25, 0.5))
    assert [mark.score for mark in marks(alignment, GOLD, PAIR)] == [0.25, 0.5, None, None]


def test_links_to_words_that_do_not_exist_are_not_marked():
    assert marks(Alignment.of([(0, 3), (-1, 0), (2, 2)]), None, PAIR) == [Mark(2, 2, Verdict.LINK)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("12 .", False),
        ("( שלום )", True),
        ("مرحبا x", True),
        ("x مرحبا", False),
        ("我 们", False),
    ],
)
def test_direction_is_that_of_the_first_letter_that_has_one(text, expected):
    assert is_right_to_left(text.split()) is expected


def test_an_exhibit_puts_together_what_belongs_to_a_pair():
    systems = [Hypothesis("one", [GOLD, Alignment()]), Hypothesis("two", [Alignment(), GOLD])]
    similarity = np.zeros((3, 3), dtype=np.float32)
    exhibit = Exhibit.of([PAIR, PAIR], systems, Gold("gold", [GOLD, GOLD]), [similarity, similarity], [4, 7])
    assert (exhibit.systems, exhibit.gold) == (("one", "two"), "gold")
    first, second = exhibit.cases
    assert (first.number, second.number) == (4, 7)
    assert first.alignments == (GOLD, Alignment())
    assert second.alignments == (Alignment(), GOLD)
    assert {mark.verdict for mark in first.marks(0)} == {Verdict.RIGHT, Verdict.POSSIBLE}


def test_pairs_are_numbered_from_1():
    assert [case.number for case in Exhibit.of([PAIR] * 2, []).cases] == [1, 2]


def test_the_marks_of_the_page_are_all_in_its_script_and_style():
    folder = Path(__file__).resolve().parents[2] / "aligner" / "show" / "page"
    for name in ("base.js", "page.css"):
        text = (folder / name).read_text(encoding="utf-8")
        assert [verdict for verdict in Verdict if verdict not in text] == []
