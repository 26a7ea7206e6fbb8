"""Transformer blocks laid out for inference on a CPU: few large products, over real subwords only.

The subwords of all sequences are concatenated without padding, so that products with weights waste nothing. Sequences
of the same length are adjacent, so that attention takes them as one array and needs no mask. Query, key and value come
from one product. Knows, by transformers' names, the blocks of BERT and XLM-R, which normalise after each addition, and
those of XLM-RoBERTa-XL, which normalise before each product; either may have an adapter per language. Does not: train;
run on a GPU, whose kernels prefer one padded array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from . import eightbit

_VECTOR = 16  # how many numbers the attention kernel takes at once
GATHERED = 2**19  # of queries, keys and values, at a time: the processor's cache has room for so many
_USUAL_ROWS = 4_096  # what oneDNN lays weights out for; other numbers of rows work too

Rows = Callable[[Tensor], Tensor]
"""A function that treats each row separately. Shape: (rows, in) -> (rows, out)"""

Sum = Callable[[Tensor, Tensor], Tensor]
"""The same, plus a second argument. Shape: (rows, in), (rows, out) -> (rows, out)"""


class Region(NamedTuple):
    """The positions of one language: indices into the flattened input. Shape: (positions,)"""

    language: int
    positions: Tensor


Regions = tuple[Region, ...]


def regions(languages: Tensor, mask: Tensor) -> Regions:
    """The positions of each language that occurs; padding has none. Shape: any, the same for both arguments"""
    flat = languages.masked_fill(~mask, -1).flatten()
    present = torch.unique(languages[mask]).tolist()
    return tuple(Region(language, (flat == language).nonzero().squeeze(1)) for language in present)


class PackedBlocks:
    """An encoder's first blocks. `final`: the normalisation after the last of them, if there is one.

    `adapts`: blocks have an adapter per language. `gathered`: how many numbers attention in bfloat16 takes at a time.
    """

    def __init__(
        self, blocks: Iterable[Any], heads: int, final: nn.Module | None = None, gathered: int = GATHERED
    ) -> None:
        self._gathered = gathered
        self._blocks = [_Block(block, heads) for block in blocks]
        self._final = final
        self.adapts = any(block.adapts for block in self._blocks)

    def run(
        self, states: Tensor, mask: Tensor, layers: Set[int], languages: Tensor | None = None
    ) -> dict[int, Tensor]:
        """The hidden states of `layers`, from those of layer 0; zeros at padding, which stands at the end of rows.

        `languages`: of every position, for blocks with adapters. Shape: states (batch, subwords, width), mask and
        languages (batch, subwords) -> (batch, subwords, width) each
        """
        packing = _Packing(mask, self._gathered, languages)
        found = {0: states} if 0 in layers else {}
        rows = packing.pack(states)
        for layer, block in enumerate(self._blocks[: max(layers)], start=1):
            rows = block(rows, packing)
            if layer in layers:
                is_last = layer == len(self._blocks)
                found[layer] = packing.unpack(self._final(rows) if is_last and self._final else rows)
        return found


class _Packing:
    """The real positions of a padded batch, concatenated, shorter sequences first.

    A few empty rows follow them, so that few different numbers of rows occur: oneDNN compiles and keeps code for each.
    """

    regions: Regions = ()  # where each language is among the rows

    def __init__(self, mask: Tensor, gathered: int, languages: Tensor | None = None) -> None:
        self._gathered = gathered
        sizes = mask.sum(1).numpy()
        order = np.argsort(sizes, kind="stable")
        sizes = sizes[order]
        columns = np.arange(mask.shape[1])
        places = (order[:, None] * mask.shape[1] + columns)[columns < sizes[:, None]]
        self._shape = mask.shape
        self._places = torch.from_numpy(places)
        self._filling = -len(places) % (128 if len(places) > 1_024 else 32)
        self._sizes, self._starts = sizes, sizes.cumsum() - sizes
        if languages is not None:
            of_rows = languages.flatten().index_select(0, self._places)
            self.regions = regions(of_rows, torch.ones_like(of_rows, dtype=torch.bool))

    def pack(self, states: Tensor) -> Tensor:
        """Shape: (batch, subwords, width) -> (rows, width)"""
        rows = states.flatten(0, 1).index_select(0, self._places)
        return functional.pad(rows, (0, 0, 0, self._filling))

    def unpack(self, rows: Tensor) -> Tensor:
        """Shape: (rows, width) -> (batch, subwords, width)"""
        padded = rows.new_zeros(self._shape.numel(), rows.shape[1])
        padded.index_copy_(0, self._places, rows[: len(self._places)])
        return padded.view(*self._shape, -1)

    def attend(self, projected: Tensor, heads: int) -> Tensor:
        """Attention within each sequence. Shape: (rows, 3 x width) -> (rows, width)"""
        if projected.dtype == torch.bfloat16:
            return self._attend_in_bfloat16(projected, heads)
        width = projected.shape[1]
        parts = []
        for start, end, size in self._equal:
            split = _heads(projected[start:end].view(-1, size, width), heads)
            parts.append(_joined(functional.scaled_dot_product_attention(*split)))
        return torch.cat([*parts, projected.new_zeros(self._filling, width // 3)])

    def _attend_in_bfloat16(self, projected: Tensor, heads: int) -> Tensor:
        """The same with lengths padded to multiples of the kernel's vectors; other lengths take up to twice as long."""
        width = projected.shape[1]
        parts = []
        for rows, real in self._alike:
            step = max(1, self._gathered // (rows.shape[1] * width))
            for places, mask in zip(torch.split(rows, step), torch.split(real, step), strict=True):
                gathered = projected.index_select(0, places.flatten()).view(*places.shape, width)
                query, key, value = _heads(gathered, heads)
                context = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
                parts.append(_joined(context))
        return torch.cat(parts).index_select(0, self._returns)

    @cached_property
    def _equal(self) -> list[tuple[int, int, int]]:
        """The sequences of one size: (first row, row after the last, size)"""
        sizes, counts = np.unique(self._sizes, return_counts=True)
        ends = (sizes * counts).cumsum()
        return list(zip((ends - sizes * counts).tolist(), ends.tolist(), sizes.tolist(), strict=True))

    @cached_property
    def _alike(self) -> list[tuple[Tensor, Tensor]]:
        """Sequences of similar sizes together: (their rows, which of these are real and not padding).

        Shape: (sequences, subwords), (sequences, 1, 1, subwords)
        """
        parts = []
        widths = -(-self._sizes // _VECTOR) * _VECTOR
        for width in np.unique(widths).tolist():
            starts, sizes = self._starts[widths == width, None], self._sizes[widths == width, None]
            columns = np.arange(width)
            real = columns < sizes
            rows = np.where(real, starts + columns, 0)
            parts.append((torch.from_numpy(rows), torch.from_numpy(real[:, None, None])))
        return parts

    @cached_property
    def _returns(self) -> Tensor:
        """Where each row is among those of `_alike`. Shape: (rows,)"""
        places = torch.cat([real.flatten() for _, real in self._alike]).nonzero().flatten()
        return torch.cat([places, places.new_zeros(self._filling)])


def _heads(projected: Tensor, heads: int) -> Tensor:
    """(sequences, subwords, 3 x width) -> (3, sequences, heads, subwords, width of a head)"""
    width = projected.shape[2] // (3 * heads)
    return projected.view(*projected.shape[:2], 3, heads, width).permute(2, 0, 3, 1, 4)


def _joined(context: Tensor) -> Tensor:
    """(sequences, heads, subwords, width of a head) -> (rows, width)"""
    return context.transpose(1, 2).flatten(2).flatten(0, 1)


class _Block:
    """One block, with the weights of transformers' module, or of an object that names them alike."""

    def __init__(self, block: Any, heads: int) -> None:
        attention = block.attention
        projections = [getattr(attention.self, name) for name in ("query", "key", "value")]
        self._heads = heads
        self._project = _product(*projections)
        self._gather = _sum(attention.output.dense)
        self._feed = _feed_forward(block.intermediate.dense, block.output.dense)
        self._norms_first = hasattr(attention, "self_attn_layer_norm")
        if self._norms_first:
            self._norm, self._inner_norm = attention.self_attn_layer_norm, block.LayerNorm
        else:
            self._norm, self._inner_norm = attention.output.LayerNorm, block.output.LayerNorm
        self._adapt: Callable[[Regions, Tensor], Tensor] | None = getattr(block, "adapt", None)

    @property
    def adapts(self) -> bool:
        return self._adapt is not None

    def __call__(self, rows: Tensor, packing: _Packing) -> Tensor:
        """Shape: (rows, width), kept"""
        if self._norms_first:
            rows = self._gather(self._attend(self._norm(rows), packing), rows)
            return self._adapted(self._feed(self._inner_norm(rows), rows), packing)
        rows = self._norm(self._gather(self._attend(rows, packing), rows))
        output: Tensor = self._inner_norm(self._adapted(self._feed(rows, rows), packing))
        return output

    def _attend(self, rows: Tensor, packing: _Packing) -> Tensor:
        return packing.attend(self._project(rows), self._heads)

    def _adapted(self, rows: Tensor, packing: _Packing) -> Tensor:
        return rows if self._adapt is None else self._adapt(packing.regions, rows)


def _product(*layers: nn.Linear, gelu: bool = False) -> Rows:
    """One product for all of `layers`, with their results side by side; then GELU if `gelu`.

    If oneDNN is available, this is the operation that torch.compile uses on a CPU: weights are laid out once, and bias
    and GELU are part of the product. It takes some 15 % less time than torch's own product, which uses MKL in float32,
    and adds the bias separately in bfloat16.
    """
    if eightbit.range_of(layers[0]):
        return eightbit.product(*layers)
    weight, bias = eightbit.joined(layers)
    if _onednn_takes(weight):
        laid_out = torch.ops.mkldnn._reorder_linear_weight(weight, _USUAL_ROWS)
        after: tuple[str, list[float], str] = ("gelu", [], "none") if gelu else ("none", [], "")
        multiply: Callable[..., Tensor] = torch.ops.mkldnn._linear_pointwise
        return lambda rows: multiply(rows, laid_out, bias, *after)
    if gelu:
        return lambda rows: functional.gelu(functional.linear(rows, weight, bias))
    return lambda rows: functional.linear(rows, weight, bias)


def _sum(layer: nn.Linear) -> Sum:
    """A product plus a second argument; oneDNN adds before it rounds."""
    if eightbit.range_of(layer):
        return eightbit.plus(layer)
    weight, bias = layer.weight.detach(), layer.bias.detach()
    if _onednn_takes(weight):
        laid_out = torch.ops.mkldnn._reorder_linear_weight(weight, _USUAL_ROWS)
        multiply: Callable[..., Tensor] = torch.ops.mkldnn._linear_pointwise.binary
        return lambda rows, added: multiply(rows, added, laid_out, bias, "add")
    return lambda rows, added: functional.linear(rows, weight, bias).add_(added)


def _feed_forward(widening: nn.Linear, narrowing: nn.Linear) -> Sum:
    if eightbit.range_of(widening):
        return eightbit.feed_forward(widening, narrowing)
    widen, narrow = _product(widening, gelu=True), _sum(narrowing)
    return lambda rows, added: narrow(widen(rows), added)


def _onednn_takes(weight: Tensor) -> bool:
    if not torch.backends.mkldnn.enabled or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    if weight.dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return weight.dtype == torch.float32
