"""Products in eight-bit integers (int8): on processors with VNNI nearly twice as fast as in bfloat16.

A weight is a whole number from -127 to 127 times a scale of its output. An input is a whole number from 0 to 255, less
a zero point, times one scale for all. That scale suits the largest inputs, which a few channels have, so:

- Inputs are first divided, channel by channel, by what evens out inputs and weights, and weights are multiplied by it:
  SmoothQuant, Xiao et al. (2023), https://arxiv.org/abs/2211.10438.
- GELU comes between the two products of a feed-forward layer and allows no such division. There the channels of the
  largest values are multiplied apart, in the model's own dtype: as LLM.int8() does, Dettmers et al. (2022),
  https://arxiv.org/abs/2208.07339.

How far the inputs of each channel reach, reaches.py has seen before. Does not: train; run on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

APART = 8  # channels of a feed-forward layer that are multiplied apart
_TINY = 1e-6  # in place of 0, by which nothing can be divided


class Reach(NamedTuple):
    """The least (at most 0) and the largest input (at least 0) of each channel. Shape: (channels,) each"""

    low: Tensor
    high: Tensor

    @property
    def largest(self) -> Tensor:
        return torch.maximum(-self.low, self.high)


def reach_of(layer: nn.Linear) -> Reach | None:
    """How far its inputs reach; None if it is not to be an eight-bit product."""
    return getattr(layer, "reach", None)


def product(*layers: nn.Linear) -> Callable[[Tensor], Tensor]:
    """One product for all of `layers`, which read the same input: their results side by side."""
    weight, bias = joined(layers)
    return _Product(weight, bias, _reach(layers[0]), divides=True)


def plus(layer: nn.Linear) -> Callable[[Tensor, Tensor], Tensor]:
    """A product, and what is added to it."""
    multiply = product(layer)
    return lambda rows, added: multiply(rows).add_(added)


def feed_forward(widening: nn.Linear, narrowing: nn.Linear) -> Callable[[Tensor, Tensor], Tensor]:
    """A product to the inner width, GELU, a product back, and what is added; between the two nothing but eight bits."""
    reach = _reach(narrowing)
    apart = reach.largest.topk(min(APART, len(reach.largest))).indices
    few = widening.weight[apart].detach(), widening.bias[apart].detach()
    from_few = narrowing.weight[:, apart].detach().T.contiguous()
    weight = narrowing.weight.detach().clone()
    weight[:, apart] = 0
    rest = Reach(*(each.index_fill(0, apart, 0) for each in reach))
    narrow = _Product(weight, narrowing.bias.detach(), rest, divides=False)
    widen = _Product(*joined([widening]), _reach(widening), divides=True)

    def feed(rows: Tensor, added: Tensor) -> Tensor:
        inner = widen.to_eight_bits(rows, narrow)
        added = torch.addmm(added, functional.gelu(functional.linear(rows, *few)), from_few)
        return narrow.of_eight_bits(inner, rows.dtype).add_(added)

    return feed


def joined(layers: Sequence[nn.Linear]) -> tuple[Tensor, Tensor]:
    """Weights and biases, one below the other. Shape: (outputs, inputs), (outputs,)"""
    return (
        torch.cat([layer.weight.detach() for layer in layers]),
        torch.cat([layer.bias.detach() for layer in layers]),
    )


class _Product:
    """Shape: (rows, inputs) -> (rows, outputs)

    Args:
        weight: Shape: (outputs, inputs).
        bias: Shape: (outputs,).
        reach: of the inputs.
        divides: whether inputs are divided channel by channel; where not, they may come in eight bits.
    """

    def __init__(self, weight: Tensor, bias: Tensor, reach: Reach, divides: bool) -> None:
        dtype, weight = weight.dtype, weight.float()
        divisors = torch.ones(weight.shape[1])
        if divides:
            divisors = (reach.largest.clamp(min=_TINY) / weight.abs().amax(0).clamp(min=_TINY)).sqrt()
        low, high = float((reach.low / divisors).min()), float((reach.high / divisors).max())
        self._scale = max((high - low) / 255, _TINY)
        self._zero = round(-low / self._scale)
        self._middle = torch.tensor(self._zero - 128.0, dtype=dtype)
        self._factors = (1 / (self._scale * divisors)).to(dtype)
        weight = weight * divisors
        self._scales = (weight.abs().amax(1) / 127).clamp(min=_TINY)
        whole = (weight / self._scales[:, None]).round().to(torch.int8)
        self._weight = torch.ops.onednn.qlinear_prepack(whole, None)
        self._zeros = torch.zeros(len(whole), dtype=torch.int64)
        self._bias = bias.float()

    def __call__(self, rows: Tensor) -> Tensor:
        return self.of_eight_bits(self._eight_bits(rows), rows.dtype)

    def of_eight_bits(self, rows: Tensor, dtype: torch.dtype) -> Tensor:
        """The product of rows that are in this product's eight bits already."""
        return self._multiply(rows, 1.0, 0, dtype, "none")

    def to_eight_bits(self, rows: Tensor, reader: _Product) -> Tensor:
        """GELU of the product, in the eight bits that `reader` reads."""
        return self._multiply(self._eight_bits(rows), reader._scale, reader._zero, torch.uint8, "gelu")

    def _eight_bits(self, rows: Tensor) -> Tensor:
        # By way of int8: from bfloat16 torch takes more than twice as long to uint8.
        signed = torch.addcmul(self._middle, rows, self._factors).round_().clamp_(-128, 127).to(torch.int8)
        return signed.view(torch.uint8).bitwise_xor_(128)

    def _multiply(self, rows: Tensor, scale: float, zero: int, dtype: torch.dtype, after: str) -> Tensor:
        weight = self._weight, self._scales, self._zeros, self._bias
        output = scale, zero, dtype
        found: Tensor = torch.ops.onednn.qlinear_pointwise(
            rows, self._scale, self._zero, *weight, *output, after, [], "none"
        )
        return found


def _reach(layer: nn.Linear) -> Reach:
    reach = reach_of(layer)
    assert reach is not None
    return reach
