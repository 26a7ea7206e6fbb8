"""Transformer blocks laid out for a processor that aligns and does not train: few and large products, of real
subwords alone.

The subwords of all sequences stand end to end, without padding, so that products with weights waste nothing;
sequences of one length stand together, so that attention takes them as one array and needs no mask. Query, key and
value come of one product. Knows the blocks of BERT and XLM-R, which normalise after each addition, and those of
XLM-RoBERTa-XL, which normalise before each product, by transformers' names. Does not: train; run on a GPU, whose
kernels prefer one padded array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

_CACHED_SCORES = 2**18
_USUAL_ROWS = 4_096  # what oneDNN lays weights out for; other numbers of rows work too

Rows = Callable[[Tensor], Tensor]
"""A function of every row alone. Shape: (rows, in) -> (rows, out)"""


class PackedBlocks:
    """An encoder's first blocks. `final`: what normalises the output of the last of them, where anything does."""

    def __init__(self, blocks: Sequence[nn.Module], heads: int, final: nn.Module | None = None) -> None:
        self._blocks = [_Block(block, heads) for block in blocks]
        self._final = final

    def run(self, states: Tensor, mask: Tensor, layers: Set[int]) -> dict[int, Tensor]:
        """The hidden states of `layers`, from those of layer 0; zeros at padding, which stands at the end of rows.

        Shape: (batch, subwords, width), (batch, subwords) -> (batch, subwords, width) each
        """
        packing = _Packing(mask)
        found = {0: states} if 0 in layers else {}
        rows = packing.pack(states)
        for layer, block in enumerate(self._blocks[: max(layers)], start=1):
            rows = block(rows, packing)
            if layer in layers:
                is_last = layer == len(self._blocks)
                found[layer] = packing.unpack(self._final(rows) if is_last and self._final else rows)
        return found


class _Packing:
    """Where the real positions of a padded batch stand, end to end, shorter sequences first."""

    def __init__(self, mask: Tensor) -> None:
        lengths = mask.sum(1).numpy()
        order = np.argsort(lengths, kind="stable")
        lengths = lengths[order]
        self._shape = mask.shape
        self._is_whole = bool(lengths[0] == mask.shape[1])
        self._places = torch.empty(0)
        if not self._is_whole:
            columns = np.arange(mask.shape[1])
            places = order[:, None] * mask.shape[1] + columns
            self._places = torch.from_numpy(places[columns < lengths[:, None]])
        # The sequences of one length, and where their rows end.
        self._lengths, counts = np.unique(lengths, return_counts=True)
        self._bounds = [0, *(self._lengths * counts).cumsum().tolist()]

    def pack(self, states: Tensor) -> Tensor:
        """Shape: (batch, subwords, width) -> (rows, width)"""
        flat = states.flatten(0, 1)
        return flat if self._is_whole else flat.index_select(0, self._places)

    def unpack(self, rows: Tensor) -> Tensor:
        """Shape: (rows, width) -> (batch, subwords, width)"""
        if not self._is_whole:
            padded = rows.new_zeros(self._shape.numel(), rows.shape[1])
            rows = padded.index_copy_(0, self._places, rows)
        return rows.view(*self._shape, -1)

    def attend(self, projected: Tensor, heads: int) -> Tensor:
        """What every row gathers from its own sequence. Shape: (rows, 3 x width) -> (rows, width)"""
        gather = _attend_in_bfloat16 if projected.dtype == torch.bfloat16 else _attend
        parts = [
            gather(projected[start:end].view(-1, length, projected.shape[1]), heads)
            for length, (start, end) in zip(self._lengths.tolist(), pairwise(self._bounds), strict=True)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def _attend(projected: Tensor, heads: int) -> Tensor:
    """Sequences of one length. Shape: (sequences, subwords, 3 x width) -> (rows, width)"""
    context = functional.scaled_dot_product_attention(*_heads(projected, heads))
    return context.transpose(1, 2).flatten(2).flatten(0, 1)


def _attend_in_bfloat16(projected: Tensor, heads: int) -> Tensor:
    """As `_attend`, in half the time: torch's own is made for longer sequences, and its softmax for float32.

    Takes as many sequences at a time as the cache has room for scores.
    """
    subwords, width = projected.shape[1], projected.shape[2] // 3
    scale = (width // heads) ** -0.5
    parts = []
    for part in torch.split(projected, max(1, _CACHED_SCORES // (heads * subwords**2))):
        query, key, value = _heads(part, heads).flatten(1, 2)
        scores = torch.bmm(query, key.transpose(1, 2)).float().mul_(scale)
        context = torch.bmm(scores.softmax(-1).to(projected.dtype), value)
        context = context.view(len(part), heads, subwords, width // heads)
        parts.append(context.transpose(1, 2).reshape(-1, width))
    return torch.cat(parts)


def _heads(projected: Tensor, heads: int) -> Tensor:
    """(sequences, subwords, 3 x width) -> (3, sequences, heads, subwords, width of a head)"""
    width = projected.shape[2] // (3 * heads)
    return projected.view(*projected.shape[:2], 3, heads, width).permute(2, 0, 3, 1, 4)


class _Block:
    """One block; takes its weights from transformers' module, or from one that names them alike."""

    def __init__(self, block: Any, heads: int) -> None:
        attention = block.attention
        projections = [getattr(attention.self, name) for name in ("query", "key", "value")]
        self._heads = heads
        self._project = _product(*projections)
        self._gather = _product(attention.output.dense)
        self._widen = _product(block.intermediate.dense, gelu=True)
        self._narrow = _product(block.output.dense)
        self._norms_first = hasattr(attention, "self_attn_layer_norm")
        if self._norms_first:
            self._norm, self._inner_norm = attention.self_attn_layer_norm, block.LayerNorm
        else:
            self._norm, self._inner_norm = attention.output.LayerNorm, block.output.LayerNorm

    def __call__(self, rows: Tensor, packing: _Packing) -> Tensor:
        """Shape: (rows, width), kept"""
        if self._norms_first:
            rows = self._attend(self._norm(rows), packing).add_(rows)
            return self._narrow(self._widen(self._inner_norm(rows))).add_(rows)
        rows = self._norm(self._attend(rows, packing).add_(rows))
        output: Tensor = self._inner_norm(self._narrow(self._widen(rows)).add_(rows))
        return output

    def _attend(self, rows: Tensor, packing: _Packing) -> Tensor:
        return self._gather(packing.attend(self._project(rows), self._heads))


def _product(*layers: nn.Linear, gelu: bool = False) -> Rows:
    """One product for all of `layers`, their results side by side, and GELU after it where that is asked for."""
    weight = torch.cat([layer.weight.detach() for layer in layers])
    bias = torch.cat([layer.bias.detach() for layer in layers])
    if weight.dtype in (torch.float32, torch.bfloat16) and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return _onednn_product(weight, bias, gelu)
    if gelu:
        return lambda rows: functional.gelu(functional.linear(rows, weight, bias))
    return lambda rows: functional.linear(rows, weight, bias)


def _onednn_product(weight: Tensor, bias: Tensor, gelu: bool) -> Rows:
    """What torch.compile makes of a product on a CPU: oneDNN's, with weights laid out once, bias and GELU inside.

    Takes some 15 % less time than torch's own, which multiplies float32 by MKL and adds the bias apart in bfloat16.
    """
    laid_out = torch.ops.mkldnn._reorder_linear_weight(weight, _USUAL_ROWS)
    after: tuple[str, list[float], str] = ("gelu", [], "none") if gelu else ("none", [], "")
    multiply: Callable[..., Tensor] = torch.ops.mkldnn._linear_pointwise
    return lambda rows: multiply(rows, laid_out, bias, *after)
