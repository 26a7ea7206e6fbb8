"""Linear layers in int8: matrix products that are nearly twice as fast as in bfloat16 on processors with VNNI.

Quantization: a weight is an integer from -127 to 127 times the scale of its output channel. An activation is an integer
from 0 to 255, minus a zero point, times one scale per layer. A few input channels have far larger activations than the
others, and would make that scale too coarse:

- Smoothing moves these outliers into the weights: each input channel is divided by a factor, and its weights are
  multiplied by it (SmoothQuant, Xiao et al., 2023, https://arxiv.org/abs/2211.10438).
- The second product of a feed-forward layer reads the output of GELU, to which no factor can be applied. There the
  outlier channels are multiplied separately, in the model's own dtype (LLM.int8(), Dettmers et al., 2022,
  https://arxiv.org/abs/2208.07339).

The range of the activations must be known; activation_ranges.py observes it. Does not: train; run on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

OUTLIERS = 8  # channels of a feed-forward layer that are multiplied separately
_TINY = 1e-6  # the least divisor


class ActivationRange(NamedTuple):
    """The lowest (at most 0) and highest (at least 0) activation of each input channel. Shape of each: (channels,)"""

    low: Tensor
    high: Tensor

    @property
    def largest(self) -> Tensor:
        return torch.maximum(-self.low, self.high)


def range_of(layer: nn.Linear) -> ActivationRange | None:
    """The range of the layer's inputs; None if it was not observed, so that the layer stays in its dtype."""
    return getattr(layer, "activation_range", None)


def product(*layers: nn.Linear) -> Callable[[Tensor], Tensor]:
    """The outputs of all `layers`, which read the same input, side by side, by one product."""
    weight, bias = joined(layers)
    return _Product(weight, bias, _known_range(layers[0]), smooth=True)


def plus(layer: nn.Linear) -> Callable[[Tensor, Tensor], Tensor]:
    """A function of (rows, added): the product of the rows, plus `added`."""
    multiply = product(layer)
    return lambda rows, added: multiply(rows).add_(added)


def feed_forward(widening: nn.Linear, narrowing: nn.Linear) -> Callable[[Tensor, Tensor], Tensor]:
    """A function of (rows, added): the feed-forward layer with GELU, plus `added`. The inner states stay in int8."""
    inner_range = _known_range(narrowing)
    apart = inner_range.largest.topk(min(OUTLIERS, len(inner_range.largest))).indices
    few = widening.weight[apart].detach(), widening.bias[apart].detach()
    from_few = narrowing.weight[:, apart].detach().T.contiguous()
    weight = narrowing.weight.detach().clone()
    weight[:, apart] = 0
    rest = ActivationRange(*(each.index_fill(0, apart, 0) for each in inner_range))
    narrow = _Product(weight, narrowing.bias.detach(), rest, smooth=False)
    widen = _Product(*joined([widening]), _known_range(widening), smooth=True)

    def feed(rows: Tensor, added: Tensor) -> Tensor:
        inner = widen.to_quantized(rows, narrow)
        added = torch.addmm(added, functional.gelu(functional.linear(rows, *few)), from_few)
        return narrow.of_quantized(inner, rows.dtype).add_(added)

    return feed


def joined(layers: Sequence[nn.Linear]) -> tuple[Tensor, Tensor]:
    """The weights and the biases of all layers, concatenated. Shape: (outputs, inputs), (outputs,)"""
    return (
        torch.cat([layer.weight.detach() for layer in layers]),
        torch.cat([layer.bias.detach() for layer in layers]),
    )


class _Product:
    """Shape: (rows, inputs) -> (rows, outputs)

    Args:
        weight: Shape: (outputs, inputs).
        bias: Shape: (outputs,).
        inputs: the range of the inputs.
        smooth: whether to smooth the inputs; if not, they can be given as int8.
    """

    def __init__(self, weight: Tensor, bias: Tensor, inputs: ActivationRange, smooth: bool) -> None:
        dtype, weight = weight.dtype, weight.float()
        divisors = torch.ones(weight.shape[1])
        if smooth:
            divisors = (inputs.largest.clamp(min=_TINY) / weight.abs().amax(0).clamp(min=_TINY)).sqrt()
        low, high = float((inputs.low / divisors).min()), float((inputs.high / divisors).max())
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
        return self.of_quantized(self._quantized(rows), rows.dtype)

    def of_quantized(self, rows: Tensor, dtype: torch.dtype) -> Tensor:
        """The product of rows that `to_quantized` has quantized for this product."""
        return self._multiply(rows, 1.0, 0, dtype, "none")

    def to_quantized(self, rows: Tensor, reader: _Product) -> Tensor:
        """GELU of the product, quantized as input of `reader`."""
        return self._multiply(self._quantized(rows), reader._scale, reader._zero, torch.uint8, "gelu")

    def _quantized(self, rows: Tensor) -> Tensor:
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


def _known_range(layer: nn.Linear) -> ActivationRange:
    known = range_of(layer)
    assert known is not None
    return known
