"""Packed sequences attend to themselves alone, whatever their lengths and however they are grouped."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xalign.encoders.packed import GATHERED, PackedBlocks
from xalign.encoders.prenorm import PrenormModel
from xalign.encoders.shape import Shape

HEADS, WIDTH, LAYERS = 2, 16, 2
SHAPE = Shape(
    vocab_size=5,
    hidden_size=WIDTH,
    num_hidden_layers=LAYERS,
    num_attention_heads=HEADS,
    intermediate_size=2 * WIDTH,
    max_position_embeddings=9,
)
lengths = st.lists(st.integers(1, 40), min_size=1, max_size=40)


def drawn(dtype):
    torch.manual_seed(1)
    model = PrenormModel(SHAPE).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    return model.to(dtype)


@pytest.fixture(scope="module")
def model():
    return drawn(torch.float32)


@pytest.fixture(scope="module")
def half():
    return drawn(torch.bfloat16)


def padded(sizes):
    mask = torch.arange(max(sizes)) < torch.tensor(sizes)[:, None]
    states = torch.randn(*mask.shape, WIDTH, generator=torch.Generator().manual_seed(len(sizes)))
    return states, mask


@torch.inference_mode()
def run(model, states, mask, **values):
    packed = PackedBlocks(model.blocks, HEADS, model.final, **values)
    return packed.run(states.to(model.blocks[0].LayerNorm.weight.dtype), mask, {1, LAYERS})


@given(sizes=lengths)
def test_each_sequence_is_computed_as_if_it_were_alone(model, sizes):
    states, mask = padded(sizes)
    found = run(model, states, mask)
    for row, size in enumerate(sizes):
        with torch.inference_mode():
            expected = model(states[row : row + 1, :size], None, {1, LAYERS})
        for layer in (1, LAYERS):
            torch.testing.assert_close(found[layer][row, :size], expected[layer][0], atol=1e-4, rtol=1e-4)


@given(sizes=lengths)
def test_padding_has_no_states(model, sizes):
    states, mask = padded(sizes)
    assert not run(model, states, mask)[1][~mask].any()


@pytest.mark.parametrize("gathered", [1, 2**10, GATHERED])
@given(sizes=lengths)
def test_in_bfloat16_too_however_many_are_taken_at_a_time(half, gathered, sizes):
    states, mask = padded(sizes)
    found = run(half, states, mask, gathered=gathered)[LAYERS]
    with torch.inference_mode():
        expected = half(states.bfloat16(), mask, {LAYERS})[LAYERS]
    error = (found - expected)[mask].float().norm() / expected[mask].float().norm()
    assert error < 0.02


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_without_onednn_the_states_are_the_same(dtype):
    model = drawn(dtype)
    states, mask = padded([3, 7, 20])
    usual = run(model, states, mask)[LAYERS]
    with torch.backends.mkldnn.flags(enabled=False):
        found = run(model, states, mask)[LAYERS]
    tolerance = 1e-5 if dtype == torch.float32 else 0.05
    torch.testing.assert_close(found[mask], usual[mask], atol=tolerance, rtol=tolerance)
