"""Masking: how much, into what, never a special subword, the same again under the same seed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from xalign.errors import OptionError
from xalign.layout import Side
from xalign.train.masking import Masker, unmasked
from xalign.train.options import ObjectiveOptions


@pytest.fixture
def bert(encoder):
    return encoder("bert")


@pytest.fixture
def side(bert):
    """400 sentences of 1 to 250 ordinary subwords."""
    random = np.random.default_rng(5)
    sizes = random.integers(1, 251, 400)
    words = np.where(np.arange(250) < sizes[:, None], np.arange(250), -1)
    ids = np.where(words >= 0, random.integers(5, len(bert.tokenizer), words.shape), bert.pad_id)
    return Side(torch.from_numpy(ids), torch.from_numpy(words), sizes)


def share(part, whole):
    return (part.sum() / whole.sum()).item()


def test_so_many_become_what_they_should(bert, side):
    torch.manual_seed(1)
    masked = Masker(bert)(side)
    chosen = masked.chosen
    assert share(chosen, side.mask) == pytest.approx(0.15, abs=0.005)
    became_mask = chosen & (masked.side.ids == bert.tokenizer.mask_token_id)
    stayed = chosen & (masked.side.ids == side.ids)
    assert share(became_mask, chosen) == pytest.approx(0.8, abs=0.015)
    assert share(stayed, chosen) == pytest.approx(0.1, abs=0.015)
    assert share(chosen & ~became_mask & ~stayed, chosen) == pytest.approx(0.1, abs=0.015)


def test_what_is_asked_is_what_stood_there(bert, side):
    torch.manual_seed(2)
    masked = Masker(bert, rate=0.4)(side)
    assert torch.equal(masked.asked[masked.chosen], side.ids[masked.chosen])
    assert torch.equal(masked.side.ids[~masked.chosen], side.ids[~masked.chosen])
    assert share(masked.chosen, side.mask) == pytest.approx(0.4, abs=0.01)


def test_specials_and_padding_are_neither_masked_nor_put_in(bert, side):
    torch.manual_seed(3)
    masked = Masker(bert, rate=0.9)(side)
    assert not masked.chosen[~side.mask].any()
    put_in = set(masked.side.ids[masked.chosen].unique().tolist())
    assert put_in & set(bert.tokenizer.all_special_ids) == {bert.tokenizer.mask_token_id}


def test_a_seed_repeats_it(bert, side):
    mask = Masker(bert)
    torch.manual_seed(4)
    once = mask(side)
    other = mask(side)
    torch.manual_seed(4)
    again = mask(side)
    assert torch.equal(once.side.ids, again.side.ids) and torch.equal(once.asked, again.asked)
    assert not torch.equal(once.asked, other.asked)


def test_words_and_sizes_stay(bert, side):
    masked = Masker(bert)(side).side
    assert replace(masked, ids=side.ids).words is side.words and masked.sizes is side.sizes


def test_an_unmasked_side_asks_nothing(side):
    whole = unmasked(side)
    assert not whole.chosen.any() and whole.side is side


def test_a_vocabulary_without_mask_is_refused(bert):
    bert.vocabulary = replace(bert.vocabulary, mask=None)
    with pytest.raises(OptionError, match="no mask"):
        Masker(bert)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1])
def test_a_rate_that_teaches_nothing_is_refused(rate):
    with pytest.raises(OptionError, match=r"mask_rate is .*: it must be a number above 0 and below 1"):
        ObjectiveOptions(mask_rate=rate)


def test_an_encoder_that_reads_one_way_is_refused(encoder):
    with pytest.raises(OptionError, match="cannot fill in what is masked"):
        Masker(encoder("xlm-clm"))
