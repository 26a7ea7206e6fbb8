"""XLM-R (Conneau et al. 2020), XLM-Align, InfoXLM (Chi et al. 2021), and XLM-RoBERTa-XL if prenorm.py cannot read it.

A pair is `<s> source </s> target </s>`. Between the sides there is one `</s>`, not two as in transformers' own pair
encoding: XLM-Align was trained like this, and its word aligner encodes like this.
"""

from __future__ import annotations

from typing import Any

from ..encoder_input import EncoderInput
from .bert import BertEncoder


class RobertaEncoder(BertEncoder):
    can_restart = True

    def find_positions(self) -> int:
        return super().find_positions() - self.first_position

    @property
    def first_position(self) -> int:
        """Position ids count from padding_idx + 1: the table's first rows are never used."""
        return int(self.model.config.pad_token_id) + 1

    def model_inputs(self, batch: EncoderInput) -> dict[str, Any]:
        inputs = super().model_inputs(batch)
        positions = self.input.positions_of(batch)
        if positions is not None:
            inputs["position_ids"] = positions + self.first_position
        return inputs
