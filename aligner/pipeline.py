"""Sentence pairs -> alignments: the stages composed, batched and streamed, and nothing else.

    read, split, build batches (a thread ahead) -> encode -> compare -> extract -> words (a thread per core)
                                                                     -> probabilities of many pairs -> lexicon -> links

Pairs are taken in blocks anchored at absolute line numbers, batches are cut inside blocks, and alignments leave in
the order in which pairs came: alignment i belongs to pair i, whatever is in it. On a processor several batches are
computed at once, each by one core: cores that share a batch wait for each other at every step. On a GPU it is two: one
is computed while the host makes alignments of the other's links.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import islice, starmap
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xalign.ahead import remembered, run_ahead
from xalign.batches import Batch, Geometry, Indices, Side, build, encode_within, plan, rows_at_once
from xalign.device import choose_device, choose_dtype
from xalign.encoder import Encoder, load_encoder
from xalign.errors import InputError, OptionError, XalignError
from xalign.extract import (
    DIRECTED,
    EXTRACTORS,
    DirectedExtractor,
    Extractor,
    Links,
    apart,
    argmax,
    argmax_directions,
    softmax_directions,
)
from xalign.lexicon import CELLS, TOGETHER, Directions, likely_links, reestimate
from xalign.links import Alignment
from xalign.method import AlignOptions
from xalign.models import DEFAULT, Preset, resolve
from xalign.parallel import run_groups
from xalign.sentences import SentencePair
from xalign.similarity import SCALES, pool_places, similarity
from xalign.subwords import Splitter, Subwords
from xalign.words import symmetrized_links, word_links

BUDGETS = {"cpu": 4_096, "cuda": 65_536}  # padded subwords in a batch; it shrinks when memory runs out
BLOCK = 512  # pairs that are sorted by length together, for every 4,096 of the budget
PADDED = 4  # times as many where padding is computed: the more are sorted together, the less they pad
FIRST_BLOCK = 64  # the first are shorter, each twice the one before, so that output begins soon
WORKERS = 4  # most batches at once; where there are more cores than that, they share batches
MOST_COMPARED = 2**28  # source times target subwords of one pair: 1 GB of similarity, and several to extract

Pair = SentencePair | tuple[str | Sequence[str], str | Sequence[str]]
Found = TypeVar("Found")
Nothing = TypeVar("Nothing")


class Units(NamedTuple):
    """What is compared on one side: subwords, or whole words.

    Shape: states (batch, units, width), words (batch, units), the word that each unit belongs to, -1 at padding,
    punctuation (batch, units), whether that word is.
    """

    states: Tensor
    words: Tensor
    punctuation: Tensor

    @property
    def mask(self) -> Tensor:
        return self.words >= 0


_Read = Callable[[Batch, Units, Units], list[Found]]
"""What is found in each pair of a batch, by the units that are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Everything that one alignment came from.

    `source`, `target`: the units compared, as text. `similarity`, `forward`, `backward`: over these units; the
    directions are those of the method, or of argmax where the method has none. Shape: (source, target).
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    similarity: NDArray[np.float32]
    forward: NDArray[np.bool_]
    backward: NDArray[np.bool_]
    alignment: Alignment


class Block(NamedTuple):
    """Consecutive pairs, split into subwords, and the batches they were cut into. `first`: pairs before them."""

    first: int
    source: Subwords
    target: Subwords
    batches: list[tuple[Indices, Batch]]  # numbers of pairs within the block

    def __len__(self) -> int:
        return len(self.source.lengths)


class Aligner:
    """An encoder and a way of aligning with it. One thread at a time may use it.

    `block`: most pairs that are taken together. `workers`: how many batches are computed at once.
    """

    def __init__(self, encoder: Encoder, preset: Preset, options: AlignOptions | None = None) -> None:
        self.encoder = encoder
        options = options or AlignOptions()
        self.method = options.completed_by(preset)
        encoder.check_layers([self.method.layer])
        languages = self.method.source_language, self.method.target_language
        self._geometry = Geometry.of(encoder, self.method.encode, self._language_ids(*languages))
        self._split = tuple(Splitter(encoder, language) for language in languages)
        for split in self._split:
            split([["a"]])  # a language that the encoder cannot split is told before anything is read
        self._budget = options.batch_tokens or BUDGETS.get(encoder.device.type, BUDGETS["cpu"])
        self.block = BLOCK * max(1, self._budget // BUDGETS["cpu"]) * (1 if encoder.concurrent else PADDED)
        self.workers = 1
        if encoder.device.type == "cuda":
            self.workers = 2
        elif encoder.concurrent:
            self.workers = min(torch.get_num_threads(), WORKERS)

    @classmethod
    def load(
        cls,
        model: str = DEFAULT,
        device: str = "auto",
        dtype: str = "auto",
        *,
        all_layers: bool = True,
        **options: Any,
    ) -> Aligner:
        """An aligner from a preset's name, a folder or a hub id.

        >>> Aligner.load("mini").align([("das Haus", "the house")])  # doctest: +SKIP

        Args:
            all_layers: False drops the blocks above the layer that is compared, which saves their memory.
            options: the fields of `AlignOptions`.

        Raises:
            ModelError: the model is unknown or cannot be read.
            OptionError: an option is unknown, out of range, or two do not go together.
        """
        unknown = options.keys() - {field.name for field in fields(AlignOptions)}
        if unknown:
            raise OptionError(f"unknown option {min(unknown)!r}")
        preset, settled = resolve(model), AlignOptions(**options)
        method = settled.completed_by(preset)
        place = choose_device(device)
        precision = choose_dtype(dtype, place)
        highest = None if all_layers else method.layer
        encoder = load_encoder(replace(preset, encode=method.encode), place, precision, highest)
        if place.type == "cpu":
            encoder.pack()
        return cls(encoder, preset, settled)

    def align(self, pairs: Iterable[Pair]) -> Iterator[Alignment]:
        """One alignment per pair, in their order; a pair with an empty side has one without links.

        With a lexicon the pairs are taken `TOGETHER`, and what is found in one depends on the others.
        """
        for by_layer in self.align_layers(pairs, [self.method.layer]):
            yield by_layer[self.method.layer]

    def align_layers(self, pairs: Iterable[Pair], layers: Sequence[int]) -> Iterator[dict[int, Alignment]]:
        """One alignment per pair and layer, in one pass of the encoder.

        Raises:
            LayerError: the encoder has no such layer.
        """
        self.encoder.check_layers(layers)
        stream = map(_as_pair, pairs)
        if self.method.lexicon:
            return self._align_with_lexicon(stream, layers)
        return self._compute(stream, layers, self.link, Alignment(scores=(), score=0.0))

    def explain(self, pair: Pair) -> Explanation:
        """The alignment of one pair with all that led to it.

        Raises:
            OptionError: a side of the pair is empty, or the aligner counts in a lexicon.
        """
        if self.method.lexicon:
            raise OptionError("a pair alone has no lexicon: load an aligner without one to explain it")
        sentences = _as_pair(pair)
        block = self.prepare([sentences])
        if not block.batches:
            raise OptionError("there is nothing to explain: a side of the pair has no subwords")
        [(_, batch)] = block.batches
        batch = batch.to(self.encoder.device)
        source, target = self.encode(batch, [self.method.layer])[0]
        scores = self._similarity(source, target)
        directions = self._directions(scores, source, target)
        forward, backward = (direction.links[0].cpu().numpy() for direction in directions)
        return Explanation(
            source=self._texts(block.source, sentences.source),
            target=self._texts(block.target, sentences.target),
            similarity=scores[0].cpu().numpy(),
            forward=forward,
            backward=backward,
            alignment=self.link(batch, source, target)[0],
        )

    # The stages, in the order in which they run.

    def prepare(self, pairs: Sequence[SentencePair], first: int = 0) -> Block:
        """Split the pairs of a block into subwords and build its batches, on the host; `first` pairs came before."""
        source, target = (
            split([getattr(pair, side) for pair in pairs])
            for split, side in zip(self._split, ("source", "target"), strict=True)
        )
        budget = self._budget
        if self.workers > 1:  # so that a short block is shared out too
            budget = min(budget, (len(source.ids) + len(target.ids)) // self.workers + 1)
        rows = plan(source, target, self._geometry, budget)
        batches = [(pairs, build(source, target, pairs, self._geometry)) for pairs in rows]
        return Block(first, source, target, batches)

    @torch.inference_mode()
    def encode(self, batch: Batch, layers: Sequence[int]) -> list[tuple[Units, Units]]:
        """(source, target) of each layer: the states that will be compared. The batch is on the device."""
        states = [encode_within(self.encoder, each, layers, self._budget) for each in batch.inputs]
        return [
            (self._units(states[0][k], batch.source), self._units(states[-1][k], batch.target))
            for k in range(len(layers))
        ]

    @torch.inference_mode()
    def link(self, batch: Batch, source: Units, target: Units) -> list[Alignment]:
        """Compare, extract, and map to words; only links leave the device."""
        scores = self._similarity(source, target)
        masks = source.mask, target.mask
        words = source.words, target.words
        lengths = batch.source.lengths, batch.target.lengths
        if self.method.symmetrize:
            forward, backward = self._directions(scores, source, target)
            return symmetrized_links(forward, backward, self.method.symmetrize, *words, *lengths)
        if self.method.distortion:
            extract: Extractor = partial(argmax, distortion=self.method.distortion)
        else:
            extract = EXTRACTORS[self.method.extract]
        links = extract(scores, *masks, threshold=self.method.threshold)
        return word_links(self._permitted(links, source, target), *words, *lengths)

    @torch.inference_mode()
    def directions(self, batch: Batch, source: Units, target: Units) -> list[Directions]:
        """What the model says of every word of each pair: a softmax over the words of the other side."""
        scores = SCALES[self.method.similarity] * self._similarity(source, target)
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

    # What they are made of.

    def _compute(
        self, pairs: Iterable[SentencePair], layers: Sequence[int], read: _Read[Found], nothing: Nothing
    ) -> Iterator[dict[int, Found | Nothing]]:
        """What `read` makes of each pair, by layer, in the order of pairs; `nothing` of those with an empty side."""
        blocks = run_ahead(starmap(self.prepare, _blocks(pairs, self.block)))
        groups = ((block, self._tasks(block, layers, read)) for block in blocks)
        for block, found in run_groups(groups, self.workers):
            yield from _in_order(block, layers, found, nothing)

    def _align_with_lexicon(
        self, pairs: Iterable[SentencePair], layers: Sequence[int]
    ) -> Iterator[dict[int, Alignment]]:
        read: deque[SentencePair] = deque()  # and not yet aligned
        computed = self._compute(remembered(pairs, read), layers, self.directions, None)
        for together, modelled in _together((read.popleft(), each) for each in computed):
            rounds = self.method.lexicon
            found = [reestimate(together, [each[layer] for each in modelled], rounds) for layer in layers]
            for of_pair in zip(*found, strict=True):
                links = (likely_links(each, self.method.threshold) for each in of_pair)
                yield dict(zip(layers, links, strict=True))

    def _similarity(self, source: Units, target: Units) -> Tensor:
        return similarity(source.states, target.states, self.method.similarity)

    def _directions(self, scores: Tensor, source: Units, target: Units) -> tuple[Links, Links]:
        """(forward, backward) of the method, or of argmax where the method has none."""
        method, threshold = self.method, self.method.threshold
        extract: DirectedExtractor = DIRECTED.get(method.extract, argmax_directions)
        if method.extract not in DIRECTED:
            threshold = None
        if method.distortion:
            extract = partial(argmax_directions, distortion=method.distortion)
        forward, backward = extract(scores, source.mask, target.mask, threshold=threshold)
        return self._permitted(forward, source, target), self._permitted(backward, source, target)

    def _permitted(self, links: Links, source: Units, target: Units) -> Links:
        """Links without those that the method rules out whatever their score."""
        return (
            apart(links, source.punctuation, target.punctuation)
            if self.method.punctuation == "apart"
            else links
        )

    def _units(self, states: Tensor, side: Side) -> Units:
        if self.method.level == "subword":
            punctuation = side.punctuation.gather(1, side.words.clamp(min=0))
            return Units(states[side.places], side.words, punctuation)
        count = int(side.lengths.max())
        pooled, present = pool_places(states, side.places, side.words, count)
        numbers = torch.arange(count, device=states.device)
        return Units(pooled, torch.where(present, numbers, -1), side.punctuation)

    def _texts(self, text: Subwords, words: tuple[str, ...]) -> tuple[str, ...]:
        if self.method.level == "word":
            return words
        return tuple(self.encoder.pieces(text.ids.tolist()))

    def _language_ids(self, source: str | None, target: str | None) -> tuple[int, int] | None:
        if not self.encoder.languages:
            return None  # so that a script may always say which languages it has
        return self.encoder.language_id(source), self.encoder.language_id(target)

    def _tasks(
        self, block: Block, layers: Sequence[int], read: _Read[Found]
    ) -> list[Callable[[], list[list[Found]]]]:
        return [
            partial(self._compute_batch, block, pairs, batch, layers, read) for pairs, batch in block.batches
        ]

    def _compute_batch(
        self, block: Block, pairs: Indices, batch: Batch, layers: Sequence[int], read: _Read[Found]
    ) -> list[list[Found]]:
        """What `read` makes of a batch, by layer; where memory runs out, of its halves, or of its windows in parts."""
        line = block.first + int(pairs[-1]) + 1  # of the longest
        source, target = batch.source.words.shape[1], batch.target.words.shape[1]
        if source * target > MOST_COMPARED:
            raise InputError(
                f"line {line}: {source} x {target} subwords are too many to compare; split the line into sentences"
            )
        budget = self._budget
        try:
            batch = batch.to(self.encoder.device)
            return [read(batch, *units) for units in self.encode(batch, layers)]
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            if len(pairs) == 1 and not any(rows_at_once(each, budget) > 1 for each in batch.inputs):
                raise XalignError(
                    f"line {line} does not fit into the memory of {self.encoder.device}"
                ) from error
        self._budget = max(1, min(self._budget, budget // 2))
        if self.encoder.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(pairs) == 1:
            return self._compute_batch(block, pairs, batch, layers, read)
        halves = np.array_split(pairs, 2)
        parts = [
            self._compute_batch(
                block, half, build(block.source, block.target, half, self._geometry), layers, read
            )
            for half in halves
        ]
        return [left + right for left, right in zip(*parts, strict=True)]


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _blocks(pairs: Iterable[SentencePair], most: int) -> Iterator[tuple[list[SentencePair], int]]:
    """Blocks of pairs, and how many pairs came before each."""
    stream = iter(pairs)
    first, size = 0, min(FIRST_BLOCK, most)
    while block := list(islice(stream, size)):
        yield block, first
        first, size = first + len(block), min(2 * size, most)


def _in_order(
    block: Block, layers: Sequence[int], found: Sequence[list[list[Found]]], nothing: Nothing
) -> list[dict[int, Found | Nothing]]:
    """What was found in a block's batches, by layer each -> in its pairs."""
    of_pairs: list[dict[int, Found | Nothing]] = [dict.fromkeys(layers, nothing) for _ in range(len(block))]
    for (pairs, _), by_layer in zip(block.batches, found, strict=True):
        for layer, of_batch in zip(layers, by_layer, strict=True):
            for pair, each in zip(pairs.tolist(), of_batch, strict=True):
                of_pairs[pair][layer] = each
    return of_pairs


def _together(
    computed: Iterable[tuple[SentencePair, Found]],
) -> Iterator[tuple[list[SentencePair], list[Found]]]:
    """Pairs that share a lexicon, and what was found in each: as many as it may hold, by number and by size."""
    pairs: list[SentencePair] = []
    found: list[Found] = []
    cells = 0
    for pair, each in computed:
        pairs.append(pair)
        found.append(each)
        cells += len(pair.source) * len(pair.target)
        if len(pairs) == TOGETHER or cells > CELLS:
            yield pairs, found
            pairs, found, cells = [], [], 0
    if pairs:
        yield pairs, found


def _as_pair(pair: Pair) -> SentencePair:
    return pair if isinstance(pair, SentencePair) else SentencePair.of(*pair)
