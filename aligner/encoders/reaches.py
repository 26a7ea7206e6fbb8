"""How far the inputs of an encoder's linear layers reach, which products in eight bits need to know (eightbit.py).

It is seen once, when a model is loaded, on random subwords: no text is needed, and the same checkpoint always gives the
same numbers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .base import WholeEncoder
from .eightbit import Reach
from .encoder_input import EncoderInput

ROWS, SUBWORDS = 16, 64  # of the random subwords; most subwords of a row
SLACK = 1.25  # inputs of text may reach further than those that were seen; beyond this they are cut off


@torch.inference_mode()
def see_reaches(encoder: WholeEncoder, layer: int) -> None:
    """Run the encoder up to `layer`, and give its linear layers a `reach`, so that packed.py makes them eight-bit."""
    layers = [module for module in encoder.model.modules() if isinstance(module, nn.Linear)]
    hooks = [each.register_forward_pre_hook(_see) for each in layers]
    encoder.states(_random_subwords(encoder), frozenset([layer]))
    for hook in hooks:
        hook.remove()


def _see(layer: Any, inputs: tuple[Tensor, ...]) -> None:
    low, high = torch.aminmax(inputs[0].float().flatten(0, -2), dim=0)
    layer.reach = Reach(SLACK * low.clamp(max=0), SLACK * high.clamp(min=0))


def _random_subwords(encoder: WholeEncoder) -> EncoderInput:
    """Rows as pairs are laid out, of subwords that are drawn from the vocabulary, always the same."""
    random = torch.Generator().manual_seed(0)
    config: Any = encoder.model.config
    size = min(encoder.vocabulary.size, config.vocab_size)
    length = max(1, min(SUBWORDS, encoder.limit) // 2)
    source, target = (torch.randint(size, (ROWS, length), generator=random) for _ in range(2))
    before, between, after = (
        torch.tensor(each, dtype=torch.int64).expand(ROWS, -1)
        for each in (encoder.prefix, encoder.separator, encoder.suffix)
    )
    ids = torch.cat([before, source, between, target, after], dim=1)
    sides = torch.zeros_like(ids)
    sides[:, -target.shape[1] - after.shape[1] :] = 1
    languages = None
    if encoder.languages:
        languages = torch.randint(len(encoder.languages), (ROWS, 1), generator=random).expand_as(ids)
    return EncoderInput(ids, torch.ones_like(ids, dtype=torch.bool), sides, languages)
