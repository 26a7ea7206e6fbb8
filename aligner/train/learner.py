"""A training batch -> the loss of each chosen objective, and their weighted sum.

Objectives share passes of the encoder. `guided`, `so` and `co` use one pass of the pair as the preset encodes it. `tlm`
and `dwa` use one pass of the masked pair. `so` and `dwa` each need another pass, without gradient, for the model's own
links. `mlm` needs a pass per side, and `psi` one pass of translations and other pairs. A head is created only if one of
the objectives uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..encoders.base import WholeEncoder
from ..extract import EXTRACTORS
from ..layout import Layout, Side, alone, joined
from ..method import Level, Method
from ..similarity import pool_words, similarity
from .bootstrap import bootstrapped
from .collate import TrainingBatch
from .heads import PairHead, Pointer, VocabularyHead
from .masking import SIDES, Masked, Masker, unmasked
from .objectives import consistency, dwa, guided, mlm, psi, self_training
from .options import COMPARING, MASKING, MASKING_PAIRS, Objective, ObjectiveOptions


class Learner(nn.Module):
    """An encoder, its heads and its losses, as one module that accelerate can wrap.

    `model` is the encoder's own module, so that training changes the encoder; `heads` are not saved. Masks, and the
    choice of pairs to tear apart, are drawn from torch's global generators.

    Args:
        encoder: with all blocks that the objectives need: up to the last for mlm, tlm and dwa.
        objectives: name -> weight, of `Objective`.
        method: how the trained model will align; it decides what `guided`, `so` and `co` compare.
        options: those of the objectives.

    Raises:
        OptionError: an objective needs masks and the encoder cannot predict what is masked.
        LayerError: no layer is known, or the encoder does not have it.
    """

    def __init__(
        self,
        encoder: WholeEncoder,
        objectives: Mapping[str, float],
        method: Method,
        options: ObjectiveOptions | None = None,
    ) -> None:
        super().__init__()
        options = options or ObjectiveOptions()
        self.model = encoder.model
        self.objectives = dict(objectives)
        self.encoder = encoder
        self.method = method
        self._layer = method.layer_of(encoder.preset.name)
        self._label_layer = self._layer if options.label_layer is None else options.label_layer
        encoder.check_layers([self._layer, self._label_layer])
        self._scale = method.similarity.scale if options.scale is None else options.scale
        self._bootstrap = options.bootstrap
        self._passes = SIDES[options.masked_sides]
        self._extract = EXTRACTORS[method.extract]
        self._extract_labels = EXTRACTORS[options.label_extract]
        wanted = self.objectives.keys()
        self.heads = nn.ModuleDict()
        if wanted & MASKING:
            self._mask = Masker(encoder, options.mask_rate)
        if wanted & {Objective.MLM, Objective.TLM}:
            self.heads["vocabulary"] = VocabularyHead(encoder)
        if Objective.PSI in wanted:
            self.heads["pair"] = PairHead(encoder.width)
        if Objective.DWA in wanted:
            self.heads["pointer"] = Pointer(encoder.width)
        self.heads.to(encoder.device)

    def forward(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """The loss of each objective under its name, and their weighted sum under "loss". All are scalars."""
        wanted = self.objectives.keys()
        losses: dict[str, Tensor] = {}
        if wanted & COMPARING:
            losses |= self._of_similarity(batch)
        if wanted & MASKING_PAIRS:
            losses |= self._of_masked_pairs(batch)
        if Objective.MLM in wanted:
            losses[Objective.MLM] = self._of_masked_sentences(batch)
        if Objective.PSI in wanted:
            losses[Objective.PSI] = self._of_psi_pairs(batch)
        total = torch.stack([weight * losses[name] for name, weight in self.objectives.items()]).sum()
        return {**losses, "loss": total}

    # --- guided, so, co: similarity as the preset compares ---------------------------------------------------------

    def _of_similarity(self, batch: TrainingBatch) -> dict[str, Tensor]:
        losses: dict[str, Tensor] = {}
        compared, *masks = self._compare(batch)
        scaled = compared * self._scale
        if Objective.GUIDED in self.objectives:
            links = batch.links
            if self._bootstrap:
                links = bootstrapped(scaled, links, masks[0], masks[1], self._bootstrap)
            losses[Objective.GUIDED] = guided(scaled, links, *masks)
        if Objective.SO in self.objectives:
            losses[Objective.SO] = self_training(scaled, self._own_links(batch), *masks)
        if Objective.CO in self.objectives:
            losses[Objective.CO] = consistency(scaled, *masks)
        return losses

    def _compare(self, batch: TrainingBatch) -> tuple[Tensor, Tensor, Tensor]:
        """(similarity, source mask, target mask) of the preset's units."""
        states = [self.encoder.encode(each, [self._layer])[0] for each in batch.inputs]
        units = zip((states[0], states[-1]), batch.units, batch.links.shape[1:], strict=True)
        with _full_precision(states[0].device):
            (source, source_mask), (target, target_mask) = (pool_words(*each) for each in units)
            return similarity(source, target, self.method.similarity), source_mask, target_mask

    def _own_links(self, batch: TrainingBatch) -> Tensor:
        """The links that the model finds now: 1 at links, which are between subwords if these are compared.

        Shape: (batch, source units, target units)
        """
        with self._as_used():
            found = self._extract(*self._compare(batch), threshold=self.method.threshold)
        links = found.links.float()
        if self.method.level is Level.WORD:
            return links
        source, target = _same_word(batch.source), _same_word(batch.target)
        return (source @ links @ target).clamp(max=1)

    # --- tlm, dwa, mlm: masked subwords are predicted, or point to their counterparts ------------------------------

    def _of_masked_pairs(self, batch: TrainingBatch) -> dict[str, Tensor]:
        losses: dict[str, Tensor] = {}
        readings = [self._read(*self._masked(batch, *sides)) for sides in self._passes]
        if Objective.TLM in self.objectives:
            reversed_pairs = [self._masked(batch, *sides)[::-1] for sides in self._passes]
            all_readings = [*readings, *(self._read(*pair) for pair in reversed_pairs)]
            losses[Objective.TLM] = torch.stack([mlm(*self._fill_in(each)) for each in all_readings]).sum()
        if Objective.DWA in self.objectives:
            losses[Objective.DWA] = self._point(batch, readings[0], readings[-1])
        return losses

    def _masked(self, batch: TrainingBatch, source: bool, target: bool) -> tuple[Masked, Masked]:
        """The sides of a batch, each masked or not."""
        return (
            self._mask(batch.source) if source else unmasked(batch.source),
            self._mask(batch.target) if target else unmasked(batch.target),
        )

    def _of_masked_sentences(self, batch: TrainingBatch) -> Tensor:
        readings = [self._read(self._mask(side)) for side in (batch.source, batch.target)]
        return torch.stack([mlm(*self._fill_in(each)) for each in readings]).sum()

    def _read(self, *sides: Masked) -> _Reading:
        """The states of the last layer for one sentence, or for two that are joined."""
        first, *more = (each.side for each in sides)
        layout = joined(first, more[0], self.encoder) if more else alone(first, self.encoder)
        return _Reading(sides, layout, self.encoder.encode(layout.input, [self.encoder.layers])[0])

    def _fill_in(self, reading: _Reading) -> tuple[Tensor, Tensor, Tensor, int]:
        """The arguments of `mlm`: scores, subwords, rows, sequences."""
        asked = [reading.layout.place(k, side.asked) for k, side in enumerate(reading.sides)]
        wanted = torch.stack(asked).amax(0)
        rows, columns = (wanted >= 0).nonzero(as_tuple=True)
        scores = self.heads["vocabulary"](reading.states[rows, columns])
        return scores, wanted[rows, columns], rows, len(wanted)

    def _point(self, batch: TrainingBatch, source_reading: _Reading, target_reading: _Reading) -> Tensor:
        """The loss of DWA: the source is masked in one reading, the target in the other; both may be the same."""
        links = self.labels(batch).float()
        (sources, _), (targets, targets_mask) = (source_reading.of_side(k) for k in (0, 1))
        forward = self.heads["pointer"](sources, targets, targets_mask)
        (sources, sources_mask), (targets, _) = (target_reading.of_side(k) for k in (0, 1))
        backward = self.heads["pointer"](targets, sources, sources_mask)
        # Sentences were cut if they were too long for one sequence.
        masked_source = source_reading.sides[0].chosen[:, : links.shape[1]]
        masked_target = target_reading.sides[1].chosen[:, : links.shape[2]]
        return dwa(forward, backward, links, masked_source, masked_target)

    def labels(self, batch: TrainingBatch) -> Tensor:
        """The links that DWA learns from: those that the model finds between subwords without masks. No gradient.

        Shape: (batch, source subwords, target subwords), bool
        """
        with self._as_used():
            layout = joined(batch.source, batch.target, self.encoder)
            states = self.encoder.encode(layout.input, [self._label_layer])[0]
            (source, source_mask), (target, target_mask) = (layout.pick(k, states) for k in (0, 1))
            with _full_precision(states.device):
                compared = similarity(source, target, self.method.similarity)
            return self._extract_labels(compared, source_mask, target_mask).links

    # --- psi: translations, and sentences of different pairs -------------------------------------------------------

    def _of_psi_pairs(self, batch: TrainingBatch) -> Tensor:
        """Every pair unchanged, and with one side exchanged for that of another pair; each in a random order."""
        first, second, parallel = psi_pairs(len(batch.source.sizes))
        sentences = batch.source.followed_by(batch.target)
        layout = joined(sentences.pick(first), sentences.pick(second), self.encoder)
        layer = min(self._layer + 1, self.encoder.layers)
        states = self.encoder.encode(layout.input, [layer])[0]
        return psi(self.heads["pair"](states[:, 0]), torch.from_numpy(parallel).to(states.device))

    # --- parts of the objectives -------------------------------------------------------------------------------------

    @contextmanager
    def _as_used(self) -> Iterator[None]:
        """The model as it aligns: without dropout and gradient."""
        training = self.model.training
        self.model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.model.train(training)
            # Older versions of torch would reuse the weights that autocast has cast here, which have no gradient.
            torch.clear_autocast_cache()


class _Reading(NamedTuple):
    """Masked sentences, their places in the sequence, and its states. Shape: (batch, subwords, width)"""

    sides: tuple[Masked, ...]
    layout: Layout
    states: Tensor

    def of_side(self, number: int) -> tuple[Tensor, Tensor]:
        return self.layout.pick(number, self.states)


def psi_pairs(pairs: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Which sentences to join, and whether they are translations of each other.

    Sentence `pairs` + k is the translation of sentence k. A batch of one pair has only that translation. Shape of each:
    (sequences,)
    """
    source, target = np.arange(pairs), pairs + np.arange(pairs)
    first, second, parallel = source, target, np.ones(pairs, dtype=np.int64)
    if pairs > 1:
        other = (source + torch.randint(1, pairs, (pairs,)).numpy()) % pairs
        other_target = torch.rand(pairs).numpy() < 0.5
        first = np.concatenate([first, np.where(other_target, other, source)])
        second = np.concatenate([second, np.where(other_target, target, pairs + other)])
        parallel = np.concatenate([parallel, np.zeros(pairs, dtype=np.int64)])
    turned = torch.rand(len(first)).numpy() < 0.5
    return np.where(turned, second, first), np.where(turned, first, second), parallel


def _same_word(side: Side) -> Tensor:
    """1 if two subwords belong to the same word. Shape: (batch, subwords, subwords)"""
    return ((side.words[:, :, None] == side.words[:, None, :]) & side.mask[:, :, None]).float()


def _full_precision(device: torch.device) -> torch.autocast:
    """Compute similarities in float32, as in alignment, whatever the precision of training."""
    return torch.autocast(device.type, enabled=False)
