"""Examples from a corpus -> one batch of tensors: what is encoded, what is compared, and the given links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..device import moved
from ..encoder_input import EncoderInput
from ..encoders.base import Encoder
from ..layout import Side, laid_out
from ..method import Level


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One sentence pair as subwords, without specials, and its links.

    `source_words`, `target_words`: the word that each subword belongs to. Shape: (subwords of the side,).
    `links`: pairs of words (source, target), empty if no links are given. Shape: (links, 2).
    `weights`: 1 for a sure link, less for a possible one. Shape: (links,).
    `languages`: codes of source and target, for encoders that need them.
    """

    source: NDArray[np.int32]
    source_words: NDArray[np.int32]
    target: NDArray[np.int32]
    target_words: NDArray[np.int32]
    links: NDArray[np.int32]
    weights: NDArray[np.float32]
    languages: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrainingBatch:
    """Sentence pairs as a preset encodes and compares them.

    `source`, `target`: the subwords of each side, from which the learner builds other inputs.
    `inputs`: one for both sides in pair encoding, one for each side in separate encoding.
    `units`: per side, the unit (word or subword) that each position of its input belongs to, -1 if there is none.
    Shape: (batch, subwords of the input).
    `links`: the weights of the given links, 0 elsewhere. Shape: (batch, source units, target units).
    """

    source: Side
    target: Side
    inputs: tuple[EncoderInput, ...]
    units: tuple[Tensor, Tensor]
    links: Tensor

    @property
    def subwords(self) -> int:
        """The number of subwords of both sides, without padding and specials."""
        return int(self.source.sizes.sum() + self.target.sizes.sum())

    def to(self, device: torch.device) -> TrainingBatch:
        """The batch on `device`."""
        return moved(self, device)


def collate(examples: Sequence[Example], encoder: Encoder, level: Level) -> TrainingBatch:
    """Combine examples into a batch, padded to the longest of each side.

    At level "subword", a link of two words becomes links of all their subwords.

    Args:
        examples: at least one; none is longer than the encoder can read, and no side is empty.
        encoder: its input shape decides in how many sequences a pair is encoded.
        level: what is compared.
    """
    source = _side([each.source for each in examples], [each.source_words for each in examples], encoder)
    target = _side([each.target for each in examples], [each.target_words for each in examples], encoder)
    if encoder.languages:
        codes = [each.languages or (None, None) for each in examples]
        source = replace(source, languages=_language_ids([code for code, _ in codes], encoder))
        target = replace(target, languages=_language_ids([code for _, code in codes], encoder))
    layouts = laid_out((source, target), encoder)
    source_units, target_units = (
        layout.place(k, layout.sides[k].words if level == Level.WORD else layout.sides[k].numbers)
        for layout in layouts
        for k in range(len(layout.sides))
    )
    links = _word_links(examples)
    if level == Level.SUBWORD:
        links = _spread(links, source, target)
    inputs = tuple(layout.input for layout in layouts)
    return TrainingBatch(source, target, inputs, (source_units, target_units), torch.from_numpy(links))


def _side(
    subwords: Sequence[NDArray[np.int32]], words: Sequence[NDArray[np.int32]], encoder: Encoder
) -> Side:
    sizes = np.array([len(each) for each in subwords], dtype=np.int64)
    return Side.of(np.concatenate(subwords), np.concatenate(words), sizes, encoder.pad_id)


def _language_ids(codes: Sequence[str | None], encoder: Encoder) -> Tensor:
    known = {code: encoder.language_id(code) for code in set(codes)}
    return torch.tensor([known[code] for code in codes])


def _word_links(examples: Sequence[Example]) -> NDArray[np.float32]:
    """Shape: (batch, source words, target words)."""
    sides = zip(*((each.source_words, each.target_words) for each in examples), strict=True)
    counts = [max(int(words.max()) for words in side) + 1 for side in sides]
    links = np.zeros((len(examples), *counts), dtype=np.float32)
    for row, each in enumerate(examples):
        links[row, each.links[:, 0], each.links[:, 1]] = each.weights
    return links


def _spread(links: NDArray[np.float32], source: Side, target: Side) -> NDArray[np.float32]:
    """Links of words to links of all their subwords. Shape: (batch, source subwords, target subwords)."""
    rows = np.arange(len(links))[:, None, None]
    # Padding gets the links of word 0 first, and is cleared here.
    spread: NDArray[np.float32] = links[
        rows, source.words.numpy().clip(0)[:, :, None], target.words.numpy().clip(0)[:, None, :]
    ]
    spread *= source.mask.numpy()[:, :, None] & target.mask.numpy()[:, None, :]
    return spread
