"""An encoder that only aligns: its tokenizer, its embeddings, and the blocks up to a layer.

On a CPU the blocks are packed if packed.py knows their kind; otherwise they run as the family runs them. Such an
encoder cannot be saved, exported, moved or trained, since it no longer has everything that its checkpoint holds.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, NoReturn

import torch
from torch import Tensor

from ..encoder_input import EncoderInput
from ..errors import OptionError
from .activation_ranges import observe_ranges
from .base import Encoder, WholeEncoder


class AligningEncoder(Encoder):
    """Takes over a whole encoder, which must not be used any more. `concurrent` if its blocks are packed.

    `highest`: blocks above this layer are dropped; None keeps all. `int8`: linear layers are computed in int8.
    """

    def __init__(
        self,
        whole: WholeEncoder,
        device: torch.device,
        highest: int | None = None,
        int8: bool = False,
    ) -> None:
        super().__init__(whole.preset, whole.layers, whole.width, whole.vocabulary)
        self.causal = whole.causal
        self.languages, self.default_language = whole.languages, whole.default_language
        self.limit, self.specials = whole.limit, whole.specials
        if highest is not None:
            self.check_layers([highest])
            self.highest = highest
            whole.remove_blocks(highest)
        self._whole = whole
        self._int8 = int8
        if int8:
            observe_ranges(whole, self.highest)
        self._packed = whole.packed(self.highest) if device.type == "cpu" else None
        if int8 and self._packed is None:
            raise OptionError(
                f"dtype int8 is for models like BERT and XLM-R, not for {self.preset.name}; use auto", "dtype"
            )
        if self._packed is not None:
            self.concurrent = True
            whole.remove_blocks(0)
        whole.to(device)

    @property
    def device(self) -> torch.device:
        return self._whole.device

    @property
    def dtype(self) -> torch.dtype:
        return torch.int8 if self._int8 else self._whole.dtype

    def split(self, words: Sequence[str], language: str | None) -> list[list[int]]:
        return self._whole.split(words, language)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return self._whole.pieces(ids)

    def states(self, batch: EncoderInput, layers: Set[int]) -> dict[int, Tensor]:
        if self._packed is None:
            return self._whole.states(batch, layers)
        languages = self.language_ids(batch) if self._packed.adapts else None
        return self._packed.run(self._whole.embed(batch), batch.mask, layers, languages)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(
                f"{type(self).__name__} has no {name!r}: it only aligns; "
                "what load_encoder gives can be saved, exported, moved and trained"
            )
