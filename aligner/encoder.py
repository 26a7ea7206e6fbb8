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
from collections.abc import Mapping, Sequence, Set
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from .device import attention_kernels, moved
from .encoders.folder import CONFIG, TOKENIZER, WEIGHTS, brings_code, check_folder, refuse_code
from .encoders.languages import find_language
from .errors import LanguageError, LayerError, ModelError, OptionError
from .hub import checkpoint_folder
from .json_file import read_object
from .models import BUNDLED, Preset, holds_fairseq


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

    def to(self, device: torch.device) -> EncoderInput:
        """The same on `device`."""
        return EncoderInput(
            ids=moved(self.ids, device),
            mask=moved(self.mask, device),
            sides=moved(self.sides, device),
            languages=None if self.languages is None else moved(self.languages, device),
            padded=self.padded,
        )

    def rows(self, first: int, end: int) -> EncoderInput:
        """Some of the sequences, as wide as all of them."""
        chosen = slice(first, end)
        return EncoderInput(
            ids=self.ids[chosen],
            mask=self.mask[chosen],
            sides=self.sides[chosen],
            languages=None if self.languages is None else self.languages[chosen],
            padded=self.padded,
        )

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


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is asked of a tokenizer beside splitting.

    `size`: ids run from 0 to below it. `pad`, `mask`: special ids; padding is masked, so that any id does for a
    tokenizer without one of its own. `unknown`: None where every text can be split. `specials`: all special ids.
    """

    size: int
    pad: int
    unknown: int | None
    mask: int | None
    specials: frozenset[int]


class Encoder(ABC):
    """A checkpoint that answers with hidden states. Threads take turns with it, unless it is `concurrent`.

    `model`: what computes: transformers' own, or one whose weights have the same names. `layers`: number of blocks;
    valid layers are 0..layers, of which those above `highest` were dropped. `width`: of a hidden state.
    `limit`: most subwords in one sequence, specials not counted; where positions restart on the target side,
    most subwords on each side. `causal`: each position sees those before it alone.
    `languages`: the codes that `language_id` takes, in the order of their ids; empty where encoding depends
    on none. `needs_language`: there are such codes and no `default_language`.
    `prefix`, `separator`, `suffix`: the special ids before, between and after the two sides of a pair; a
    single sentence has `prefix` and `suffix`.
    """

    concurrent = False
    causal = False
    languages: tuple[str, ...] = ()
    default_language: str | None = None
    limit: int
    prefix: tuple[int, ...]
    separator: tuple[int, ...]
    suffix: tuple[int, ...]

    def __init__(
        self, preset: Preset, model: nn.Module, layers: int, width: int, vocabulary: Vocabulary
    ) -> None:
        self.preset = preset
        self.model = model
        self.layers = layers
        self.highest = layers
        self.width = width
        self.vocabulary = vocabulary
        self._turn = Lock()  # hooks are seen by all threads, and so is the choice of kernels

    # What a family says about itself.

    @classmethod
    @abstractmethod
    def load(cls, preset: Preset, dtype: torch.dtype) -> Encoder:
        """Read the checkpoint that `preset` names; ModelError where it cannot be read."""

    @abstractmethod
    def write(self, folder: Path, weights: Mapping[str, Tensor] | None) -> None:
        """What `save` does, for an encoder whose model is whole."""

    @abstractmethod
    def split(self, words: Sequence[str], language: str | None) -> list[list[int]]:
        """The ids of each word as the family's tokenizer gives them."""

    @abstractmethod
    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The text of each subword, as the vocabulary has it."""

    @abstractmethod
    def states(self, batch: EncoderInput, layers: Set[int]) -> dict[int, Tensor]:
        """The hidden states of `layers`, all of which exist. Shape of each: (batch, subwords, width)"""

    @abstractmethod
    def remove_blocks(self, first: int) -> None:
        """Free the memory of the blocks from number `first` on, counted from 0."""

    def pack(self) -> None:  # noqa: B027 (most families have no such form)
        """Lay the weights out for aligning on this processor. No training, saving or moving after it."""

    @property
    def is_packed(self) -> bool:
        return False

    # What everybody asks of it.

    @property
    def needs_language(self) -> bool:
        return bool(self.languages) and self.default_language is None

    @property
    def word_embeddings(self) -> nn.Embedding:
        embeddings: nn.Embedding = self.model.get_input_embeddings()  # type: ignore[operator]
        return embeddings

    @property
    def pad_id(self) -> int:
        return self.vocabulary.pad

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.model.parameters()).dtype

    def save(self, folder: Path, weights: Mapping[str, Tensor] | None = None) -> None:
        """Write an ordinary transformers checkpoint into an empty folder, with `weights` instead of the model's own.

        Raises:
            ModelError: the model is no longer whole: packed for aligning, or loaded without its highest blocks.
        """
        if self.is_packed or self.highest < self.layers:
            dropped = f"loaded without the blocks above {self.highest}"
            why = "packed for aligning" if self.is_packed else dropped
            raise ModelError(
                f"{self.preset.name}: {why}, so that it cannot be saved whole; "
                "save what load_encoder(preset) gives"
            )
        self.write(folder, weights)

    def export(self, folder: Path) -> None:
        """Write what transformers reads too into an empty folder; `save` may be shorter where it need not.

        Raises:
            ModelError: as `save`.
        """
        self.save(folder)

    def encode(self, batch: EncoderInput, layers: Sequence[int]) -> Tensor:
        """Hidden states of `layers`, in their order. No block above the highest of them is run.

        Differentiable until the encoder is packed; whoever needs no gradient calls it under `torch.inference_mode()`.

        Shape: (layers, batch, subwords, width)
        """
        self.check_layers(layers)
        with nullcontext() if self.concurrent else self._turn, attention_kernels(batch.ids.device):
            states = self.states(batch, frozenset(layers))
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
            if layer > self.highest:
                raise LayerError(f"layer {layer} was dropped when {self.preset.name} was loaded")

    def drop_blocks_above(self, layer: int) -> None:
        """Free the memory of blocks that will never be run; they stay counted in `layers`."""
        self.check_layers([layer])
        self.highest = layer
        self.remove_blocks(layer)

    def subword_ids(self, words: Sequence[str], language: str | None = None) -> list[list[int]]:
        """The ids of each word on its own, no special ones; empty for a word that the tokenizer drops."""
        if not words:
            return []
        return [self._without_specials(ids) for ids in self.split(words, language)]

    def _without_specials(self, ids: list[int]) -> list[int]:
        """A "</s>" in somebody's text must not end the sentence, nor a "<pad>" shift what follows it."""
        specials, unknown = self.vocabulary.specials, self.vocabulary.unknown
        if specials.isdisjoint(ids):
            return ids
        replaced = (unknown if number in specials else number for number in ids)
        return [number for number in replaced if number is not None]

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


# family -> (module, class): most of them import transformers, which takes seconds, so only the one in use is imported.
_FAMILIES = {
    "prenorm": (".encoders.prenorm", "PrenormEncoder"),
    "postnorm": (".encoders.postnorm", "PostnormEncoder"),
    "roberta": (".encoders.roberta", "RobertaEncoder"),
    "xmod": (".encoders.xmod", "XmodEncoder"),
    "xlm": (".encoders.xlm", "XlmEncoder"),
    "bert": (".encoders.bert", "BertEncoder"),
    "fairseq": (".encoders.fairseq", "FairseqEncoder"),
    "generic": (".encoders.generic", "GenericEncoder"),
    "foreign": (".encoders.generic", "ForeignEncoder"),  # brings its own code, and is trusted
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
    trust_remote_code: bool = False,
) -> Encoder:
    """The encoder that `preset` names, in evaluation mode.

    Args:
        layers: drops the blocks above that layer.
        trust_remote_code: run the Python code that the checkpoint brings, if it brings any.

    Raises:
        ModelError: the checkpoint cannot be read, or brings code that is not trusted.
    """
    folder = checkpoint_folder(preset.checkpoint)
    if trust_remote_code and brings_code(folder):
        folder = checkpoint_folder(preset.checkpoint, with_code=True)
    preset = replace(preset, checkpoint=str(folder))
    module, name = _FAMILIES[_family(preset, folder, trust_remote_code)]
    family: type[Encoder] = getattr(importlib.import_module(module, __package__), name)
    encoder = family.load(preset, dtype)
    if folder not in BUNDLED.values():
        _check_usable(encoder, folder)
    if layers is not None:
        encoder.drop_blocks_above(layers)
    encoder.model.eval()
    encoder.to(device)
    return encoder


def _family(preset: Preset, folder: Path, trusts: bool) -> str:
    """Which family reads the checkpoint; ModelError unless it may be read at all."""
    if preset.family == "fairseq" or (preset.family == "auto" and holds_fairseq(folder)):
        return "fairseq"
    if not folder.is_dir():
        raise ModelError(f"{folder}: a file, where {preset.name} needs a folder with {CONFIG} and weights")
    if folder not in BUNDLED.values():  # what comes with the package is no safer than the package
        if not trusts:
            refuse_code(folder)
        check_folder(folder, frozenset(_FAMILY_OF_TYPE))
        if trusts and brings_code(folder):
            return "foreign"
    if preset.family != "auto":
        return preset.family
    config = read_object(folder / CONFIG)
    if _is_prenorm(folder, config):
        return "prenorm"
    return _FAMILY_OF_TYPE.get(config["model_type"], "generic")


def _is_prenorm(folder: Path, config: dict[str, Any]) -> bool:
    """Whether it is an XLM-RoBERTa-XL, as `mini` is, in the files that can be read without transformers."""
    return (
        config["model_type"] == "xlm-roberta-xl"
        and config.get("hidden_act", "gelu") == "gelu"
        and all((folder / name).is_file() for name in (WEIGHTS, TOKENIZER))
    )


def _check_usable(encoder: Encoder, folder: Path) -> None:
    """ModelError for what only a loaded model shows."""
    if encoder.limit < 1:
        raise ModelError(f"{folder / CONFIG}: max_position_embeddings leaves no room for a word")
    rows = getattr(encoder.model.config, "vocab_size", None)
    words = encoder.vocabulary.size - len(encoder.vocabulary.specials)
    if isinstance(rows, int) and words > rows:
        raise ModelError(
            f"{folder / CONFIG}: vocab_size is {rows}, but the tokenizer beside it has {words} subwords and more"
        )
    for name, weight in chain(encoder.model.named_parameters(), encoder.model.named_buffers()):
        # A sum is quick, and not finite where one of them is not; where it is merely too large, they are looked at.
        if not weight.detach().sum().isfinite() and not weight.detach().isfinite().all():
            dtype = str(weight.dtype).removeprefix("torch.")
            raise ModelError(
                f"{folder}: {name} holds weights that are not finite numbers, read as {dtype}: the file is damaged, "
                "or has numbers too large for that --dtype"
            )
