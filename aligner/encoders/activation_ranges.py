"""The activation ranges of an encoder's linear layers, which eightbit.py needs to quantize their inputs.

They are observed once, when a model is loaded, on random subwords. So no text is needed, and a checkpoint always
gets the same ranges.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..encoder_input import EncoderInput
from .base import WholeEncoder
from .eightbit import ActivationRange

ROWS, SUBWORDS = 16, 64  # of the random subwords; most subwords of a row
SLACK = 1.25  # ranges are wider than observed by this factor; values outside them are clipped


@torch.inference_mode()
def observe_ranges(encoder: WholeEncoder, layer: int) -> None:
    """Run the encoder up to `layer`, and give its linear layers an `activation_range`, so that packed.py uses int8."""
    layers = [module for module in encoder.model.modules() if isinstance(module, nn.Linear)]
    hooks = [each.register_forward_pre_hook(_observe) for each in layers]
    encoder.states(_random_subwords(encoder), frozenset([layer]))
    for hook in hooks:
        hook.remove()


def _observe(layer: Any, inputs: tuple[Tensor, ...]) -> None:
    low, high = torch.aminmax(inputs[0].float().flatten(0, -2), dim=0)
    layer.activation_range = ActivationRange(SLACK * low.clamp(max=0), SLACK * high.clamp(min=0))


def _random_subwords(encoder: WholeEncoder) -> EncoderInput:
    """Rows laid out as pairs, of subwords drawn from the vocabulary; the same in every call."""
    random = torch.Generator().manual_seed(0)
    config: Any = encoder.model.config
    size = min(encoder.vocabulary.size, config.vocab_size)
    length = max(1, min(SUBWORDS, encoder.limit) // 2)
    source, target = (torch.randint(size, (ROWS, length), generator=random) for _ in range(2))
    before, between, after = (
        torch.tensor(each, dtype=torch.int64).expand(ROWS, -1) for each in encoder.specials
    )
    ids = torch.cat([before, source, between, target, after], dim=1)
    sides = torch.zeros_like(ids)
    sides[:, -target.shape[1] - after.shape[1] :] = 1
    languages = None
    if encoder.languages:
        languages = torch.randint(len(encoder.languages), (ROWS, 1), generator=random).expand_as(ids)
    return EncoderInput(ids, torch.ones_like(ids, dtype=torch.bool), sides, languages)
