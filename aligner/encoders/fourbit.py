"""Word embeddings at four bits a number: a table for inference, which cannot be trained.

A row consists of blocks of 32 numbers. Each block has a scale (float16) and 16 bytes; byte j holds number j of the
block in its low half and number j + 16 in its high half, each from 0 to 15. A number's value is (half - 8) x scale. In
a checkpoint the table is two tensors: `word_embeddings.packed`, uint8 (rows, width / 2), and `word_embeddings.scales`,
float16 (rows, width / 32).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

BLOCK = 32  # numbers that share a scale


class FourBitEmbedding(nn.Module):
    """Looks up rows as `nn.Embedding` does, and unpacks only those. Its values are float32, whatever the model's dtype.

    Args:
        rows: of the table.
        width: of a row; a multiple of 32.
    """

    packed: Tensor
    scales: Tensor

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.register_buffer("packed", torch.empty(rows, width // 2, dtype=torch.uint8))
        self.register_buffer("scales", torch.empty(rows, width // BLOCK, dtype=torch.float16))

    def forward(self, ids: Tensor) -> Tensor:
        """Shape: (...) -> (..., width)"""
        return unpack(self.packed[ids], self.scales[ids])

    @property
    def weight(self) -> Tensor:
        """The whole table. Shape: (rows, width)"""
        return unpack(self.packed, self.scales)


def unpack(packed: Tensor, scales: Tensor) -> Tensor:
    """Shape: (..., width / 2), (..., width / 32) -> (..., width)"""
    blocks = packed.view(*packed.shape[:-1], -1, BLOCK // 2)
    numbers = torch.cat([blocks & 15, blocks >> 4], dim=-1).float() - 8
    return (numbers * scales.float().unsqueeze(-1)).flatten(-2)


def pack(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The table at four bits. A table from `unpack` is packed without loss.

    The largest number of each block, by size, is stored as 0, which stands for -8 x scale.

    Shape: (rows, width) -> (rows, width / 2), (rows, width / 32)
    """
    blocks = weight.float().reshape(len(weight), -1, BLOCK)
    largest = blocks.gather(-1, blocks.abs().argmax(dim=-1, keepdim=True))
    scales = (largest / -8).half()
    divisors = torch.where(scales == 0, torch.ones_like(scales), scales).float()
    numbers = ((blocks / divisors).round().clamp(-8, 7) + 8).to(torch.uint8)
    low, high = numbers[..., : BLOCK // 2], numbers[..., BLOCK // 2 :]
    return (low | high << 4).flatten(-2), scales.squeeze(-1)
