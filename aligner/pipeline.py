"""Sentence pairs -> alignments: the stages composed, batched and streamed, and nothing else.

    read, split, build batches (a thread ahead) -> encode -> compare -> extract -> words (a thread per core)
                                                                     -> probabilities of many pairs -> lexicon -> links

Pairs are taken in blocks anchored at absolute line numbers, batches are cut inside blocks, and alignments leave in
the order in which pairs came: alignment i belongs to pair i, whatever is in it. On a processor several batches are
computed at once, each by one core: cores that share a batch wait for each other at every step. On a GPU it is two: one
is computed while the host makes alignments of the other's links.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import starmap
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from .ahead import remembered, run_ahead
from .batches import Batch, Geometry, Indices, build, encode_within, plan, rows_at_once
from .blocks import MOST_COMPARED, Block, blocks, in_order, too_large
from .comparison import Comparison, Units
from .device import choose_device, choose_dtype
from .encoder import Encoder, load_encoder
from .errors import InputError, OptionError
from .lexicon import CELLS, likely_links, reestimate, together
from .links import Alignment
from .method import AlignOptions
from .models import DEFAULT, Preset, resolve
from .pairs import Pair, as_pair, as_pairs
from .parallel import run_groups
from .sentences import SentencePair
from .subwords import Splitter, Subwords

BUDGETS = {"cpu": 4_096, "cuda": 65_536}  # padded subwords in a batch; it shrinks when memory runs out
BLOCK = 512  # pairs that are sorted by length together, for every 4,096 of the budget
PADDED = 4  # times as many where padding is computed: the more are sorted together, the less they pad
WORKERS = 4  # most batches at once; where there are more cores than that, they share batches

logger = logging.getLogger("xalign")
_NOTHING = SentencePair((), ())
_NO_LINKS = Alignment(scores=(), score=0.0)

Found = TypeVar("Found")
Nothing = TypeVar("Nothing")


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


class Aligner:
    """An encoder and a way of aligning with it. One thread at a time may use it.

    `block`: most pairs that are taken together. `workers`: how many batches are computed at once.
    """

    def __init__(self, encoder: Encoder, preset: Preset, options: AlignOptions | None = None) -> None:
        self.encoder = encoder
        self.preset = preset
        options = options or AlignOptions()
        self.method = options.completed_by(preset)
        self.comparison = Comparison(self.method)
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
        model: str | os.PathLike[str] = DEFAULT,
        device: str = "auto",
        dtype: str = "auto",
        *,
        all_layers: bool = True,
        trust_remote_code: bool = False,
        **options: Any,
    ) -> Aligner:
        """An aligner from a preset's name, a folder or a hub id; a path object is always a folder or an archive.

        >>> Aligner.load("mini").align([("das Haus", "the house")])  # doctest: +SKIP

        Args:
            all_layers: False drops the blocks above the layer that is compared, which saves their memory.
            trust_remote_code: runs the Python code that a checkpoint brings; without it such a checkpoint is refused.
            options: the fields of `AlignOptions`.

        Raises:
            ModelError: the model is unknown or cannot be read.
            OptionError: an option is unknown, out of range, or two do not go together.
        """
        unknown = options.keys() - {field.name for field in fields(AlignOptions)}
        if unknown:
            raise OptionError(f"unknown option {min(unknown)!r}")
        preset, settled = resolve(_name(model)), AlignOptions(**options)
        method = settled.completed_by(preset)
        place = choose_device(device)
        precision = choose_dtype(dtype, place)
        highest = None if all_layers else method.layer
        used = replace(preset, encode=method.encode)
        encoder = load_encoder(used, place, precision, highest, trust_remote_code)
        if place.type == "cpu":
            encoder.pack()
        return cls(encoder, preset, settled)

    def align(self, pairs: Iterable[Pair]) -> Iterator[Alignment]:
        """One alignment per pair, in their order; a pair with an empty side has one without links.

        A pair that is too large, or does not fit into the memory, has one without links too; the logger "xalign" warns
        of it with its number, counted from 1. With a lexicon the pairs are taken `TOGETHER`, and what is found in one
        depends on the others.

        Raises:
            InputError: something is no pair (pairs.py says what is). Of a list it is raised at the call.
        """
        layer = self.method.layer
        return (by_layer[layer] for by_layer in self.align_layers(pairs, [layer]))

    def align_layers(self, pairs: Iterable[Pair], layers: Sequence[int]) -> Iterator[dict[int, Alignment]]:
        """As `align`, one alignment per pair and layer, in one pass of the encoder.

        Raises:
            InputError: as of `align`.
            LayerError: the encoder has no such layer.
        """
        self.encoder.check_layers(layers)
        stream = as_pairs(pairs)
        if self.method.lexicon:
            return self._align_with_lexicon(stream, layers)
        return self._compute(stream, layers, self.comparison.link, _NO_LINKS)

    def explain(self, pair: Pair) -> Explanation:
        """The alignment of one pair with all that led to it.

        Raises:
            InputError: it is no pair, or too large.
            OptionError: a side of the pair is empty, or the aligner counts in a lexicon.
        """
        if self.method.lexicon:
            raise OptionError("a pair alone has no lexicon: load an aligner without one to explain it")
        sentences = as_pair(pair)
        block = self.prepare([sentences])
        if block.left_out:
            raise InputError(block.left_out[0])
        if not block.batches:
            raise OptionError("there is nothing to explain: a side of the pair has no subwords")
        [(_, batch)] = block.batches
        batch = batch.to(self.encoder.device)
        source, target = self.encode(batch, [self.method.layer])[0]
        scores = self.comparison.similarity(source, target)
        directions = self.comparison.directions(scores, source, target)
        forward, backward = (direction.links[0].cpu().numpy() for direction in directions)
        return Explanation(
            source=self._texts(block.source, sentences.source),
            target=self._texts(block.target, sentences.target),
            similarity=scores[0].cpu().numpy(),
            forward=forward,
            backward=backward,
            alignment=self.comparison.link(batch, source, target)[0],
        )

    # The stages, in the order in which they run.

    def prepare(self, pairs: Sequence[SentencePair], first: int = 0) -> Block:
        """Split the pairs of a block into subwords and build its batches, on the host; `first` pairs came before.

        What is compared, words or subwords, decides which pairs are too large, before anything large is made of them.
        """
        most = min(MOST_COMPARED, CELLS) if self.method.lexicon else MOST_COMPARED
        of_words, of_subwords = (
            most if self.method.level == level else None for level in ("word", "subword")
        )
        lengths = [len(pair.source) for pair in pairs], [len(pair.target) for pair in pairs]
        left_out = too_large(*lengths, "words", of_words)
        if left_out:
            pairs = [_NOTHING if number in left_out else pair for number, pair in enumerate(pairs)]
        source, target = (
            split([getattr(pair, side) for pair in pairs])
            for split, side in zip(self._split, ("source", "target"), strict=True)
        )
        budget = self._budget
        if self.workers > 1:  # so that a short block is shared out too
            budget = min(budget, (len(source.ids) + len(target.ids)) // self.workers + 1)
        sizes = source.sizes.tolist(), target.sizes.tolist()
        left_out |= too_large(*sizes, "subwords", of_subwords)
        rows = plan(source, target, self._geometry, budget, left_out)
        batches = [(numbers, build(source, target, numbers, self._geometry)) for numbers in rows]
        return Block(first, source, target, batches, left_out)

    @torch.inference_mode()
    def encode(
        self, batch: Batch, layers: Sequence[int], budget: int | None = None
    ) -> list[tuple[Units, Units]]:
        """(source, target) of each layer: the states that will be compared. The batch is on the device.

        `budget`: padded subwords that go through the encoder together, by default those of a batch.
        """
        units = self.comparison.units
        states = [encode_within(self.encoder, each, layers, budget or self._budget) for each in batch.inputs]
        return [
            (units(states[0][k], batch.source), units(states[-1][k], batch.target))
            for k in range(len(layers))
        ]

    # What they are made of.

    def _compute(
        self, pairs: Iterable[SentencePair], layers: Sequence[int], read: _Read[Found], nothing: Nothing
    ) -> Iterator[dict[int, Found | Nothing]]:
        """What `read` makes of each pair, by layer, in the order of pairs; `nothing` of those with an empty side."""
        prepared = run_ahead(starmap(self.prepare, blocks(pairs, self.block)))
        groups = ((block, self._tasks(block, layers, read)) for block in prepared)
        for block, found in run_groups(groups, self.workers):
            for number, reason in block.left_out.items():
                _warn(block, number, f"{reason}; split the line into sentences")
            yield from in_order(block, layers, found, nothing)

    def _align_with_lexicon(
        self, pairs: Iterable[SentencePair], layers: Sequence[int]
    ) -> Iterator[dict[int, Alignment]]:
        read: deque[SentencePair] = deque()  # and not yet aligned
        computed = self._compute(remembered(pairs, read), layers, self.comparison.probabilities, None)
        for pairs_together, modelled in together((read.popleft(), each) for each in computed):
            rounds = self.method.lexicon
            found = [
                reestimate(pairs_together, [each[layer] for each in modelled], rounds) for layer in layers
            ]
            for of_pair in zip(*found, strict=True):
                links = (likely_links(each, self.method.threshold) for each in of_pair)
                yield dict(zip(layers, links, strict=True))

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
    ) -> list[Callable[[], list[list[Found | None]]]]:
        return [
            partial(self._compute_batch, block, pairs, batch, layers, read) for pairs, batch in block.batches
        ]

    def _compute_batch(
        self,
        block: Block,
        pairs: Indices,
        batch: Batch,
        layers: Sequence[int],
        read: _Read[Found],
        budget: int | None = None,
    ) -> list[list[Found | None]]:
        """What `read` makes of a batch, by layer; where memory runs out, of its halves, or of its windows in parts.

        None of a pair for which no part is small enough.
        """
        budget = budget or self._budget
        try:
            batch = batch.to(self.encoder.device)
            found: list[list[Found | None]] = [
                [*read(batch, *units)] for units in self.encode(batch, layers, budget)
            ]
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
        else:
            self._keep_to(budget)
            return found
        if self.encoder.device.type == "cuda":
            torch.cuda.empty_cache()
        size = sum(each.ids.numel() for each in batch.inputs)
        if len(pairs) > 1:
            less = max(1, min(budget, size // 2))  # it may have been built before batches became smaller
            halves = (
                (half, build(block.source, block.target, half, self._geometry))
                for half in np.array_split(pairs, 2)
            )
            parts = [self._compute_batch(block, *half, layers, read, less) for half in halves]
            return [left + right for left, right in zip(*parts, strict=True)]
        if any(rows_at_once(each, budget) > 1 for each in batch.inputs):
            return self._compute_batch(block, pairs, batch, layers, read, max(1, min(budget, size) // 2))
        source, target = batch.source.words.shape[1], batch.target.words.shape[1]
        _warn(
            block,
            int(pairs[0]),
            f"{source} x {target} subwords do not fit into the memory of {self.encoder.device}",
        )
        return [[None] for _ in layers]

    def _keep_to(self, budget: int) -> None:
        """What did not fit once is not tried again; a budget that nothing fits into is not kept to."""
        if budget < self._budget:
            self._budget = budget
            logger.warning(
                "the memory of %s ran out: batches have at most %d subwords from here on",
                self.encoder.device,
                budget,
            )


def _warn(block: Block, number: int, reason: str) -> None:
    logger.warning("line %d: %s; it has no links", block.first + number + 1, reason)


def _is_out_of_memory(error: Exception) -> bool:
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "DefaultCPUAllocator" in str(error)
        or "out of memory" in str(error)
    )


def _name(model: str | os.PathLike[str]) -> str:
    """What `resolve` takes; a path that is the name of a preset too is the path."""
    if isinstance(model, str):
        return model
    try:
        return os.path.join(os.curdir, model)  # noqa: PTH118
    except TypeError:
        raise OptionError(f"model is {model!r}: it must be a name, a folder or a hub id") from None
