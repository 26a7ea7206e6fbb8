"""What strangers write is read, or refused with an XalignError, whatever its bytes are.

The same parsers, and the same inputs to begin with, as those of benchmarks/fuzz/, which makes millions of others.
"""

from contextlib import suppress

import pytest
from fuzz_checkpoints import CHECKPOINT_TARGETS
from fuzz_targets import TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

from xalign.errors import XalignError


def changed(seeds):
    """One of the seeds, with some bytes replaced by others, or cut off."""

    def change(seed, place, length, bytes_):
        place %= len(seed) + 1
        return seed[:place] + bytes_ + seed[place + length :]

    lengths = st.integers(0, 8) | st.just(10**6)
    return st.builds(change, st.sampled_from(seeds), st.integers(0), lengths, st.binary(max_size=8))


def expect_a_result_or_an_error(target, folder, examples):
    parse = target.parser(folder)

    @settings(max_examples=examples)
    @given(changed(target.seeds) | st.binary() | st.text().map(str.encode))
    def holds(content):
        with suppress(XalignError):
            parse(content)

    holds()
    for seed in target.seeds:
        with suppress(XalignError):
            parse(seed * (30_000 // len(seed)))


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read_or_refused(name, tmp_path):
    expect_a_result_or_an_error(TARGETS[name], tmp_path, 50)


@pytest.mark.parametrize("name", CHECKPOINT_TARGETS)
def test_a_checkpoint_with_any_bytes_in_a_file_is_loaded_or_refused(name, tmp_path):
    expect_a_result_or_an_error(CHECKPOINT_TARGETS[name], tmp_path, 10)
