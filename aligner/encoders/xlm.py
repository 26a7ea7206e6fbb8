"""XLM (Conneau and Lample 2019), trained with MLM, TLM or causally (CLM).

Language embeddings are added if the checkpoint has them (`use_lang_emb`); only then a language is needed. Its own
tokenizer splits each word by the rules of its language, or of English if none is given.
A pair is `<s> source </s> target </s>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase, XLMModel
from transformers.models.xlm.modeling_xlm import MultiHeadAttention

from ..encoder_input import EncoderInput
from ..errors import DependencyError
from ..languages import find_language
from ..models.preset import Preset
from .hooked import HookedEncoder
from .packed import PackedBlocks
from .pretrained import read_model, read_tokenizer

# language -> (module that splits its words, package of that module); other languages only need sacremoses.
_SPLITTERS = {"zh": ("rjieba", "rjieba"), "th": ("pythainlp", "pythainlp"), "ja": ("Mykytea", "kytea")}
_KYTEA_MODEL = Path("~/local/share/kytea/model.bin")


class XlmEncoder(HookedEncoder):
    can_restart = True
    begins_with = "bos_token"

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, preset: Preset) -> None:
        super().__init__(model, tokenizer, preset)
        self.causal = bool(model.config.causal)
        codes: dict[str, int] = getattr(model.config, "lang2id", None) or {}
        self.known_languages = tuple(sorted(codes, key=lambda code: codes[code]))
        self.embeds_language = bool(model.config.use_lang_emb) and model.config.n_langs > 1
        if self.embeds_language:
            self.languages = self.known_languages
        for number, attention in enumerate(self.blocks):
            self.blocks[number] = _Attention(attention)

    @classmethod
    def load(cls, preset: Preset, dtype: torch.dtype) -> XlmEncoder:
        _require("sacremoses", "sacremoses", "XLM's tokenizer")
        tokenizer = read_tokenizer(preset.checkpoint.place)
        return cls(read_model(XLMModel, preset.checkpoint.place, dtype), tokenizer, preset)

    def find_blocks(self) -> nn.ModuleList:
        # XLM has no module for a block: its attention is the first part, and reads what the block reads.
        attentions: nn.ModuleList = self.model.attentions
        return attentions

    def droppable(self) -> tuple[nn.ModuleList, ...]:
        return self.model.attentions, self.model.ffns, self.model.layer_norm1, self.model.layer_norm2

    def model_inputs(self, batch: EncoderInput) -> dict[str, Any]:
        inputs = super().model_inputs(batch)
        if self.embeds_language:
            inputs["langs"] = self.language_ids(batch)
        positions = self.input.positions_of(batch)
        if positions is not None:
            inputs["position_ids"] = positions
        return inputs

    def packed(self, highest: int) -> PackedBlocks | None:
        config = self.model.config
        if not config.gelu_activation or self.causal:
            return None
        parts = zip(*(list(each)[:highest] for each in self.droppable()), strict=True)
        return PackedBlocks([_by_common_names(*each) for each in parts], config.n_heads)

    def embed(self, batch: EncoderInput) -> Tensor:
        inputs = self.model_inputs(batch)
        columns = torch.arange(batch.ids.shape[1], device=batch.ids.device)
        places = inputs.get("position_ids", columns)
        embedded = self.model.embeddings(batch.ids) + self.model.position_embeddings(places)
        if "langs" in inputs:
            embedded = embedded + self.model.lang_embeddings(inputs["langs"])
        normalised: Tensor = self.model.layer_norm_emb(embedded)
        return normalised

    def split(self, words: Sequence[str], language: str | None) -> list[list[int]]:
        code = language or "en"
        if language and self.known_languages:
            code = find_language(language, self.known_languages)
        _require_splitter(code)
        # transformers 5 has no public call that passes on the language.
        pieces = (self.tokenizer._tokenize(word, lang=code) for word in words)
        return [self.tokenizer.convert_tokens_to_ids(each) for each in pieces]


def _by_common_names(attention: Any, ffn: Any, norm: nn.Module, inner_norm: nn.Module) -> SimpleNamespace:
    """The parts of a block, with the names of the same parts in BERT."""
    projections = SimpleNamespace(query=attention.q_lin, key=attention.k_lin, value=attention.v_lin)
    gather = SimpleNamespace(dense=attention.out_lin, LayerNorm=norm)
    return SimpleNamespace(
        attention=SimpleNamespace(self=projections, output=gather),
        intermediate=SimpleNamespace(dense=ffn.lin1),
        output=SimpleNamespace(dense=ffn.lin2, LayerNorm=inner_norm),
    )


class _Attention(nn.Module):
    """XLM's self-attention through torch's fused kernels; transformers has only the matrix products (5.23).

    The four projections keep their names, so that the state dict does not change.
    """

    def __init__(self, original: MultiHeadAttention) -> None:
        super().__init__()
        self.q_lin, self.k_lin, self.v_lin = original.q_lin, original.k_lin, original.v_lin
        self.out_lin = original.out_lin
        self.n_heads: int = original.n_heads
        self.dropout: float = original.dropout

    def forward(self, states: Tensor, mask: Tensor, **_: object) -> tuple[Tensor]:
        """`mask`: True = may be attended to. Shape: (batch, keys), or (batch, queries, keys) if causal"""
        query, key, value = (self.heads(project(states)) for project in (self.q_lin, self.k_lin, self.v_lin))
        allowed = mask.bool()[:, None] if mask.dim() == 3 else mask.bool()[:, None, None]
        context = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=allowed, dropout_p=self.dropout if self.training else 0.0
        )
        return (self.out_lin(context.transpose(1, 2).flatten(2)),)

    def heads(self, projected: Tensor) -> Tensor:
        """(batch, subwords, width) -> (batch, heads, subwords, width of a head)"""
        return projected.view(*projected.shape[:2], self.n_heads, -1).transpose(1, 2)


def _require(module: str, package: str, who: str) -> None:
    if find_spec(module) is None:
        raise DependencyError(f"{who} needs {module}, which is not installed: pip install {package}")


def _require_splitter(language: str) -> None:
    """DependencyError, naming what is missing, unless words of `language` can be split."""
    if language in _SPLITTERS:
        _require(*_SPLITTERS[language], f"XLM's tokenizer for {language!r}")
    if language == "ja" and not _KYTEA_MODEL.expanduser().is_file():
        raise DependencyError(
            f"XLM's tokenizer for 'ja' needs KyTea's model, and {_KYTEA_MODEL} is missing: it comes with "
            "https://github.com/neubig/kytea, built with ./configure --prefix=$HOME/local && make install"
        )
