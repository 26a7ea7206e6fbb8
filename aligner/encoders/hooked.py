"""The base of families that run transformers' own model: hooks collect its hidden states.

A hook before each block keeps the input of the block. Before the first block that is not needed, a hook ends the
forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..encoder_input import EncoderInput
from ..errors import ModelError
from ..input_shape import Specials
from ..models.preset import Preset
from .base import Vocabulary, WholeEncoder
from .folder import TOKENIZER_CONFIG
from .pretrained import quietly

_EMBEDDED = ("input_ids", "token_type_ids", "position_ids")  # what layer 0 is made of


class HookedEncoder(WholeEncoder):
    """`model` and `tokenizer` are transformers' own. `blocks`: the modules that read the states of layer 0, 1, ...

    `can_restart`: positions of this family can begin again on the target side. `begins_with`: the tokenizer's name of
    the special subword at the beginning of a sequence.
    """

    can_restart = False
    begins_with = "cls_token"

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, preset: Preset) -> None:
        self.preset = preset
        self.model: PreTrainedModel = model
        self.tokenizer = tokenizer
        if tokenizer.is_fast:
            # Words are split one by one and not padded, whatever tokenizer.json says.
            tokenizer.backend_tokenizer.no_padding()
            tokenizer.backend_tokenizer.no_truncation()
        if preset.input.restarts and not self.can_restart:
            raise ModelError(
                f"{preset.name}: positions cannot restart on the target side in a model of this kind"
            )
        self.blocks = self.find_blocks()
        super().__init__(
            preset, model, len(self.blocks), int(model.config.hidden_size), _vocabulary(tokenizer)
        )
        self.specials = self.find_specials()
        self.limit = preset.input.room(self.find_positions(), self.specials)

    # What each family defines.

    def find_blocks(self) -> nn.ModuleList:
        """The modules whose first input is the hidden state of layer 0, 1, ..."""
        blocks: nn.ModuleList = self.model.encoder.layer
        return blocks

    def find_positions(self) -> int:
        """How many subwords a sequence may have, including specials."""
        return int(self.model.config.max_position_embeddings)

    def find_specials(self) -> Specials:
        """The special subwords around the sides of a pair."""
        end = (self.special_id("sep_token"),)
        return Specials((self.special_id(self.begins_with),), end, end)

    def model_inputs(self, batch: EncoderInput) -> dict[str, Any]:
        """The keyword arguments of the model's forward."""
        mask = batch.mask if batch.padded else None
        inputs: dict[str, Any] = {"input_ids": batch.ids, "attention_mask": mask}
        if self.input.segments:
            inputs["token_type_ids"] = batch.sides
        return inputs

    def droppable(self) -> tuple[nn.ModuleList, ...]:
        """The lists that hold a block, or a part of one, per layer."""
        return (self.blocks,)

    def special_id(self, name: str) -> int:
        """The id of the tokenizer's `name`, such as sep_token; ModelError if it has none."""
        number = getattr(self.tokenizer, f"{name}_id")
        if not isinstance(number, int):
            raise ModelError(f"{Path(self.preset.checkpoint.place) / TOKENIZER_CONFIG}: {name} is missing")
        return number

    # The interface of an encoder.

    def states(self, batch: EncoderInput, layers: Set[int]) -> dict[int, Tensor]:
        states: dict[int, Tensor] = {}
        with ExitStack() as hooks:
            for layer in layers - {self.layers}:
                keep = partial(_keep, states, layer, layer == max(layers))
                hooks.enter_context(self.blocks[layer].register_forward_pre_hook(keep, with_kwargs=True))
            with suppress(_Reached):
                states[self.layers] = self.model(**self.model_inputs(batch)).last_hidden_state
        for layer, each in states.items():
            if each.shape[:2] != batch.ids.shape:
                raise ModelError(
                    f"{self.preset.name}: layer {layer} has states of shape {tuple(each.shape)} for subwords of shape "
                    f"{tuple(batch.ids.shape)}: models that rearrange their input cannot be used"
                )
        return states

    def embed(self, batch: EncoderInput) -> Tensor:
        inputs = self.model_inputs(batch)
        embedded: Tensor = self.model.embeddings(
            **{name: value for name, value in inputs.items() if name in _EMBEDDED}
        )
        return embedded

    def split(self, words: Sequence[str], language: str | None) -> list[list[int]]:
        encodings = self.tokenizer.backend_tokenizer.encode_batch_fast(list(words), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        pieces: list[str] = self.tokenizer.convert_ids_to_tokens(ids)
        return pieces

    def save(self, folder: Path, weights: Mapping[str, Tensor] | None = None) -> None:
        with quietly():
            self.model.save_pretrained(folder, state_dict=None if weights is None else dict(weights))
            self.tokenizer.save_pretrained(folder)

    def remove_blocks(self, first: int) -> None:
        for block_parts in self.droppable():
            for number in range(first, self.layers):
                block_parts[number] = nn.Identity()


def _vocabulary(tokenizer: PreTrainedTokenizerBase) -> Vocabulary:
    return Vocabulary(
        size=len(tokenizer),
        pad=int(tokenizer.pad_token_id or 0),
        unknown=tokenizer.unk_token_id,
        mask=tokenizer.mask_token_id,
        specials=frozenset(tokenizer.all_special_ids),
    )


class _Reached(Exception):
    """The highest requested layer is reached: end the model's forward pass before the next block."""


def _keep(
    states: dict[int, Tensor],
    layer: int,
    is_last: bool,
    block: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    """A forward pre-hook of the block whose input is `layer`: it keeps that input."""
    states[layer] = args[0] if args else kwargs["hidden_states"]
    if is_last:
        raise _Reached
