"""XLM-RoBERTa-XL, which `mini` is: a transformer that normalises before each product, in torch alone.

Reads and writes the folders of transformers (config.json, model.safetensors, tokenizer.json) and gives the same hidden
states, but does not import transformers, which takes longer than aligning a thousand pairs. A pair is
`<s> source </s> target </s>`, as in roberta.py.

Goyal et al. (2021), "Larger-Scale Transformers for Multilingual Masked Language Modeling". Does not: read checkpoints
with several files of weights, or with another activation than GELU; roberta.py reads those through transformers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from ..encoder_input import EncoderInput
from ..errors import ModelError
from ..input_shape import Specials
from ..json_file import read_object
from ..models.preset import Preset
from .base import Vocabulary, WholeEncoder
from .folder import CONFIG, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS
from .packed import PackedBlocks
from .shape import Shape

# The names of special subwords in tokenizer_config.json, and their texts if it does not give any.
_SPECIALS = {
    "cls_token": "<s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
# In a checkpoint with a head: the prefix of the encoder's weights, and those of weights that are not the encoder's.
_PREFIX = "roberta."
_HEADS = ("lm_head.", "classifier.", "qa_outputs.", "pooler.")


class Linear(nn.Linear):
    """Weights are read, not drawn."""

    def reset_parameters(self) -> None:
        pass


class Embedding(nn.Embedding):
    """Weights are read, not drawn."""

    def reset_parameters(self) -> None:
        pass


class PrenormModel(nn.Module):
    """Weights under transformers' names, so that state dicts can be exchanged."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.config = shape
        width = shape.hidden_size
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": Embedding(shape.vocab_size, width, padding_idx=shape.pad_token_id),
                "position_embeddings": Embedding(
                    shape.max_position_embeddings, width, padding_idx=shape.pad_token_id
                ),
                "token_type_embeddings": Embedding(shape.type_vocab_size, width),
            }
        )
        self.encoder = nn.ModuleDict(
            {
                "layer": nn.ModuleList(Block(shape) for _ in range(shape.num_hidden_layers)),
                "LayerNorm": nn.LayerNorm(width, eps=shape.layer_norm_eps),
            }
        )

    @property
    def blocks(self) -> nn.ModuleList:
        blocks: nn.ModuleList = self.encoder["layer"]  # type: ignore[assignment]
        return blocks

    @property
    def final(self) -> nn.Module | None:
        """The normalisation of the last block's output; None if there is none."""
        return self.encoder["LayerNorm"]

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings; the method has the name that it has in transformers."""
        return self.embeddings["word_embeddings"]

    def embed(self, ids: Tensor, positions: Tensor, sides: Tensor | None) -> Tensor:
        """Layer 0. Shape: (batch, subwords) each -> (batch, subwords, width)"""
        words, places, types = (
            self.embeddings[f"{name}_embeddings"] for name in ("word", "position", "token_type")
        )
        kinds = torch.zeros_like(ids) if sides is None else sides
        embedded = words(ids) + types(kinds) + places(positions)
        return functional.dropout(embedded, self.config.hidden_dropout_prob, self.training)

    def forward(self, states: Tensor, mask: Tensor | None, layers: Set[int]) -> dict[int, Tensor]:
        """The hidden states of `layers`, from those of layer 0. `mask`: real subwords; None if there is no padding.

        Shape: (batch, subwords, width), (batch, subwords) -> (batch, subwords, width) each
        """
        allowed = None if mask is None else mask[:, None, None, :]
        found = {0: states} if 0 in layers else {}
        for layer, block in enumerate(self.blocks[: max(layers)], start=1):
            states = block(states, allowed)
            if layer in layers:
                is_last = layer == self.config.num_hidden_layers
                found[layer] = self.final(states) if is_last and self.final is not None else states
        return found


class Block(nn.Module):
    """Attention, then a product to the inner width and back; each is added to its input."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.num_attention_heads
        self.dropout, self.attention_dropout = shape.hidden_dropout_prob, shape.attention_probs_dropout_prob
        width, inner = shape.hidden_size, shape.intermediate_size
        self.attention = nn.ModuleDict(
            {
                "self_attn_layer_norm": nn.LayerNorm(width, eps=shape.layer_norm_eps),
                "self": nn.ModuleDict({name: Linear(width, width) for name in ("query", "key", "value")}),
                "output": nn.ModuleDict({"dense": Linear(width, width)}),
            }
        )
        self.LayerNorm = nn.LayerNorm(width, eps=shape.layer_norm_eps)
        self.intermediate = nn.ModuleDict({"dense": Linear(width, inner)})
        self.output = nn.ModuleDict({"dense": Linear(inner, width)})

    def forward(self, states: Tensor, allowed: Tensor | None) -> Tensor:
        """Shape: (batch, subwords, width), kept; `allowed`, what may be attended to, (batch, 1, 1, subwords)"""
        attention: nn.ModuleDict = self.attention
        gathered = self.attend(attention["self_attn_layer_norm"](states), allowed)
        states = states + self.drop(attention.get_submodule("output.dense")(gathered))
        inner = functional.gelu(self.intermediate["dense"](self.LayerNorm(states)))
        narrowed: Tensor = self.output["dense"](inner)
        return states + narrowed

    def attend(self, states: Tensor, allowed: Tensor | None) -> Tensor:
        projections: nn.ModuleDict = self.attention["self"]  # type: ignore[assignment]
        # (batch, heads, subwords, width of a head)
        query, key, value = (
            project(states).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for project in projections.values()
        )
        if not self.training or states.is_cuda:
            dropout = self.attention_dropout if self.training else 0.0
            context = functional.scaled_dot_product_attention(
                query, key, value, attn_mask=allowed, dropout_p=dropout
            )
        else:  # on a CPU, the fused kernel's way back takes several times as long
            scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
            if allowed is not None:
                scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
            context = functional.dropout(scores.softmax(-1), self.attention_dropout) @ value
        gathered: Tensor = context.transpose(1, 2).flatten(2)
        return gathered

    def drop(self, states: Tensor) -> Tensor:
        return functional.dropout(states, self.dropout, self.training)


class PrenormEncoder(WholeEncoder):
    """`tokenizer` is of the tokenizers library."""

    def __init__(
        self,
        preset: Preset,
        model: PrenormModel,
        config: dict[str, Any],
        tokenizer: Tokenizer,
        tokenizer_config: dict[str, Any],
    ) -> None:
        self.model: PrenormModel = model
        self.config = config
        self.tokenizer = tokenizer
        self.tokenizer_config = tokenizer_config
        special = _special_ids(tokenizer, tokenizer_config, Path(preset.checkpoint.place))
        tokens = tokenizer.get_added_tokens_decoder().items()
        added = {number for number, token in tokens if token.special}
        vocabulary = Vocabulary(
            size=tokenizer.get_vocab_size(),
            pad=special["pad_token"],
            unknown=special["unk_token"],
            mask=special["mask_token"],
            specials=frozenset(special.values()) | added,
        )
        shape = model.config
        super().__init__(preset, model, shape.num_hidden_layers, shape.hidden_size, vocabulary)
        end = (special["sep_token"],)
        self.specials = Specials((special["cls_token"],), end, end)
        self.limit = preset.input.room(shape.max_position_embeddings - self.first_position, self.specials)

    @property
    def blocks(self) -> nn.ModuleList:
        return self.model.blocks

    @classmethod
    def load(cls, preset: Preset, dtype: torch.dtype) -> PrenormEncoder:
        folder = Path(preset.checkpoint.place)
        config = read_object(folder / CONFIG)
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # the library has no class of its own for its errors
            raise ModelError(f"{folder / TOKENIZER}: cannot be read as a tokenizer: {error}") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        told = folder / TOKENIZER_CONFIG
        tokenizer_config = read_object(told) if told.is_file() else {}
        return cls(preset, cls.read_model(folder, config, dtype), config, tokenizer, tokenizer_config)

    @classmethod
    def read_model(cls, folder: Path, config: dict[str, Any], dtype: torch.dtype) -> PrenormModel:
        """The model that the folder holds, its weights in `dtype`."""
        shape = Shape.of(config, folder / CONFIG)
        if shape.max_position_embeddings <= shape.pad_token_id:
            raise ModelError(
                f"{folder / CONFIG}: max_position_embeddings is {shape.max_position_embeddings}, "
                f"but positions count from pad_token_id, {shape.pad_token_id}"
            )
        with torch.device("meta"):  # no memory before the weights are read
            model = PrenormModel(shape)
        fill(model, read_weights(folder), folder, dtype)
        return model

    @property
    def first_position(self) -> int:
        """The row of the position table that the first subword uses: the one after that of padding."""
        return self.model.config.pad_token_id + 1

    def save(self, folder: Path, weights: Mapping[str, Tensor] | None = None) -> None:
        tensors = {name: each.contiguous() for name, each in (weights or self.model.state_dict()).items()}
        dtype = tensors["embeddings.position_embeddings.weight"].dtype
        config = {**self.config, "dtype": str(dtype).removeprefix("torch.")}
        config.pop("torch_dtype", None)  # its former name
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
        _write_json(folder / CONFIG, config)
        self.tokenizer.save(str(folder / TOKENIZER), pretty=False)
        _write_json(folder / TOKENIZER_CONFIG, self.tokenizer_config)

    def split(self, words: Sequence[str], language: str | None) -> list[list[int]]:
        encodings = self.tokenizer.encode_batch_fast(list(words), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return [self.tokenizer.id_to_token(number) or "" for number in ids]

    def states(self, batch: EncoderInput, layers: Set[int]) -> dict[int, Tensor]:
        mask = batch.mask if batch.padded else None
        found: dict[int, Tensor] = self.model(self.embed(batch), mask, layers)
        return found

    def embed(self, batch: EncoderInput) -> Tensor:
        sides = batch.sides if self.input.segments else None
        return self.model.embed(batch.ids, self._positions(batch), sides)

    def _positions(self, batch: EncoderInput) -> Tensor:
        """The position of each subword in its sequence or side; that of padding is the one before, if there is one."""
        positions = self.input.positions_of(batch)
        counted = batch.mask.cumsum(1) if positions is None else positions + 1
        return (counted * batch.mask + self.first_position - 1).clamp(min=0)

    def remove_blocks(self, first: int) -> None:
        del self.blocks[first:]

    def packed(self, highest: int) -> PackedBlocks:
        final = self.model.final if highest == self.layers else None
        return PackedBlocks(self.blocks[:highest], self.model.config.num_attention_heads, final)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The weights of the encoder, with the names that they have in a checkpoint without a head."""
    try:
        weights = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelError(f"{folder / WEIGHTS}: cannot be read as weights: {error}") from error
    weights = {name.removeprefix(_PREFIX): each for name, each in weights.items()}
    return {name: each for name, each in weights.items() if not name.startswith(_HEADS)}


def fill(model: nn.Module, weights: Mapping[str, Tensor], folder: Path, dtype: torch.dtype) -> None:
    """Load weights into a model, in `dtype`; buffers keep the dtype in which they are stored.

    Raises:
        ModelError: a weight is missing, or has another shape than in the model.
    """
    expected = model.state_dict()
    if missing := sorted(expected.keys() - weights.keys()):
        raise ModelError(
            f"{folder}: {len(missing)} of the model's weights are missing, the first is {missing[0]}; "
            f"expected a checkpoint of the kind that {CONFIG} names"
        )
    for name, tensor in expected.items():
        if weights[name].shape != tensor.shape:
            found, wanted = tuple(weights[name].shape), tuple(tensor.shape)
            raise ModelError(f"{folder}: {name} has the shape {found}, but {CONFIG} makes it {wanted}")
    kept = {name for name, _ in model.named_buffers()}
    converted = {name: each if name in kept else each.to(dtype) for name, each in weights.items()}
    model.load_state_dict({name: converted[name] for name in expected}, assign=True)


def _special_ids(tokenizer: Tokenizer, config: dict[str, Any], folder: Path) -> dict[str, int]:
    ids = {}
    for name, usual in _SPECIALS.items():
        text = config.get(name) or usual
        text = text["content"] if isinstance(text, dict) else text
        number = tokenizer.token_to_id(text)
        if number is None:
            raise ModelError(
                f"{folder / TOKENIZER}: has no {text!r}, which {TOKENIZER_CONFIG} calls its {name}"
            )
        ids[name] = number
    return ids
