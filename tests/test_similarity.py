"""Similarity of positions, and words as the mean of their subwords."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import OptionError
from xalign.method import Similarity
from xalign.similarity import MEASURES, pool_places, pool_words, similarity


def states(*size, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(size, dtype=np.float32))


def test_dot_and_cosine_of_states_to_check_with_a_pencil():
    source = torch.tensor([[[3.0, 4.0], [1.0, 0.0]]])
    target = torch.tensor([[[3.0, 4.0], [-2.0, 0.0], [0.0, 0.0]]])
    assert similarity(source, target, "dot").tolist() == [[[25.0, -6.0, 0.0], [3.0, -2.0, 0.0]]]
    # cosines 1, -3/5, 0 (a state of zeros resembles nothing) and 3/5, -1, 0
    torch.testing.assert_close(
        similarity(source, target, "cosine"), torch.tensor([[[1.0, 0.2, 0.5], [0.8, 0.0, 0.5]]])
    )


@pytest.mark.parametrize("method", MEASURES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_similarity_is_computed_in_float32_whatever_the_states_are_in(method, dtype):
    source, target = states(2, 3, 8).to(dtype), states(2, 4, 8, seed=1).to(dtype)
    found = similarity(source, target, method)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, similarity(source.float(), target.float(), method), rtol=0, atol=0)


def test_an_unknown_similarity_is_refused_with_the_known_ones():
    with pytest.raises(OptionError, match="similarity is 'euclid': choose one of dot, cosine"):
        similarity(states(1, 2, 3), states(1, 2, 3), "euclid")


def test_the_names_that_options_offer_are_those_that_exist():
    assert list(MEASURES) == list(Similarity)


@given(st.lists(st.lists(st.integers(0, 3), max_size=5), min_size=1, max_size=3), st.floats(width=32))
def test_a_word_is_the_mean_of_its_subwords_whatever_padding_holds(subwords_per_word, filler):
    """Each sentence is a list of words, each word its number of subwords (0: the tokenizer dropped it)."""
    longest = max(sum(sizes) for sizes in subwords_per_word) + 1
    words = max(len(sizes) for sizes in subwords_per_word) + 1
    hidden = states(len(subwords_per_word), longest, 4)
    index = torch.full(hidden.shape[:2], -1)
    expected = torch.zeros(len(subwords_per_word), words, 4)
    real = torch.zeros(len(subwords_per_word), words, dtype=torch.bool)
    for sentence, sizes in enumerate(subwords_per_word):
        start = 0
        for word, size in enumerate(sizes):
            index[sentence, start : start + size] = word
            if size:
                expected[sentence, word] = hidden[sentence, start : start + size].mean(0)
                real[sentence, word] = True
            start += size
        hidden[sentence, start:] = filler
    pooled, mask = pool_words(hidden, index, words)
    assert torch.equal(mask, real)
    torch.testing.assert_close(pooled, expected)
    places = torch.arange(hidden[..., 0].numel()).view(hidden.shape[:2])
    pooled, mask = pool_places(hidden.flatten(0, 1), places, index, words)
    assert torch.equal(mask, real)
    torch.testing.assert_close(pooled, expected)


def test_pooling_can_be_trained_through():
    hidden = states(1, 3, 2).requires_grad_()
    pool_words(hidden, torch.tensor([[0, 0, -1]]), 1)[0].sum().backward()
    assert hidden.grad.tolist() == [[[0.5, 0.5], [0.5, 0.5], [0.0, 0.0]]]
