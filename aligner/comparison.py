"""Hidden states of a batch -> alignments, or probabilities. A method says which stages run, and with which options.

    states -> units (subwords, or words as the mean of theirs) -> similarity -> links -> alignments of words
                                                                             -> probabilities, for a lexicon

Everything runs on the device of the states; only links leave it. Does not: encode.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .batch_links import DirectedExtractor, Extractor, Links, apart
from .batches import Batch, Located
from .calibration import Calibration
from .extract import DIRECTED, EXTRACTORS, argmax, argmax_directions, softmax_directions
from .lexicon import Directions
from .links import Alignment
from .method import Level, Method, Punctuation
from .similarity import Units, pool_places, similarity
from .words import symmetrized_links, word_links, word_similarity


class Compared(NamedTuple):
    """An alignment, and the similarity of each two words, which is that of their most similar subwords.

    NaN for words without subwords. Shape: similarity (source words, target words)
    """

    alignment: Alignment
    similarity: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The stages after the encoder, with the options of `method`. `calibration`: of its scores, at its layer."""

    method: Method
    calibration: Calibration | None = None

    def at(self, layer: int) -> Comparison:
        """The same of another layer, to which the calibration does not apply."""
        return self if layer == self.method.layer else replace(self, calibration=None)

    def units(self, states: Tensor, side: Located) -> Units:
        """The states to compare. Shape of `states`: (places, width)."""
        if self.method.level is Level.SUBWORD:
            punctuation = side.punctuation.gather(1, side.words.clamp(min=0))
            return Units(states[side.places], side.words, punctuation)
        count = int(side.lengths.max())
        pooled, present = pool_places(states, side.places, side.words, count)
        numbers = torch.arange(count, device=states.device)
        return Units(pooled, torch.where(present, numbers, -1), side.punctuation)

    def similarity(self, source: Units, target: Units) -> Tensor:
        """Shape: (batch, source, target)"""
        return similarity(source.states, target.states, self.method.similarity)

    def directions(self, scores: Tensor, source: Units, target: Units) -> tuple[Links, Links]:
        """(forward, backward) links of the method, or of argmax if the method has no directions."""
        method, threshold = self.method, self.method.threshold
        extract: DirectedExtractor = DIRECTED.get(method.extract, argmax_directions)
        if method.extract not in DIRECTED:
            threshold = None
        if method.distortion:
            extract = partial(argmax_directions, distortion=method.distortion)
        forward, backward = extract(scores, source.mask, target.mask, threshold=threshold)
        return self._permitted(forward, source, target), self._permitted(backward, source, target)

    @torch.inference_mode()
    def link(self, batch: Batch, source: Units, target: Units) -> list[Alignment]:
        """Compare the states, extract links, and map them to words."""
        scores = self.similarity(source, target)
        masks = source.mask, target.mask
        words = source.words, target.words
        lengths = batch.source.lengths, batch.target.lengths
        if self.method.symmetrize:
            forward, backward = self.directions(scores, source, target)
            return symmetrized_links(forward, backward, self.method.symmetrize, *words, *lengths)
        if self.method.distortion:
            extract: Extractor = partial(argmax, distortion=self.method.distortion)
        else:
            extract = EXTRACTORS[self.method.extract]
        links = extract(scores, *masks, threshold=self.method.threshold)
        links = self._permitted(links, source, target)
        if self.calibration is None:
            return word_links(links, *words, *lengths)
        pairs = self.calibration.of_pairs(scores, source, target)
        return word_links(links, *words, *lengths, self.calibration.of_links, pairs)

    @torch.inference_mode()
    def link_with_similarity(self, batch: Batch, source: Units, target: Units) -> list[Compared]:
        """The alignments of `link`, and the similarities of the words of each pair."""
        scores = self.similarity(source, target)
        lengths = batch.source.lengths, batch.target.lengths
        similarities = word_similarity(scores, source.words, target.words, *lengths)
        return list(map(Compared, self.link(batch, source, target), similarities))

    @torch.inference_mode()
    def probabilities(self, batch: Batch, source: Units, target: Units) -> list[Directions]:
        """The model's probabilities for every word of each pair: a softmax over the words of the other side."""
        scores = self.method.similarity.scale * self.similarity(source, target)
        found = (
            self._permitted(each, source, target)
            for each in softmax_directions(scores, source.mask, target.mask, threshold=0)
        )
        forward, backward = (each.scores.masked_fill(~each.links, 0).cpu().numpy() for each in found)
        sizes = zip(batch.source.lengths.tolist(), batch.target.lengths.tolist(), strict=True)
        return [
            Directions(forward[row, :rows, :columns], backward[row, :rows, :columns])
            for row, (rows, columns) in enumerate(sizes)
        ]

    def _permitted(self, links: Links, source: Units, target: Units) -> Links:
        """The links without those that the method excludes, whatever their scores."""
        return (
            apart(links, source.punctuation, target.punctuation)
            if self.method.punctuation is Punctuation.APART
            else links
        )
