"""A batch of subword ids -> hidden states of chosen layers, for every family of encoder.

An `Encoder` is what aligning needs of a model. A `WholeEncoder` has everything that its checkpoint holds, so it can be
saved and trained, too. Each family has one in a file of its own, which says how to load its checkpoints and what its
model takes as input. aligning.py turns it into one that only aligns. families.py loads either.

Layer n is what transformers calls `hidden_states[n]`: 0 is the embeddings, n the input of block n + 1, and the last
layer is the output of the model, after the final normalisation of a pre-norm model.

Does not: choose layers, cut text to length, or build batches (batches.py does).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import nullcontext
from dataclasses import dataclass
from operator import index
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from ..device import attention_kernels
from ..encoder_input import EncoderInput
from ..errors import LanguageError, LayerError, ModelError, OptionError
from ..input_shape import InputShape, Specials
from ..json_file import shortened
from ..languages import find_language
from ..models.preset import Preset

if TYPE_CHECKING:
    from .packed import PackedBlocks


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The vocabulary of a tokenizer.

    `size`: ids are 0 to `size` - 1. `pad`, `mask`: special ids; padding is masked, so any id will do for a tokenizer
    without one. `unknown`: None if every text can be split. `specials`: all special ids.
    """

    size: int
    pad: int
    unknown: int | None
    mask: int | None
    specials: frozenset[int]


_LANGUAGE_OPTIONS = "source_language", "target_language"
_LANGUAGES = " and ".join(_LANGUAGE_OPTIONS)


class Encoder(ABC):
    """A model that gives hidden states. Threads take turns with it, unless it is `concurrent`.

    `layers`: number of blocks; valid layers are 0..layers, but those above `highest` were dropped. `width`: of a hidden
    state. `limit`: the room of a pair (`InputShape.room`). `causal`: each position only sees those before it.
    `languages`: the codes that `language_id` takes, in the order of their ids; empty if encoding does not depend on the
    language.
    `specials`: the special ids around the sides of a pair.
    """

    concurrent = False
    causal = False
    languages: tuple[str, ...] = ()
    default_language: str | None = None
    limit: int
    specials: Specials

    def __init__(self, preset: Preset, layers: int, width: int, vocabulary: Vocabulary) -> None:
        self.preset = preset
        self.layers = layers
        self.highest = layers
        self.width = width
        self.vocabulary = vocabulary
        self._turn = Lock()  # hooks are seen by all threads, and so is the choice of kernels

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where it computes."""

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype:
        """The precision of its weights."""

    @abstractmethod
    def split(self, words: Sequence[str], language: str | None) -> list[list[int]]:
        """The ids of each word as the family's tokenizer gives them."""

    @abstractmethod
    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The text of each subword in the vocabulary."""

    @abstractmethod
    def states(self, batch: EncoderInput, layers: Set[int]) -> dict[int, Tensor]:
        """The hidden states of `layers`, all of which exist. Shape of each: (batch, subwords, width)"""

    @property
    def input(self) -> InputShape:
        """How a pair is laid out for this encoder."""
        return self.preset.input

    @property
    def pad_id(self) -> int:
        return self.vocabulary.pad

    def encode(self, batch: EncoderInput, layers: Sequence[int]) -> Tensor:
        """Hidden states of `layers`, in their order. No block above the highest of them is run.

        Those of a whole encoder have gradients; call it under `torch.inference_mode()` if you need none.

        Shape: (layers, batch, subwords, width)
        """
        self.check_layers(layers)
        with nullcontext() if self.concurrent else self._turn, attention_kernels(batch.ids.device):
            states = self.states(batch, frozenset(layers))
        if len(layers) == 1:
            return states[layers[0]].unsqueeze(0)
        return torch.stack([states[layer] for layer in layers])

    def check_layers(self, layers: Iterable[int]) -> list[int]:
        """The layers as a list; LayerError, with the valid range, unless the encoder has all of them."""
        valid = f"{self.preset.name} has layers 0 (embeddings) to {self.layers}"
        try:
            numbers = [index(layer) for layer in layers]
        except TypeError:
            raise LayerError(f"layers are {shortened(layers)}: expected a list of numbers; {valid}") from None
        if not numbers:
            raise LayerError("no layer to encode: name at least one")
        for layer in numbers:
            if not 0 <= layer <= self.layers:
                raise LayerError(f"layer {layer} does not exist: {valid}")
            if layer > self.highest:
                raise LayerError(f"layer {layer} was dropped when {self.preset.name} was loaded")
        return numbers

    def subword_ids(self, words: Sequence[str], language: str | None = None) -> list[list[int]]:
        """The ids of each word on its own, without special ones; empty for a word that the tokenizer drops."""
        if not words:
            return []
        return [self._without_specials(ids) for ids in self.split(words, language)]

    def _without_specials(self, ids: list[int]) -> list[int]:
        """A "</s>" in the text must not end the sentence, and a "<pad>" must not shift what follows it."""
        specials, unknown = self.vocabulary.specials, self.vocabulary.unknown
        if specials.isdisjoint(ids):
            return ids
        replaced = (unknown if number in specials else number for number in ids)
        return [number for number in replaced if number is not None]

    def language_id(self, code: str | None) -> int:
        """The id of a language in `EncoderInput.languages`; None gives the default language."""
        if not self.languages:
            raise LanguageError(
                f"{self.preset.name} takes no language: leave out {_LANGUAGES}", *_LANGUAGE_OPTIONS
            )
        code = code or self.default_language
        if code is None:
            raise LanguageError(
                f"{self.preset.name} needs to know the languages: give {_LANGUAGES}, "
                f"each one of {', '.join(self.languages)}",
                *_LANGUAGE_OPTIONS,
            )
        return self.languages.index(find_language(code, self.languages))

    def language_ids(self, batch: EncoderInput) -> Tensor:
        """The language of every position, by default the default one. Shape: (batch, subwords)"""
        if batch.languages is None:
            return torch.full_like(batch.ids, self.language_id(None))
        return batch.languages


class WholeEncoder(Encoder):
    """An encoder with everything that its checkpoint holds: it can be saved, moved and trained.

    `model`: transformers' own, or one whose weights have the same names, with its `config`. ModelError if the preset
    has segments and the model has one token type.
    """

    def __init__(
        self, preset: Preset, model: nn.Module, layers: int, width: int, vocabulary: Vocabulary
    ) -> None:
        super().__init__(preset, layers, width, vocabulary)
        self.model = model
        if preset.input.segments and getattr(model.config, "type_vocab_size", 1) < 2:
            raise ModelError(
                f"{preset.name}: segments need a model with two token types, and this one has no second"
            )

    # What each family defines.

    @classmethod
    @abstractmethod
    def load(cls, preset: Preset, dtype: torch.dtype) -> Self:
        """Read the checkpoint that `preset` names; ModelError if it cannot be read."""

    @abstractmethod
    def save(self, folder: Path, weights: Mapping[str, Tensor] | None = None) -> None:
        """Write an ordinary transformers checkpoint into an empty folder, with `weights` instead of the model's own."""

    def export(self, folder: Path) -> None:
        """Write what transformers reads too into an empty folder; `save` may be shorter where it need not."""
        self.save(folder)

    def freeze_for_finetuning(self) -> None:
        """Freeze what the family's authors freeze for fine-tuning."""
        raise OptionError(f"{self.preset.name}: only X-MOD has parts that its authors freeze for fine-tuning")

    # Parts of an encoder that only aligns (encoders/aligning.py).

    @abstractmethod
    def embed(self, batch: EncoderInput) -> Tensor:
        """Layer 0, for families whose blocks can be packed. Shape: (batch, subwords, width)"""

    def packed(self, highest: int) -> PackedBlocks | None:
        """The first `highest` blocks, packed for a CPU; None if packed.py does not know their kind."""
        return None

    @abstractmethod
    def remove_blocks(self, first: int) -> None:
        """Free the memory of the blocks from number `first` on, counted from 0; the encoder is then no longer whole."""

    # The interface that all families share.

    @property
    def word_embeddings(self) -> nn.Embedding:
        embeddings: nn.Embedding = self.model.get_input_embeddings()  # type: ignore[operator]
        return embeddings

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.model.parameters()).dtype

    def to(self, device: str | torch.device) -> None:
        """Move everything that computes to `device`."""
        self.model.to(device)
