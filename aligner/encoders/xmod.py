"""X-MOD (Pfeiffer et al. 2022): XLM-R with an adapter per language in every block.

Each position goes through the adapter of its own language. In pair encoding the two sides use different adapters, and
the pairs of a batch may have different languages.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.xmod.modeling_xmod import XmodOutput

from ..encoder_input import EncoderInput
from ..errors import ModelError
from ..json_file import read_object, shortened
from ..models.preset import Preset
from .folder import CONFIG
from .packed import PackedBlocks, Regions, regions
from .roberta import RobertaEncoder

_MOST_LANGUAGES = 1_000


class XmodEncoder(RobertaEncoder):
    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, preset: Preset) -> None:
        super().__init__(model, tokenizer, preset)
        self.languages = tuple(model.config.languages)
        self.default_language = model.config.default_language
        for block in self.blocks:
            # Only the class changes: the weights keep their names, so that saving needs nothing special.
            block.output.__class__ = _AdaptersInUse

    @classmethod
    def load(cls, preset: Preset, dtype: torch.dtype) -> XmodEncoder:
        path = Path(preset.checkpoint.place, CONFIG)
        config = read_object(path)
        languages, usual = config.get("languages"), config.get("default_language")
        if (
            not isinstance(languages, list)
            or not 0 < len(set(map(str, languages))) == len(languages) <= _MOST_LANGUAGES
        ):
            raise ModelError(
                f"{path}: languages is {shortened(languages)}; expected a list of different codes"
            )
        if usual is not None and usual not in languages:
            raise ModelError(f"{path}: default_language is {shortened(usual)}, which languages does not list")
        encoder = super().load(preset, dtype)
        assert isinstance(encoder, XmodEncoder)
        return encoder

    def model_inputs(self, batch: EncoderInput) -> dict[str, Any]:
        languages = self.language_ids(batch)
        return {**super().model_inputs(batch), "lang_ids": regions(languages, batch.mask)}

    def packed(self, highest: int) -> PackedBlocks | None:
        config = self.model.config
        if config.hidden_act != "gelu":
            return None
        final = self.model.encoder.LayerNorm if config.pre_norm and highest == self.layers else None
        blocks = [_by_common_names(block, config.pre_norm) for block in self.blocks[:highest]]
        packed = PackedBlocks(blocks, config.num_attention_heads, final)
        for block in blocks:
            # The rest of the output layer is still used, with the adapters.
            block.output.dense = nn.Identity()
        return packed

    def freeze_for_finetuning(self) -> None:
        """Freeze the embeddings, the adapters and their normalisation, as transformers' task heads do.

        Their own method fails on a model without a head (it looks for `self.roberta`; transformers 5.23).
        """
        self.model.embeddings.requires_grad_(False)
        for block in self.blocks:
            output: XmodOutput = block.output
            output.adapter_modules.requires_grad_(False)
            if output.adapter_layer_norm is not None:
                output.adapter_layer_norm.requires_grad_(False)


def _by_common_names(block: Any, norms_first: bool) -> SimpleNamespace:
    """The parts of a block, with their names in XLM-R or XLM-RoBERTa-XL, and its adapters."""
    norms = {"self_attn_layer_norm": block.attention.output.LayerNorm} if norms_first else {}
    return SimpleNamespace(
        attention=SimpleNamespace(self=block.attention.self, output=block.attention.output, **norms),
        intermediate=block.intermediate,
        output=block.output,
        LayerNorm=block.output.LayerNorm,
        adapt=block.output.lang_adapter,
    )


class _AdaptersInUse(XmodOutput):  # type: ignore[misc]
    """transformers' output layer of a block, which loops over all 81 adapters in every block.

    Here only the adapters of the languages in the batch run; a single one runs without selecting positions.
    """

    def lang_adapter(self, lang_ids: Regions, hidden_states: Tensor) -> Tensor:
        residual, states = self.around_adapter(hidden_states)
        adapters = list(self.adapter_modules.values())
        adapted: Tensor
        if len(lang_ids) == 1:
            adapted = adapters[lang_ids[0].language](states)
        else:
            rows = states.flatten(0, -2)
            adapted = torch.zeros_like(rows)
            for language, positions in lang_ids:
                # Under autocast an adapter answers in lower precision than it was asked in.
                answer = adapters[language](rows[positions]).to(rows.dtype)
                adapted = adapted.index_copy(0, positions, answer)
            adapted = adapted.view_as(states)
        result: Tensor = self.dropout(adapted) + residual
        return result

    def around_adapter(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """(what is added to the output of the adapter, its input), depending on where the config normalises."""
        normalised = states
        if self.adapter_layer_norm is not None:
            normalised = self.adapter_layer_norm(states)
        elif self.adapter_reuse_layer_norm:
            normalised = self.LayerNorm(states)
        return (normalised if self.ln_before_adapter else states), normalised
