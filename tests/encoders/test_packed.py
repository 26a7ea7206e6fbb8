"""Packed sequences attend to themselves alone, whatever their lengths and however they are grouped."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from xalign.encoders import packed

HEADS, WIDTH = 2, 16
lengths = st.lists(st.integers(1, 40), min_size=1, max_size=40)


def padded(sizes):
    mask = torch.arange(max(sizes)) < torch.tensor(sizes)[:, None]
    states = torch.randn(*mask.shape, 3 * WIDTH, generator=torch.Generator().manual_seed(len(sizes)))
    return states, mask


@given(sizes=lengths)
def test_packing_and_unpacking_keeps_what_is_real(sizes):
    states, mask = padded(sizes)
    packing = packed._Packing(mask)
    rows = packing.pack(states)
    assert len(rows) % 32 == 0
    assert torch.equal(packing.unpack(rows), states.masked_fill(~mask[:, :, None], 0))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
@pytest.mark.parametrize("gathered", [1, 2**10, 2**19])
@given(sizes=lengths)
def test_each_sequence_attends_to_itself(dtype, tolerance, gathered, sizes):
    states, mask = padded(sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "_GATHERED", gathered)
        packing = packed._Packing(mask)
        found = packing.unpack(packing.attend(packing.pack(states.to(dtype)), HEADS))
    for row, size in enumerate(sizes):
        query, key, value = states[row, :size].view(size, 3, HEADS, -1).permute(1, 2, 0, 3)
        expected = (
            functional.scaled_dot_product_attention(query, key, value).transpose(0, 1).reshape(size, -1)
        )
        torch.testing.assert_close(found[row, :size].float(), expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("gelu", [False, True])
def test_bfloat16_is_multiplied_without_onednn_too(monkeypatch, gelu):
    layer = torch.nn.Linear(8, 6).bfloat16()
    rows, added = torch.randn(5, 8).bfloat16(), torch.randn(5, 6).bfloat16()
    usual = packed._product(layer, gelu=gelu)(rows), packed._sum(layer)(rows, added)
    monkeypatch.setattr(packed, "_onednn_takes", lambda weight: False)
    for found, expected in zip(
        (packed._product(layer, gelu=gelu)(rows), packed._sum(layer)(rows, added)), usual, strict=True
    ):
        torch.testing.assert_close(found, expected, atol=0.03, rtol=0.03)
