"""Multilingual BERT (Devlin et al. 2019) and LaBSE (Feng et al. 2022).

A pair is `[CLS] source [SEP] target [SEP]`; a preset with segments gives the target side token type 1.
"""

from __future__ import annotations

from typing import Self

import torch
from transformers import AutoModel

from ..models.preset import Preset
from .hooked import HookedEncoder
from .packed import PackedBlocks
from .pretrained import read_model, read_tokenizer


class BertEncoder(HookedEncoder):
    @classmethod
    def load(cls, preset: Preset, dtype: torch.dtype) -> Self:
        model = read_model(AutoModel, preset.checkpoint.place, dtype, add_pooling_layer=False)
        return cls(model, read_tokenizer(preset.checkpoint.place), preset)

    def packed(self, highest: int) -> PackedBlocks | None:
        config = self.model.config
        if config.hidden_act != "gelu" or config.is_decoder:
            return None
        final = getattr(self.model.encoder, "LayerNorm", None)  # of XLM-RoBERTa-XL
        is_whole = highest == self.layers
        return PackedBlocks(self.blocks[:highest], config.num_attention_heads, final if is_whole else None)
