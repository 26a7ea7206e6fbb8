import random

import pytest

from xalign.formats import parse_pharaoh, read_alignments
from xalign.links import Alignment
from xalign.score.plausibility import Reading, better_reading, out_of_range
from xalign.text.sentences import SentencePair

PAIRS = [SentencePair(("das", "Haus"), ("the", "house", "."))] * 2


def test_links_to_words_below_0_are_seen_without_text():
    alignments = [parse_pharaoh("0-0"), parse_pharaoh("0-0 2--100")]
    assert (
        out_of_range(alignments)
        == "1 link to a word that does not exist, first 2--100 (counted from 0) in pair 2"
    )


def test_links_beyond_the_sentences_are_seen_with_text():
    alignments = [parse_pharaoh("0-0 1-2"), parse_pharaoh("0-0 2-2 1-3")]
    assert out_of_range(alignments) is None
    assert out_of_range(alignments, PAIRS) == (
        "2 links to a word that does not exist, first 1-3 (counted from 0) in pair 2"
    )


@pytest.mark.parametrize(("line", "base"), [("1-1 2-3", 1), ("-1--1 0-1", 0)])
def test_numbers_that_are_off_by_one_throughout_are_named(line, base):
    assert out_of_range([parse_pharaoh(line)], PAIRS).endswith(
        f": the file probably counts words from {base}"
    )


def gold_and_shift(source=0, target=0, reverse=False):
    draw = random.Random(1)
    gold = [Alignment.of((i, draw.randrange(12)) for i in range(12)) for _ in range(20)]
    moved = [Alignment.of((i + source, j + target) for i, j in pair.links) for pair in gold]
    return gold, [pair.reversed() for pair in moved] if reverse else moved


@pytest.mark.parametrize(
    ("hypothesis", "reading"),
    [
        ({"source": 1, "target": 1}, Reading(-1, False)),
        ({"source": -1, "target": -1}, Reading(1, False)),
        ({"reverse": True}, Reading(0, True)),
        ({"source": 1, "target": 1, "reverse": True}, Reading(-1, True)),
    ],
)
def test_a_misread_hypothesis_is_found_out(hypothesis, reading):
    gold, misread = gold_and_shift(**hypothesis)
    assert better_reading(misread, gold) == (reading, 0.0)


def test_right_links_raise_no_doubt():
    gold, hypothesis = gold_and_shift()
    assert better_reading(hypothesis, gold) is None


def test_links_as_good_as_random_raise_no_doubt():
    gold, _ = gold_and_shift()
    draw = random.Random(2)
    noise = [Alignment.of((draw.randrange(12), draw.randrange(12)) for _ in range(12)) for _ in range(20)]
    assert better_reading(noise, gold) is None


def test_a_handful_of_links_proves_nothing():
    assert better_reading([parse_pharaoh("1-1 2-2")], [parse_pharaoh("0-0 1-1")]) is None


@pytest.mark.parametrize("name", ["giza.union", "giza.intersection", "fastalign.reverse"])
def test_published_alignments_are_told_from_misread_ones(name, shared):
    path, reverse = shared(f"reference/lilt-deen/{name}.talp"), "reverse" in name
    gold = read_alignments(shared("data/gold/test/de-en/alignv2.txt"))
    assert better_reading(read_alignments(path, reverse=reverse), gold) is None
    flipped = read_alignments(path, reverse=not reverse)
    assert better_reading(flipped, gold).reading == Reading(0, True)
    shifted = read_alignments(path, one_based=True, reverse=reverse)
    assert better_reading(shifted, gold).reading == Reading(1, False)
