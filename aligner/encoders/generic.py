"""Any other checkpoint that transformers' AutoModel loads; of an encoder and decoder, only the encoder.

The model and the tokenizer are inspected to find the blocks, the number of positions, and how a pair and the beginning
of a word are marked. Does not: choose a layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerBase

from ..errors import ModelError, first_line
from ..input_shape import Specials
from ..models.preset import Preset
from .hooked import HookedEncoder
from .pretrained import TRUSTING, read_model, read_tokenizer

# If neither the config nor the tokenizer has a limit (relative positions): the length that most were trained on.
_USUAL_LIMIT = 512
# A tokenizer without a limit states an enormous one.
_NO_LIMIT = 1_000_000


class GenericEncoder(HookedEncoder):
    """`runs_code`: the checkpoint may bring Python code that is run. `is_half`: its decoder was left out."""

    runs_code = False
    is_half = False

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, preset: Preset) -> None:
        if not tokenizer.is_fast:
            raise ModelError(f"{preset.checkpoint.place}: has no tokenizer.json and none can be made of it")
        super().__init__(model, tokenizer, preset)
        # Byte-level tokenizers mark the beginning of a word by the preceding space; others ignore that space.
        self._before_word = " " if tokenizer.tokenize(" a") != tokenizer.tokenize("a") else ""

    @classmethod
    def load(cls, preset: Preset, dtype: torch.dtype) -> GenericEncoder:
        model = read_model(AutoModel, preset.checkpoint.place, dtype, **(TRUSTING if cls.runs_code else {}))
        is_half = bool(model.config.is_encoder_decoder)
        tokenizer = read_tokenizer(preset.checkpoint.place, trust_remote_code=cls.runs_code)
        encoder = cls(model.get_encoder() if is_half else model, tokenizer, preset)
        encoder.is_half = is_half
        encoder.expect_to_run()
        return encoder

    def expect_to_run(self) -> None:
        """ModelError if the model cannot encode a word: some wrong values in config.json only show when it runs."""
        ids = torch.tensor([self.tokenizer("a")["input_ids"]])
        try:
            with torch.inference_mode():
                self.model(input_ids=ids)
        except Exception as error:  # whatever the model's code happens to run into
            raise ModelError(
                f"{self.preset.checkpoint.place}: {type(self.model).__name__} "
                f"cannot be run with this config.json: {first_line(error)}"
            ) from error

    def save(self, folder: Path, weights: Mapping[str, Tensor] | None = None) -> None:
        if self.is_half:
            raise ModelError(
                f"{self.preset.name}: an encoder without its decoder, which cannot be saved as a checkpoint of its own"
            )
        super().save(folder, weights)

    def find_blocks(self) -> nn.ModuleList:
        """The first list of modules whose length is the number of layers in the config."""
        count = self.model.config.num_hidden_layers
        for module in self.model.modules():
            if isinstance(module, nn.ModuleList) and len(module) == count:
                return module
        name = type(self.model).__name__
        raise ModelError(f"{self.preset.checkpoint.place}: cannot tell the {count} layers of {name} apart")

    def find_positions(self) -> int:
        positions = int(getattr(self.model.config, "max_position_embeddings", None) or 0)
        if positions <= 0:  # relative ones, of which some say -1
            positions = _NO_LIMIT
        limit = min(positions - self.unused_positions(), self.tokenizer.model_max_length)
        return limit if limit < _NO_LIMIT // 2 else _USUAL_LIMIT

    def unused_positions(self) -> int:
        """Models like RoBERTa count positions from padding_idx + 1; the first rows of the table are never used."""
        for module in self.model.modules():
            table = getattr(module, "position_embeddings", None)
            if isinstance(table, nn.Embedding) and table.padding_idx is not None:
                return table.padding_idx + 1
        return 0

    def find_specials(self) -> Specials:
        encoding = self.tokenizer("a", "a")
        sides = encoding.sequence_ids(0)
        specials: list[list[int]] = [[]]
        for side, group in groupby(zip(sides, encoding["input_ids"], strict=True), key=lambda item: item[0]):
            if side is None:
                specials[-1] += [number for _, number in group]
            else:
                specials.append([])
        if len(specials) != 3:
            raise ModelError(
                f"{self.preset.checkpoint.place}: the tokenizer does not concatenate the sides of a pair"
            )
        return Specials(*map(tuple, specials))

    def split(self, words: Sequence[str], language: str | None) -> list[list[int]]:
        return super().split([self._before_word + word if word else "" for word in words], language)


class ForeignEncoder(GenericEncoder):
    """A checkpoint with its own code, which the user trusts."""

    runs_code = True
