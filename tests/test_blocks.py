"""Sentence pairs -> blocks: where they begin, how large they are."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.blocks import WORDS, Limits, block_around, blocks, too_large
from xalign.errors import OptionError
from xalign.text.sentences import SentencePair


def pairs_of(sizes):
    return [SentencePair(("a",) * size, (str(number),)) for number, size in enumerate(sizes)]


def starts(pairs, most):
    return [first for _, first in blocks(pairs, most, 64)]


@pytest.mark.parametrize("name", [each.name for each in fields(Limits)])
def test_limits_are_whole_numbers_from_1(name):
    for wrong in (0, -1, 1.5, "3"):
        with pytest.raises(OptionError, match=f"{name} is .*it must be a whole number from 1"):
            Limits(**{name: wrong})


def test_the_first_blocks_are_short_and_each_twice_the_one_before():
    pairs = pairs_of([3] * 1000)
    assert starts(pairs, 256) == [0, 64, 192, 448, 704, 960]
    assert starts(pairs, 10) == list(range(0, 1000, 10))
    assert starts([], 10) == []


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 9))
def test_every_pair_is_in_one_block_in_order_and_no_block_is_too_large(sizes, most):
    pairs = pairs_of(sizes)
    found = list(blocks(pairs, most, 64, words=8))
    assert [pair for block, _ in found for pair in block] == pairs
    for block, first in found:
        assert pairs[first : first + len(block)] == block
        assert len(block) <= most
        words = sum(len(pair.source) + len(pair.target) for pair in block)
        assert len(block) == 1 or words <= 8 * most


def test_long_lines_cut_a_block_and_move_none():
    """Whatever the lines of a block hold, the next one begins where it begins."""
    short = pairs_of([3] * 300)
    long = [SentencePair(("a",) * WORDS * 64, ("b",))] * 5 + short[5:]
    assert set(starts(short, 100)) < set(starts(long, 100))


@given(st.integers(0, 500), st.integers(1, 300))
def test_a_part_of_a_text_has_the_blocks_of_the_whole(first, most):
    """From the block on that has its first pair."""
    pairs = pairs_of([3] * 500)
    start, end = block_around(first, most, 64)
    assert start <= first < end <= start + most
    whole = [block for block in blocks(pairs, most, 64) if block[1] >= start]
    assert list(blocks(pairs[start:], most, 64, first=start)) == whole


def test_an_error_comes_after_the_pairs_before_it():
    def broken():
        yield from pairs_of([1] * 70)
        raise ValueError

    found = []
    with pytest.raises(ValueError):
        for block, _ in blocks(broken(), 100, 64):
            found += block
    assert found == pairs_of([1] * 70)


def test_a_pair_is_too_large_to_encode_or_to_compare():
    assert too_large([8, 4, 0], [0, 4, 8], "words", 8, 16) == {}
    assert too_large([0, 4, 3], [9, 5, 5], "words", 8, None) == {
        0: "0 + 9 words are too many to encode",
        1: "4 + 5 words are too many to encode",
    }
    assert too_large([3, 4], [5, 3], "subwords", 8, 12) == {0: "3 x 5 subwords are too many to compare"}
