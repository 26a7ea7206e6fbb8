import re

import pytest
from rich.cells import cell_len

from xalign.links import Alignment
from xalign.score.evaluation import Gold, Hypothesis
from xalign.show.case import Exhibit
from xalign.show.terminal import grids
from xalign.text.sentences import SentencePair


def shown(source, target, links=(), gold=None, width=80, **fields):
    pair = SentencePair.of(source, target)
    alignment = Alignment(Alignment.of(links).links, **fields)
    exhibit = Exhibit.of([pair], [Hypothesis("out", [alignment])], gold and Gold("gold", [gold]))
    return "\n".join(text.plain for text in grids(exhibit, width))


def test_source_words_go_down_and_target_words_across():
    assert shown("das Haus", "the old house", [(0, 0), (1, 2)]).splitlines() == [
        "pair 1",
        "           h",
        "           o",
        "       t o u",
        "       h l s",
        "       e d e",
        "0  das ● · ·  the",
        "1 Haus · · ●  house",
    ]


def test_scores_stand_beside_the_words_and_above_the_grid():
    found = shown("a b", "x y", [(0, 0), (1, 1)], scores=(0.5, 0.25), score=0.375)
    assert "pair 1  score 0.375" in found
    assert "x 0.50" in found and "y 0.25" in found


def test_symbols_tell_what_the_gold_says_without_colours():
    gold = Alignment.of(sure=[(0, 0), (1, 1)], possible=[(2, 2), (2, 0)])
    lines = shown("a b c", "x y z", [(0, 0), (0, 1), (2, 2)], gold).splitlines()
    assert lines[0] == "pair 1  AER 40.0"
    assert lines[2:5] == ["0 a ● ✗ ·  x ✗y", "1 b · ○ ·  ○y", "2 c ◌ · ◐  ◐z"]
    assert lines[-1] == "● right   ◐ possible   ✗ wrong   ○ missing   ◌ open"


def test_wide_letters_take_two_cells_and_columns_stay_straight():
    lines = shown("我 喜欢 x", "苹果 y 。", [(0, 0), (1, 1), (2, 2)]).splitlines()
    cells = [line for line in lines if re.match(r"\d", line)]
    at = [cell_len(line[: line.index("●")]) for line in cells]
    assert at == [at[0], at[0] + 3, at[0] + 6]
    assert cells[0].startswith("0   我 ●") and cells[1].startswith("1 喜欢 ")


@pytest.mark.parametrize("target", ["הבית גדול", "घर बड़ा", "บ้าน ใหญ่"])
def test_words_whose_letters_do_not_stand_alone_have_numbers_above_their_columns(target):
    lines = shown("a b", target, [(0, 0)]).splitlines()
    plain = [re.sub("[\u200e\u2068\u2069]", "", line) for line in lines]
    first, second = target.split()
    assert plain[1].split() == ["0", first, "1", second]
    assert plain[2].split() == ["0", "1"]
    assert plain[3].endswith(first)


def test_words_from_right_to_left_turn_nothing_beside_them():
    """Each is isolated, and the line begins with a mark that makes it run from left to right."""
    lines = shown("שלום", "peace", [(0, 0)]).splitlines()
    assert lines[-1].startswith("\u200e0 ") and "\u2068שלום\u2069" in lines[-1]


def test_a_wide_grid_is_cut_into_parts_that_fit():
    text = shown("a b", " ".join(f"w{k}" for k in range(60)), [(0, 0), (1, 59)], width=60)
    rows = [line for line in text.splitlines() if line.startswith("0 a")]
    assert len(rows) > 1
    assert max(map(cell_len, text.splitlines())) <= 60
    assert sum(line.count("●") + line.count("·") for line in rows) == 60


def test_a_word_cannot_command_the_terminal():
    text = shown("a\x1b[31m\x07 b\x9b", "x\x1bc y", [(0, 0), (1, 1)])
    assert not set(text) & set(map(chr, [*range(10), *range(11, 32), *range(127, 160)]))
    assert "␛" in text


def test_links_to_words_that_do_not_exist_are_reported():
    assert "1 link to a word that does not exist, not shown" in shown("a", "x", [(0, 0), (0, 5)])


def test_an_empty_side_is_shown_without_a_grid():
    assert shown("", "").splitlines() == ["pair 1"]
    assert shown("a", "").splitlines() == ["pair 1", "0 a"]


def test_several_systems_stand_one_below_the_other_under_their_names():
    pair = SentencePair.of("a", "x")
    systems = [Hypothesis(name, [Alignment.of([(0, 0)])]) for name in ("one", "two")]
    text = "\n".join(each.plain for each in grids(Exhibit.of([pair], systems), 80))
    assert text.index("pair 1  one") < text.index("pair 1  two")
