"""The engine: a stream of sentence pairs -> a result for each of them, in the order of the pairs.

    read, split, build batches (a thread ahead) -> encode -> units -> what a `Finding` makes of them (a thread per core)

Blocks begin at fixed line numbers, and batches do not cross blocks. Every pair comes out together with its result.
On a processor several batches are computed at once, each on one core, since cores that share a batch wait for each
other at every step. On a GPU two batches are in progress: one is computed while the host makes alignments from the
links of the other. A batch that does not fit into memory is halved. Does not: know what a result is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import starmap
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch

from .ahead import run_ahead
from .batches import Batch, Geometry, build, encode_within, plan, rows_at_once
from .blocks import Block, Limits, blocks, in_order, too_large
from .comparison import Comparison
from .encoders.base import Encoder
from .input_shape import InputShape
from .links import NOT_ALIGNED
from .method import Level
from .models.preset import RunOptions
from .parallel import run_groups
from .passages import PASSAGE, Join, Passage, joined_alignment, passages, windows
from .similarity import Units
from .subwords import Splitter, Subwords
from .text.sentences import SentencePair
from .windows import Indices

BUDGETS = {"cpu": 4_096, "cuda": 65_536}  # subwords in a batch with padding; it shrinks if memory runs out
BLOCK = 512  # pairs sorted by length together, for every 4,096 of the budget
PADDED = 4  # times as many if padding is computed: sorting more pairs together means less padding
WORKERS = 4  # most batches at once; if there are more cores, they share batches

logger = logging.getLogger("xalign")
_NOTHING = SentencePair((), ())

Found = TypeVar("Found")


class Finding(NamedTuple, Generic[Found]):
    """What is found of pairs of sentences.

    `find`: the method of `Comparison` that makes the result of each pair of a batch from the units of both sides.
    `join`: combines the results of the passages of a long pair. `nothing`: the result of a pair that has none.
    """

    find: Callable[[Comparison, Batch, Units, Units], list[Found]]
    join: Join[Found]
    nothing: Found


class Budget:
    """The most subwords in a batch, with padding. One thread builds batches of this size while others may lower it."""

    def __init__(self, tokens: int, device: torch.device) -> None:
        self._tokens = tokens
        self._device = device
        self._lock = Lock()

    @property
    def tokens(self) -> int:
        with self._lock:
            return self._tokens

    def keep_to(self, tokens: int) -> None:
        """Lower the budget to a size that fitted, so that a size that did not fit is not tried again."""
        with self._lock:
            if tokens < self._tokens:
                self._tokens = tokens
                logger.warning(
                    "the memory of %s ran out: batches have at most %d subwords from here on",
                    self._device,
                    tokens,
                )


class Engine:
    """An encoder that works on streams of pairs. Only one thread at a time may use it.

    `block`: most pairs in a block. `workers`: how many batches are computed at once.
    """

    def __init__(
        self,
        encoder: Encoder,
        comparison: Comparison,
        shape: InputShape,
        run: RunOptions,
        limits: Limits | None = None,
    ) -> None:
        """`shape`: how pairs are encoded. `run`: their languages, and how large batches may be."""
        self.encoder = encoder
        self.comparison = comparison
        self.limits = Limits.of(limits)
        languages = run.source_language, run.target_language
        self._window = shape.window
        self._geometry = Geometry.of(encoder, shape, _language_ids(encoder, *languages))
        self._split = tuple(Splitter(encoder, language) for language in languages)
        for split in self._split:
            split([["a"]])  # raises an error for an unknown language before anything is read
        tokens = run.batch_tokens or BUDGETS.get(encoder.device.type, BUDGETS["cpu"])
        self._budget = Budget(tokens, encoder.device)
        usual = BLOCK * max(1, tokens // BUDGETS["cpu"]) * (1 if encoder.concurrent else PADDED)
        self.block = self.limits.block or usual
        self.workers = self.limits.workers or _workers(encoder)

    def run(
        self,
        pairs: Iterable[SentencePair],
        layers: Sequence[int],
        finding: Finding[Found],
        first: int = 0,
    ) -> Iterator[tuple[SentencePair, list[Found]]]:
        """Each pair with its results, a value per layer; `finding.nothing` for a pair with an empty side.

        A pair that is too large, or does not fit into memory, gets `nothing` too, with a warning of the logger
        "xalign". `first`: number of pairs of the text before these.
        """
        cut = blocks(pairs, self.block, self.limits.first_block, first=first)
        return self.run_blocks(cut, layers, finding)

    def run_blocks(
        self,
        cut: Iterable[tuple[Sequence[SentencePair], int]],
        layers: Sequence[int],
        finding: Finding[Found],
    ) -> Iterator[tuple[SentencePair, list[Found]]]:
        """As `run`, for given blocks: their pairs, and the number of pairs of the text before them."""
        prepared = run_ahead(starmap(self.prepare, cut))
        groups = ((block, self._tasks(block, layers, finding)) for block in prepared)
        for block, found in run_groups(groups, self.workers):
            for number, reason in block.left_out.items():
                _warn(block, number, f"{reason}; split the line into sentences")
            yield from zip(block.pairs, in_order(block, len(layers), found, finding.nothing), strict=True)

    # The stages, in the order in which they run.

    def prepare(
        self, pairs: Sequence[SentencePair], first: int = 0, cut: bool = True, is_one: bool = False
    ) -> Block:
        """Split the pairs of a block into subwords and build its batches, on the host; `first` pairs come before it.

        If `cut`, long pairs are in no batch, since they are cut into passages. `is_one`: the pairs are passages of one
        pair.

        Pairs with too many units to compare are left out here, before anything large is computed for them.
        """
        kept = pairs
        lengths = [len(pair.source) for pair in pairs], [len(pair.target) for pair in pairs]
        left_out = self._too_large(*lengths, Level.WORD)
        if left_out:
            kept = [_NOTHING if number in left_out else pair for number, pair in enumerate(pairs)]
        source, target = (
            split([getattr(pair, side) for pair in kept])
            for split, side in zip(self._split, ("source", "target"), strict=True)
        )
        left_out |= self._too_large(source.sizes.tolist(), target.sizes.tolist(), Level.SUBWORD)
        budget = self._budget.tokens
        if self.workers > 1:  # so that all workers get a part of a short block
            budget = min(budget, (len(source.ids) + len(target.ids)) // self.workers + 1)
        if self._window is None:
            self._tell_of_windows(source, target, first)
        long = self._long(source, target, left_out) if cut else []
        rows = plan(source, target, self._geometry, budget, {*left_out, *long})
        batches = [(numbers, build(source, target, numbers, self._geometry)) for numbers in rows]
        return Block(first, pairs, source, target, batches, left_out, long, is_one)

    @torch.inference_mode()
    def encode(
        self, batch: Batch, layers: Sequence[int], budget: int | None = None
    ) -> list[tuple[Units, Units]]:
        """The states to compare, (source, target) for each layer. The batch is on the device.

        `budget`: most subwords, with padding, that are encoded at once; by default the budget of a batch.
        """
        units, most = self.comparison.units, budget or self._budget.tokens
        states = [encode_within(self.encoder, each, layers, most) for each in batch.inputs]
        return [
            (units(states[0][k], batch.source), units(states[-1][k], batch.target))
            for k in range(len(layers))
        ]

    def count_passages(self, pair: SentencePair, layer: int) -> int:
        """In how many passages a pair is aligned: 1 unless it is long."""
        block = self.prepare([pair])
        return len(self._passages(block, 0, layer)) if block.long else 1

    # Parts of the stages.

    def _tell_of_windows(self, source: Subwords, target: Subwords, first: int) -> None:
        geometry = self._geometry
        long = int((geometry.shape.filled(source.sizes, target.sizes) > geometry.limit).sum())
        if long:
            count = len(source.sizes)
            lines = f"lines {first + 1} to {first + count}: {long} of {count} pairs"
            logger.info("%s too long for the encoder at once: encoded in windows", lines)

    def _too_large(self, source: Sequence[int], target: Sequence[int], unit: Level) -> dict[int, str]:
        most_compared = self.limits.compared if unit is self.comparison.method.level else None
        return too_large(source, target, f"{unit}s", self.limits.encoded, most_compared)

    def _long(self, source: Subwords, target: Subwords, left_out: Collection[int]) -> list[int]:
        """Numbers of the pairs with more subwords than the model aligns well at once (`InputShape.window`)."""
        if self._window is None:
            return []
        long = (source.sizes + target.sizes > self._window) & (source.sizes > 0) & (target.sizes > 0)
        return [number for number in np.flatnonzero(long).tolist() if number not in left_out]

    def _tasks(
        self, block: Block, layers: Sequence[int], finding: Finding[Found]
    ) -> list[Callable[[], list[list[Found | None]]]]:
        batches = [
            partial(self._compute, block, pairs, batch, layers, finding) for pairs, batch in block.batches
        ]
        return [*batches, *(partial(self._cut, block, number, layers, finding) for number in block.long)]

    def _cut(
        self, block: Block, number: int, layers: Sequence[int], finding: Finding[Found]
    ) -> list[list[Found | None]]:
        """The results of a long pair, by layer."""
        pair, line = block.pairs[number], block.first + number
        return [
            [self._find_in(pair, self._passages(block, number, layer), line, layer, finding)]
            for layer in layers
        ]

    def _passages(self, block: Block, number: int, layer: int) -> list[Passage]:
        """The passages in which a long pair is aligned. The links of the layer decide where it is cut.

        A single sentence is cut only if it does not fit into the encoder.
        """
        assert self._window is not None
        pair, line = block.pairs[number], block.first + number
        sizes = (block.source.sizes[[number]], block.target.sizes[[number]])
        fits = bool(self._geometry.shape.filled(*sizes)[0] <= self._geometry.limit)
        longer = max(len(pair.source), len(pair.target))
        size = max(1, int(self._window * longer / int(sizes[0][0] + sizes[1][0])))
        along = windows(len(pair.source), len(pair.target), size)
        links = Finding(Comparison.link, joined_alignment, NOT_ALIGNED)
        seen = self._find_in(pair, along, line, layer, links)
        return passages(pair, seen.links, max(1, int(PASSAGE * size)), within_sentences=not fits)

    def _find_in(
        self, pair: SentencePair, parts: Sequence[Passage], line: int, layer: int, finding: Finding[Found]
    ) -> Found:
        """The joined results of parts of a pair. `line`: number of pairs before it."""
        block = self.prepare([part.of(pair) for part in parts], line, cut=False, is_one=True)
        found = [self._compute(block, numbers, batch, [layer], finding) for numbers, batch in block.batches]
        values = [value for [value] in in_order(block, 1, found, None)]
        return finding.join(pair, parts, values)

    def _compute(
        self,
        block: Block,
        pairs: Indices,
        batch: Batch,
        layers: Sequence[int],
        finding: Finding[Found],
        budget: int | None = None,
    ) -> list[list[Found | None]]:
        """The results of a batch, by layer; if memory runs out, of its halves, or of its windows in parts.

        None for a pair that does not fit even so.
        """
        budget = budget or self._budget.tokens
        try:
            batch = batch.to(self.encoder.device)
            found: list[list[Found | None]] = [
                [*finding.find(self.comparison.at(layer), batch, *units)]
                for layer, units in zip(layers, self.encode(batch, layers, budget), strict=True)
            ]
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
        else:
            self._budget.keep_to(budget)  # only now, since even this may not fit
            return found
        if self.encoder.device.type == "cuda":
            torch.cuda.empty_cache()
        size = sum(each.ids.numel() for each in batch.inputs)
        if len(pairs) > 1:
            less = max(1, min(budget, size // 2))  # the batch may be older than the lower budget
            halves = (
                (half, build(block.source, block.target, half, self._geometry))
                for half in np.array_split(pairs, 2)
            )
            parts = [self._compute(block, *half, layers, finding, less) for half in halves]
            return [left + right for left, right in zip(*parts, strict=True)]
        if any(rows_at_once(each, budget) > 1 for each in batch.inputs):
            return self._compute(block, pairs, batch, layers, finding, max(1, min(budget, size) // 2))
        source, target = batch.source.words.shape[1], batch.target.words.shape[1]
        reason = f"{source} x {target} subwords do not fit into the memory of {self.encoder.device}"
        _warn(block, int(pairs[0]), reason)
        return [[None] for _ in layers]


def _workers(encoder: Encoder) -> int:
    if encoder.device.type == "cuda":
        return 2
    return min(torch.get_num_threads(), WORKERS) if encoder.concurrent else 1


def _language_ids(encoder: Encoder, source: str | None, target: str | None) -> tuple[int, int] | None:
    if not encoder.languages:
        return None  # so that a script may give languages to every model
    return encoder.language_id(source), encoder.language_id(target)


def _warn(block: Block, number: int, reason: str) -> None:
    what = "a passage of it" if block.is_one else "it"
    logger.warning("line %d: %s; %s has no links", block.line(number), reason, what)


def _is_out_of_memory(error: Exception) -> bool:
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "DefaultCPUAllocator" in str(error)
        or "out of memory" in str(error)
    )
