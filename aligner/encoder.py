"""A batch of subword ids -> hidden states of chosen layers, for every family of encoder.

A family (encoders/*.py, one file each) says how to load its checkpoints and what its model takes as input;
running it is the same for all and stands here. Layer n is what transformers calls `hidden_states[n]`: 0 the
embeddings, n what block n+1 reads, and the last layer the model's output, after the final normalisation
where a pre-norm model has one.

Does not: choose layers, cut text to length, or build batches (batches.py does).
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from xalign.encoders.languages import find_language
from xalign.errors import LanguageError, LayerError, OptionError
from xalign.models import Preset

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """Sequences of subword ids, padded to the longest.

    `ids`, `sides`: int64, `mask`: bool (True = a real subword). Shape of each: (batch, subwords).
    `sides`: 0 on the source side with its special subwords, 1 on the target side (pair encoding).
    `languages`: the language id of every position, for families that need one. Shape: (batch, subwords).
    `padded`: False promises that `mask` is True everywhere, so that no attention mask is computed; whoever
    builds the batch knows this without waiting for the device.
    """

    ids: Tensor
    mask: Tensor
    sides: Tensor
    languages: Tensor | None = None
    padded: bool = True

    @property
    def restarting_positions(self) -> Tensor:
        """Positions from 0 that start again with the target side; 0 for padding. Shape: (batch, subwords)

        >>> sides, mask = torch.tensor([[0, 0, 0, 1, 1, 0]]), torch.tensor([[True] * 5 + [False]])
        >>> EncoderInput(ids=sides, mask=mask, sides=sides).restarting_positions
        tensor([[0, 1, 2, 0, 1, 0]])
        """
        source_length = ((self.sides == 0) & self.mask).sum(dim=1, keepdim=True)
        positions = torch.arange(self.sides.shape[1], device=self.sides.device)
        return (positions - self.sides * source_length) * self.mask


class Encoder(ABC):
    """A checkpoint that answers with hidden states. One thread at a time may call it.

    `layers`: number of blocks; valid layers are 0..layers. `width`: of a hidden state.
    `limit`: most subwords in one sequence, specials not counted; where positions restart on the target side,
    most subwords on each side.
    `languages`: the codes that `language_id` takes, in the order of their ids; empty where encoding depends
    on none. `needs_language`: there are such codes and no `default_language`.
    `prefix`, `separator`, `suffix`: the special ids before, between and after the two sides of a pair; a
    single sentence has `prefix` and `suffix`.
    `model` and `tokenizer` are transformers' own, for training and saving.
    """

    languages: tuple[str, ...] = ()
    default_language: str | None = None
    prefix: tuple[int, ...]
    separator: tuple[int, ...]
    suffix: tuple[int, ...]

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, preset: Preset) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.preset = preset
        self.blocks = self.find_blocks()
        self.layers = len(self.blocks)
        self.width = int(model.config.hidden_size)
        self.limit = self.find_limit()
        # Padding is masked, so that any id does for a tokenizer without one of its own.
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self._special_ids = frozenset(tokenizer.all_special_ids)
        self._unknown_ids = [] if tokenizer.unk_token_id is None else [int(tokenizer.unk_token_id)]
        self.prefix, self.separator, self.suffix = self.find_specials()

    # What a family says about itself.

    @classmethod
    @abstractmethod
    def load(cls, preset: Preset, dtype: torch.dtype) -> Encoder:
        """Read the checkpoint that `preset` names; ModelError where it cannot be read."""

    def find_blocks(self) -> nn.ModuleList:
        """The modules whose first input is the hidden state of layer 0, 1, ..."""
        blocks: nn.ModuleList = self.model.encoder.layer
        return blocks

    @abstractmethod
    def find_limit(self) -> int:
        """What `limit` is to be."""

    @abstractmethod
    def find_specials(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """(prefix, separator, suffix)"""

    def model_inputs(self, batch: EncoderInput) -> dict[str, Any]:
        """The keyword arguments of the model's forward."""
        mask = batch.mask if batch.padded else None
        inputs: dict[str, Any] = {"input_ids": batch.ids, "attention_mask": mask}
        if self.preset.segments:
            inputs["token_type_ids"] = batch.sides
        return inputs

    # What everybody asks of it.

    @property
    def needs_language(self) -> bool:
        return bool(self.languages) and self.default_language is None

    @property
    def device(self) -> torch.device:
        return torch.device(self.model.device)

    @property
    def dtype(self) -> torch.dtype:
        dtype: torch.dtype = self.model.dtype
        return dtype

    def encode(self, batch: EncoderInput, layers: Sequence[int]) -> Tensor:
        """Hidden states of `layers`, in their order. No block above the highest of them is run.

        Differentiable; whoever needs no gradient calls it under `torch.inference_mode()`.

        Shape: (layers, batch, subwords, width)
        """
        self.check_layers(layers)
        states: dict[int, Tensor] = {}
        with ExitStack() as hooks:
            for layer in {*layers, max(layers)} - {self.layers}:
                keep = _Keep(states, layer, is_last=layer == max(layers))
                hooks.enter_context(self.blocks[layer].register_forward_pre_hook(keep, with_kwargs=True))
            with suppress(_Reached):
                states[self.layers] = self.model(**self.model_inputs(batch)).last_hidden_state
        if len(layers) == 1:
            return states[layers[0]].unsqueeze(0)
        return torch.stack([states[layer] for layer in layers])

    def check_layers(self, layers: Sequence[int]) -> None:
        """LayerError, with the range, unless the encoder has all of `layers`."""
        if not layers:
            raise LayerError("no layer to encode: name at least one")
        for layer in layers:
            if not 0 <= layer <= self.layers:
                valid = f"layers 0 (embeddings) to {self.layers}"
                raise LayerError(f"layer {layer} does not exist: {self.preset.name} has {valid}")

    def subword_ids(self, words: Sequence[str], language: str | None = None) -> list[list[int]]:
        """The ids of each word on its own, no special ones; empty for a word that the tokenizer drops."""
        return [self._without_specials(ids) for ids in self.split(words, language)]

    def split(self, words: Sequence[str], language: str | None) -> list[list[int]]:
        """The ids of each word as the family's tokenizer gives them."""
        if not words:
            return []
        encodings = self.tokenizer.backend_tokenizer.encode_batch_fast(list(words), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def _without_specials(self, ids: list[int]) -> list[int]:
        """A "</s>" in somebody's text must not end the sentence, nor a "<pad>" shift what follows it."""
        if self._special_ids.isdisjoint(ids):
            return ids
        replaced = (self._unknown_ids if number in self._special_ids else [number] for number in ids)
        return [number for numbers in replaced for number in numbers]

    def language_id(self, code: str | None) -> int:
        """What `EncoderInput.languages` holds for a language; None asks for the default one."""
        if not self.languages:
            raise LanguageError(f"{self.preset.name} takes no language: leave out --src-lang and --tgt-lang")
        code = code or self.default_language
        if code is None:
            raise LanguageError(
                f"{self.preset.name} needs to know the languages: give --src-lang and --tgt-lang, "
                f"each one of {', '.join(self.languages)}"
            )
        return self.languages.index(find_language(code, self.languages))

    def language_ids(self, batch: EncoderInput) -> Tensor:
        """The language of every position, by default the default one. Shape: (batch, subwords)"""
        if batch.languages is None:
            return torch.full_like(batch.ids, self.language_id(None))
        return batch.languages

    def next_word_logits(self, batch: EncoderInput) -> Tensor:
        """At each position, the scores of the subword that follows. Shape: (batch, subwords, vocabulary)"""
        raise OptionError(
            f"{self.preset.name} does not predict next words: only a causal XLM checkpoint "
            "(such as xlm-clm-ende-1024) with its prediction head does"
        )

    def freeze_for_finetuning(self) -> None:
        """Freeze what the family's authors freeze for fine-tuning."""
        raise OptionError(f"{self.preset.name}: only X-MOD has parts that its authors freeze for fine-tuning")

    def to(self, device: str | torch.device) -> None:
        """Move everything that computes to `device`."""
        self.model.to(device)

    def drop_blocks_above(self, layer: int) -> None:
        """Free the memory of blocks that will never be run; they stay counted in `layers`."""
        self.check_layers([layer])
        for block_parts in self.droppable():
            for number in range(layer, self.layers):
                block_parts[number] = nn.Identity()

    def droppable(self) -> tuple[nn.ModuleList, ...]:
        """The lists that hold a block, or a part of one, per layer."""
        return (self.blocks,)


class _Reached(Exception):
    """The highest layer asked for is there: leave the model's forward pass before the next block."""


@dataclass(frozen=True, slots=True)
class _Keep:
    """A forward pre-hook of the block that reads `layer`: what the block is about to read is that layer."""

    states: dict[int, Tensor]
    layer: int
    is_last: bool

    def __call__(self, block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.states[self.layer] = args[0] if args else kwargs["hidden_states"]
        if self.is_last:
            raise _Reached


# family -> (module, class): importing a family imports transformers' model code, so only the one in use is.
_FAMILIES = {
    "roberta": ("xalign.encoders.roberta", "RobertaEncoder"),
    "xmod": ("xalign.encoders.xmod", "XmodEncoder"),
    "xlm": ("xalign.encoders.xlm", "XlmEncoder"),
    "bert": ("xalign.encoders.bert", "BertEncoder"),
    "fairseq": ("xalign.encoders.fairseq", "FairseqEncoder"),
    "generic": ("xalign.encoders.generic", "GenericEncoder"),
}
# transformers' model_type -> family; every other type is generic.
_FAMILY_OF_TYPE = {
    "xlm-roberta": "roberta",
    "xlm-roberta-xl": "roberta",
    "xmod": "xmod",
    "xlm": "xlm",
    "bert": "bert",
}


def load_encoder(
    preset: Preset,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    layers: int | None = None,
) -> Encoder:
    """The encoder that `preset` names, in evaluation mode; `layers` drops the blocks above that layer."""
    module, name = _FAMILIES[_family(preset)]
    family: type[Encoder] = getattr(importlib.import_module(module), name)
    encoder = family.load(preset, dtype)
    if layers is not None:
        encoder.drop_blocks_above(layers)
    encoder.model.eval()
    encoder.to(device)
    return encoder


def _family(preset: Preset) -> str:
    if preset.family != "auto":
        return preset.family
    from xalign.encoders.pretrained import read_config

    return _FAMILY_OF_TYPE.get(read_config(preset.checkpoint).model_type, "generic")
