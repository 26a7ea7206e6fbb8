"""Heads that stand on top of the encoder during training, and are not saved with it.

They are the checkpoint's own head for masked language modelling, if it has one, and two heads with random initial
weights: one tells translations from other pairs, one points from one side of a pair to the other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import MODEL_FOR_MASKED_LM_MAPPING, AutoModelForMaskedLM

from ..encoders.base import WholeEncoder
from ..encoders.pretrained import read_config, read_model_and_gaps
from ..errors import OptionError
from ..models.preset import Family

# Fairseq's archives, and checkpoints whose embeddings may be at four bits.
WITHOUT_HEAD = (Family.FAIRSEQ, Family.POSTNORM)

# Names of the head, and of the product in it, in transformers' masked language models: RoBERTa, BERT, XLM and others.
_OF_MASKED_LM = {"lm_head": "decoder", "cls.predictions": "decoder", "pred_layer": "proj"}


class VocabularyHead(nn.Module):
    """Hidden states of the last layer -> scores of the whole vocabulary. Shape: (n, width) -> (n, vocabulary).

    Multiplies by the encoder's own embeddings, unless the checkpoint has a separate matrix. A head without other
    weights consists of the embeddings and a bias, as in XLM.
    """

    def __init__(self, encoder: WholeEncoder) -> None:
        super().__init__()
        # In a list, so that the embeddings do not count as this module's too.
        self._embeddings = [encoder.word_embeddings]
        embeddings: nn.Parameter = self._embeddings[0].weight  # type: ignore[assignment]
        parts = _own_parts(encoder)
        if parts is None:
            if embeddings.shape[1] != encoder.width:
                raise OptionError(
                    f"{encoder.preset.name}: has no head that fills in masks, and its embeddings are "
                    f"{embeddings.shape[1]} wide, its hidden states {encoder.width}: mlm and tlm cannot be used"
                )
            parts = _Parts(nn.Identity(), embeddings, nn.Parameter(torch.zeros(len(embeddings))))
        self.transform, self.bias = parts.transform, parts.bias
        own = parts.weight.to(embeddings.device)
        tied = own.shape == embeddings.shape and torch.equal(own, embeddings)
        self.weight = None if tied else parts.weight

    def forward(self, states: Tensor) -> Tensor:
        weight = self._embeddings[0].weight if self.weight is None else self.weight
        return functional.linear(self.transform(states), weight, self.bias)


class _Parts(NamedTuple):
    """transform, then a product with `weight`, plus `bias`."""

    transform: nn.Module
    weight: nn.Parameter
    bias: nn.Parameter


def _own_parts(encoder: WholeEncoder) -> _Parts | None:
    """The weights of the checkpoint's own head, or None if it has no head of a known form."""
    if encoder.preset.checkpoint.family in WITHOUT_HEAD:
        return None
    family = MODEL_FOR_MASKED_LM_MAPPING.get(type(read_config(encoder.preset.checkpoint.place)), None)
    tied = getattr(family, "_tied_weights_keys", None) or ()
    known = [name for name, product in _OF_MASKED_LM.items() if f"{name}.{product}.weight" in tied]
    if not known:
        return None
    whole, gaps = read_model_and_gaps(
        AutoModelForMaskedLM,
        encoder.preset.checkpoint.place,
        encoder.dtype,
        dispensable=tuple(_OF_MASKED_LM),
    )
    if any(gap.startswith(known[0]) for gap in gaps):
        return None
    head = whole.get_submodule(known[0])
    product: Any = head.get_submodule(_OF_MASKED_LM[known[0]])
    if not hasattr(product, "weight"):  # an XLM may divide its vocabulary
        return None
    return _Parts(_transform(head), product.weight, product.bias)


def _transform(head: nn.Module) -> nn.Module:
    """The layers of the head before the product with the embeddings."""
    if hasattr(head, "transform"):
        return head.get_submodule("transform")
    if not hasattr(head, "dense"):
        return nn.Identity()
    return nn.Sequential(head.get_submodule("dense"), nn.GELU(), head.get_submodule("layer_norm"))


class PairHead(nn.Sequential):
    """The first state of two joined sentences -> scores of "no translation" and "translation".

    Shape: (n, width) -> (n, 2)
    """

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 2))


class Pointer(nn.Module):
    """How much each position of one side points to each of the other: queries against keys, scaled.

    The pointer network of Chi et al. (2021); both directions share its two projections.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)

    def forward(self, states: Tensor, others: Tensor, others_mask: Tensor) -> Tensor:
        """Minus infinity, nearly, at padding of the others.

        Shape: (batch, n, width), (batch, m, width), (batch, m) -> (batch, n, m)
        """
        scores: Tensor = self.query(states) @ self.key(others).transpose(1, 2) / states.shape[-1] ** 0.5
        return scores.masked_fill(~others_mask[:, None, :], torch.finfo(scores.dtype).min)
