"""Sentences that are too long -> windows: they cover the sentence, move in step, and each subword has its best one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.input_shape import InputShape, Positions
from xalign.windows import cut, most_central, pair_windows, spans, window_count


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=6), st.integers(8, 60)
)
def test_only_what_is_too_long_is_cut(pairs, limit):
    sides = tuple(np.array(side) for side in zip(*pairs, strict=True))
    both = cut(sides, InputShape(encode="pair"), limit)
    for number, (source, target) in enumerate(pairs):
        assert {int(windows.counts[number]) > 1 for windows in both} == {source + target > limit}
    [alone] = cut(sides[:1], InputShape(), limit)
    assert (alone.counts > 1).tolist() == (sides[0] > limit).tolist()


@given(st.integers(1, 200), st.integers(2, 40))
def test_windows_cover_the_sentence_and_neighbours_share_about_half(size, width):
    width = min(width, size)
    found = spans(size, width, window_count(size, width))
    assert found[0][0] == 0 and found[-1][1] == size
    assert all(end - start == width for start, end in found)
    for (start, _), (following, _) in pairwise(found):
        assert 0 < following - start <= (width + 1) // 2


@given(st.integers(1, 300), st.integers(1, 300), st.integers(8, 60), st.sampled_from(Positions))
def test_windows_of_a_pair_move_through_both_sides_in_step(source, target, limit, positions):
    windows = pair_windows(source, target, InputShape(encode="pair", positions=positions), limit)
    assert windows[0][0][0] == windows[0][1][0] == 0
    assert windows[-1][0][1] == source and windows[-1][1][1] == target
    for side in (0, 1):
        for (start, end), (next_start, next_end) in pairwise(window[side] for window in windows):
            assert start <= next_start <= end <= next_end  # nothing is left out between them


@given(st.integers(1, 600), st.integers(1, 600), st.integers(8, 512))
def test_both_sides_of_a_window_share_the_limit(source, target, limit):
    source_share, target_share = InputShape(encode="pair").shares(source, target, limit)
    assert 1 <= source_share <= source and 1 <= target_share <= target
    assert source_share + target_share <= limit or (source_share, target_share) == (source, target)
    if source + target > limit:
        assert source_share + target_share == limit  # nothing is left unused
        assert min(source, limit // 4) <= source_share and min(target, limit // 4) <= target_share


@pytest.mark.parametrize(
    ("size", "windows", "chosen"),
    [
        (4, [(0, 4)], [0, 0, 0, 0]),
        (6, [(0, 4), (2, 6)], [0, 0, 0, 1, 1, 1]),
        (5, [(0, 3), (1, 4), (2, 5)], [0, 0, 1, 2, 2]),
    ],
)
def test_the_window_with_a_subword_at_its_middle_is_chosen(size, windows, chosen):
    assert most_central(size, np.array(windows)).tolist() == chosen


@given(st.integers(2, 200), st.integers(2, 40), st.integers(0, 5))
def test_the_chosen_window_is_as_far_from_a_cut_as_any(size, width, more):
    width = min(width, size - 1)
    windows = spans(size, width, window_count(size, width) + more)
    for number, chosen in enumerate(most_central(size, np.array(windows)).tolist()):
        reach = [
            min(size if start == 0 else number - start, size if end == size else end - 1 - number)
            for start, end in windows
        ]
        assert reach[chosen] == max(reach)


def test_a_sentence_that_is_whole_in_every_window_takes_them_in_turn():
    assert most_central(6, np.array([(0, 6)] * 3)).tolist() == [0, 0, 1, 1, 2, 2]
