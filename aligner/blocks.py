"""Sentence pairs -> blocks that are computed together, and back: results of batches -> results in the order of pairs.

A block begins at a fixed line number, whatever the lines contain: line 0, 64, 192, and so on, then after every
`block` lines. Blocks with very long lines are cut into parts, so that they take no more memory than others. A pair
that is too large is left out of the batches, with a reason. Does not: compute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, NamedTuple, TypeVar

from .ahead import until_error
from .batches import Batch
from .errors import OptionError
from .json_file import shortened
from .options import Option, settle
from .subwords import Subwords
from .text.sentences import SentencePair
from .windows import Indices

WORDS = 256

Found = TypeVar("Found")
Nothing = TypeVar("Nothing")

_Count = Annotated[int, Option(least=1)]
_CountOrNone = Annotated[int | None, Option(least=1)]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much is computed at once; None fits the device. Only `together` and `cells` change links, with a lexicon.

    `encoded` and `compared` are limits for one pair: a larger pair gets no links. OptionError for less than 1.
    """

    workers: _CountOrNone = None  # batches computed at once
    block: _CountOrNone = None  # most pairs sorted by length together
    first_block: _Count = 64  # pairs in the first block; the following double, so that output begins soon
    encoded: _Count = 2**15  # subwords of both sides together: with `mini`, their states take some 100 MB
    compared: _Count = 2**26  # source times target units: 256 MB, and five times as much to extract
    together: _Count = 10_000  # pairs that share a lexicon
    cells: _Count = 2**24  # source words times target words that share a lexicon: usually half a gigabyte

    def __post_init__(self) -> None:
        settle(self)

    @classmethod
    def of(cls, limits: Limits | None) -> Limits:
        """The limits, or the usual ones for None; OptionError for anything else."""
        if limits is not None and not isinstance(limits, Limits):
            raise OptionError(f"limits is {shortened(limits)}: it must be a Limits object or none", "limits")
        return limits or cls()


class Block(NamedTuple):
    """Consecutive pairs, split into subwords, and the batches they were cut into.

    `first`: the number of pairs before them. `left_out`: number of a pair within the block -> why it is in no batch.
    `long`: numbers of the pairs that are aligned in passages. `is_one`: the pairs are passages of one pair.
    """

    first: int
    pairs: Sequence[SentencePair]
    source: Subwords
    target: Subwords
    batches: list[tuple[Indices, Batch]]  # numbers of pairs within the block
    left_out: dict[int, str]
    long: list[int]
    is_one: bool = False

    def line(self, number: int) -> int:
        """The line of a pair, counted from 1."""
        return self.first + 1 + (0 if self.is_one else number)

    def __len__(self) -> int:
        return len(self.pairs)


def blocks(
    pairs: Iterable[SentencePair], most: int, first_block: int, words: int = WORDS, first: int = 0
) -> Iterator[tuple[list[SentencePair], int]]:
    """Blocks of at most `most` pairs, each with the number of pairs before it; the first block has `first_block`.

    `words`: average number of words of a pair, both sides together, for which a block has room. `first`: number of
    pairs of the text before these; blocks end where they end in the whole text.
    """
    stream = iter(pairs)
    start, end = block_around(first, most, first_block)
    while True:
        for part in _parts(islice(stream, end - first), words * (end - start)):
            yield part, first
            first += len(part)
        if first < end:
            return
        start, end = end, end + min(2 * (end - start), most)


def block_around(pair: int, most: int, first_block: int) -> tuple[int, int]:
    """The first pair of the block that contains this pair, and the first pair after it, counted from 0.

    >>> [block_around(pair, 256, 64) for pair in (0, 63, 64, 200, 448, 1000)]
    [(0, 64), (0, 64), (64, 192), (192, 448), (448, 704), (960, 1216)]
    """
    start, size = 0, min(first_block, most)
    while start + size <= pair and size < most:
        start, size = start + size, min(2 * size, most)
    start += (pair - start) // size * size
    return start, start + size


def taken_with(
    first: int, end: int | None, most: int, first_block: int, together: int | None
) -> tuple[int, int | None]:
    """The pairs of a text to read, as (first, end), so that those from `first` up to `end` get their usual results.

    These are the results that they get in the whole text. Pairs are counted from 0; None is the end of the text.

    `most`, `first_block`: as in `blocks`. `together`: number of pairs that share a lexicon; None if there is none.

    >>> taken_with(100, 200, 256, 64, None), taken_with(100, 200, 256, 64, 1_000)
    ((64, 448), (0, 1216))
    """
    if together is not None:
        first = first // together * together
        end = None if end is None else -(-end // together) * together
    start, stop = block_around(first, most, first_block)
    return start, None if end is None else max(stop, block_around(max(end - 1, 0), most, first_block)[1])


def _parts(pairs: Iterable[SentencePair], most: int) -> Iterator[list[SentencePair]]:
    """The pairs in lists of at most `most` words, or of a single pair; an error is raised after the pairs before it."""
    part: list[SentencePair] = []
    held = 0
    failures: list[Exception] = []
    for pair in until_error(pairs, failures, Exception):
        size = len(pair.source) + len(pair.target)
        if part and held + size > most:
            yield part
            part, held = [], 0
        part.append(pair)
        held += size
    if part:
        yield part
    if failures:
        raise failures[0]


def too_large(
    source: Sequence[int], target: Sequence[int], units: str, most_encoded: int, most_compared: int | None
) -> dict[int, str]:
    """Pairs with too many units to encode, or to compare (None: no limit): number -> reason.

    `source`, `target`: the number of units of each pair.

    >>> too_large([20_000, 3], [20_000, 4], "words", 32_768, 10)
    {0: '20000 + 20000 words are too many to encode', 1: '3 x 4 words are too many to compare'}
    """
    reasons = {}
    for k, (s, t) in enumerate(zip(source, target, strict=True)):
        if s + t > most_encoded:
            reasons[k] = f"{s} + {t} {units} are too many to encode"
        elif most_compared is not None and s * t > most_compared:
            reasons[k] = f"{s} x {t} {units} are too many to compare"
    return reasons


def in_order(
    block: Block, layers: int, found: Sequence[Sequence[Sequence[Found | None]]], nothing: Nothing
) -> list[list[Found | Nothing]]:
    """Results of a block's batches, then of its long pairs, a list per layer -> of its pairs, a value per layer.

    A pair gets `nothing` if its result is None, or it is in no batch.
    """
    of_pairs: list[list[Found | Nothing]] = [[nothing] * layers for _ in range(len(block))]
    together = [*(numbers.tolist() for numbers, _ in block.batches), *([number] for number in block.long)]
    for numbers, by_layer in zip(together, found, strict=True):
        for layer, of_batch in enumerate(by_layer):
            for number, each in zip(numbers, of_batch, strict=True):
                if each is not None:
                    of_pairs[number][layer] = each
    return of_pairs
