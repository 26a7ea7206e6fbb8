"""BERT, which `small` is: a transformer that normalises after each addition, in torch alone.

Like prenorm.py it reads and writes the folders of transformers and gives the same hidden states. The word embeddings
may be stored at four bits a number (fourbit.py), which transformers cannot read; `Encoder.export` writes them in full.
A pair is `<s> source </s> target </s>`, with the special subwords of the checkpoint's tokenizer.

Devlin et al. (2019), https://arxiv.org/abs/1810.04805. Does not: read checkpoints with several files of weights, or
with another activation than GELU; bert.py reads those through transformers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import prenorm
from .folder import CONFIG
from .fourbit import FourBitEmbedding
from .prenorm import Embedding, Linear, PrenormEncoder, PrenormModel, fill, read_weights
from .shape import Shape

_WORDS = "embeddings.word_embeddings."


class PostnormModel(PrenormModel):
    """Weights under transformers' names, so that state dicts can be exchanged. `four_bits`: of the word embeddings."""

    def __init__(self, shape: Shape, four_bits: bool) -> None:
        nn.Module.__init__(self)
        self.config = shape
        rows, width = shape.vocab_size, shape.hidden_size
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": FourBitEmbedding(rows, width) if four_bits else Embedding(rows, width),
                "position_embeddings": Embedding(shape.max_position_embeddings, width),
                "token_type_embeddings": Embedding(shape.type_vocab_size, width),
                "LayerNorm": nn.LayerNorm(width, eps=shape.layer_norm_eps),
            }
        )
        blocks = (Block(shape) for _ in range(shape.num_hidden_layers))
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(blocks)})

    @property
    def final(self) -> None:
        return None

    def embed(self, ids: Tensor, positions: Tensor, sides: Tensor | None) -> Tensor:
        words, places, types, norm = self.embeddings.values()
        kinds = torch.zeros_like(ids) if sides is None else sides
        embedded = norm(words(ids).to(norm.weight.dtype) + types(kinds) + places(positions))
        return functional.dropout(embedded, self.config.hidden_dropout_prob, self.training)


class Block(prenorm.Block):
    """Attention, then a product to the inner width and back; the sum of each with its input is normalised."""

    def __init__(self, shape: Shape) -> None:
        nn.Module.__init__(self)
        self.heads = shape.num_attention_heads
        self.dropout, self.attention_dropout = shape.hidden_dropout_prob, shape.attention_probs_dropout_prob
        width, inner = shape.hidden_size, shape.intermediate_size
        projections = nn.ModuleDict({name: Linear(width, width) for name in ("query", "key", "value")})
        self.attention = nn.ModuleDict({"self": projections, "output": _sum(width, shape)})
        self.intermediate = nn.ModuleDict({"dense": Linear(width, inner)})
        self.output = _sum(inner, shape)

    def forward(self, states: Tensor, allowed: Tensor | None) -> Tensor:
        gathered = self.attend(states, allowed)
        states = self._added(self.attention["output"], gathered, states)  # type: ignore[arg-type]
        inner = functional.gelu(self.intermediate["dense"](states))
        return self._added(self.output, inner, states)

    def _added(self, parts: nn.ModuleDict, read: Tensor, states: Tensor) -> Tensor:
        added: Tensor = parts["LayerNorm"](states + self.drop(parts["dense"](read)))
        return added


def _sum(read: int, shape: Shape) -> nn.ModuleDict:
    width = shape.hidden_size
    norm = nn.LayerNorm(width, eps=shape.layer_norm_eps)
    return nn.ModuleDict({"dense": Linear(read, width), "LayerNorm": norm})


class PostnormEncoder(PrenormEncoder):
    first_position = 0

    @classmethod
    def read_model(cls, folder: Path, config: dict[str, Any], dtype: torch.dtype) -> PostnormModel:
        weights = read_weights(folder)
        with torch.device("meta"):  # no memory before the weights are read
            model = PostnormModel(Shape.of(config, folder / CONFIG), four_bits=f"{_WORDS}packed" in weights)
        fill(model, weights, folder, dtype)
        return model

    def export(self, folder: Path) -> None:
        words = self.word_embeddings
        if not isinstance(words, FourBitEmbedding):
            return self.save(folder)
        weights = {
            name: each for name, each in self.model.state_dict().items() if not name.startswith(_WORDS)
        }
        return self.save(folder, {f"{_WORDS}weight": words.weight.to(self.dtype), **weights})
