"""Parallel text with links -> training batches, in an order that depends on nothing but the seed.

Several corpora are mixed by temperature. The order of examples is a pure function of (seed, number of examples drawn),
so a resumed run sees what an uninterrupted one would have seen.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xalign.encoder import Encoder, EncoderInput
from xalign.errors import TrainingError
from xalign.formats import read_alignments
from xalign.sentences import SentencePair, read_files

POOL = 4096  # pairs drawn together, sorted by length and cut into batches


@dataclass(frozen=True)
class CorpusFiles:
    """Where one corpus lies: two texts, line by line, and the links between them in Pharaoh format."""

    source: Path
    target: Path
    links: Path


@dataclass(frozen=True, eq=False)
class Corpus:
    """One corpus as flat arrays: side 2k is the source of pair k, side 2k + 1 its target."""

    name: str
    subwords: NDArray[np.int32]  # of all sides, end to end
    words: NDArray[np.int32]  # the word that each subword belongs to
    side_starts: NDArray[np.int64]  # Shape: (2 * pairs + 1,)
    links: NDArray[np.int32]  # Shape: (links, 2), (source word, target word)
    link_starts: NDArray[np.int64]  # Shape: (pairs + 1,)

    def __len__(self) -> int:
        return len(self.link_starts) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Subwords of both sides together. Shape: (pairs,)."""
        return self.side_starts[2::2] - self.side_starts[:-1:2]


def read_corpus(files: CorpusFiles, encoder: Encoder, max_subwords: int) -> Corpus:
    """Tokenise a corpus; pairs with an empty side, without links or with an overlong side are left out.

    Raises:
        TrainingError: different numbers of lines, a link out of range, or nothing left to train on.
    """
    cache: dict[str, list[int]] = {}
    subwords, words, links = array("i"), array("i"), array("i")
    side_starts, link_starts = array("q", [0]), array("q", [0])
    alignments = read_alignments(files.links, format="pharaoh")
    pairs = list(read_files(files.source, files.target))
    if len(pairs) != len(alignments):
        raise TrainingError(f"{files.source} has {len(pairs)} lines, but {files.links} has {len(alignments)}")
    for number, (pair, alignment) in enumerate(zip(pairs, alignments, strict=True), start=1):
        if not alignment.links:
            continue
        _check_links(pair, alignment.links, f"{files.links} line {number}")
        sides = [_subwords_of(side, encoder, cache) for side in (pair.source, pair.target)]
        if not all(0 < len(ids) <= max_subwords for ids, _ in sides):
            continue
        (_, source_words), (_, target_words) = sides
        covered = [(i, j) for i, j in alignment.links if i in source_words and j in target_words]
        for ids, word_index in sides:
            subwords.extend(ids)
            words.extend(word_index)
            side_starts.append(len(subwords))
        for link in covered:
            links.extend(link)
        link_starts.append(len(links) // 2)
    if len(link_starts) == 1:
        raise TrainingError(
            f"{files.source}: no pair with words on both sides, links, and sides within {max_subwords} subwords"
        )
    return Corpus(
        name=files.links.stem,
        subwords=np.frombuffer(subwords, dtype=np.int32),
        words=np.frombuffer(words, dtype=np.int32),
        side_starts=np.frombuffer(side_starts, dtype=np.int64),
        links=np.frombuffer(links, dtype=np.int32).reshape(-1, 2),
        link_starts=np.frombuffer(link_starts, dtype=np.int64),
    )


def _check_links(pair: SentencePair, links: Sequence[tuple[int, int]], where: str) -> None:
    for i, j in links:
        if not (0 <= i < len(pair.source) and 0 <= j < len(pair.target)):
            sizes = f"{len(pair.source)} source and {len(pair.target)} target words"
            raise TrainingError(
                f"{where}: link {i}-{j} is out of range, the pair has {sizes} (counted from 0)"
            )


def _subwords_of(
    side: Sequence[str], encoder: Encoder, cache: dict[str, list[int]]
) -> tuple[list[int], list[int]]:
    unseen = [word for word in dict.fromkeys(side) if word not in cache]
    if unseen:
        cache.update(zip(unseen, encoder.subword_ids(unseen, None), strict=True))
    ids, word_index = [], []
    for index, word in enumerate(side):
        ids += cache[word]
        word_index += [index] * len(cache[word])
    return ids, word_index


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """Pairs as one sequence each, and the links to be learnt.

    `units` numbers what similarity compares: the source words of a row from 0, its target words from `source_units`
    on, -1 for everything else. Shape: (batch, subwords). `links` Shape: (batch, source_units, target_units).
    """

    input: EncoderInput
    units: Tensor
    source_units: int
    links: Tensor

    def to(self, device: torch.device) -> TrainingBatch:
        moved = EncoderInput(
            ids=self.input.ids.to(device),
            mask=self.input.mask.to(device),
            sides=self.input.sides.to(device),
            languages=None,
        )
        return TrainingBatch(moved, self.units.to(device), self.source_units, self.links.to(device))


def batches(
    corpora: Sequence[Corpus], encoder: Encoder, batch_subwords: int, temperature: float, seed: int, skip: int
) -> Iterator[TrainingBatch]:
    """Batches of at most `batch_subwords` padded subwords, without end, from batch number `skip` on.

    Each corpus is drawn in proportion to its size to the power 1 / `temperature`; half of all pairs, at random, change
    sides.
    """
    drawn, pool = 0, 0
    while True:
        chosen = np.random.default_rng((seed, pool))
        rows = _draw_pool(corpora, temperature, seed, pool)
        for batch in _cut(rows, corpora, batch_subwords, chosen):
            swapped = chosen.random(len(batch)) < 0.5
            if drawn >= skip:
                yield _collate(batch, swapped, corpora, encoder)
            drawn += 1
        pool += 1


def _draw_pool(corpora: Sequence[Corpus], temperature: float, seed: int, pool: int) -> list[tuple[int, int]]:
    """The pool's examples as (corpus, pair): each corpus runs through one permutation of itself after another."""
    weights = np.array([len(corpus) for corpus in corpora], dtype=np.float64) ** (1 / temperature)
    shares = np.maximum(1, np.round(POOL * weights / weights.sum())).astype(int)
    rows = []
    for k, (corpus, share) in enumerate(zip(corpora, shares, strict=True)):
        positions = np.arange(pool * share, (pool + 1) * share)
        for epoch in np.unique(positions // len(corpus)):
            order = np.random.default_rng((seed, k, int(epoch))).permutation(len(corpus))
            rows += [(k, int(i)) for i in order[positions[positions // len(corpus) == epoch] % len(corpus)]]
    return rows


def _cut(
    rows: list[tuple[int, int]], corpora: Sequence[Corpus], batch_subwords: int, chosen: np.random.Generator
) -> list[list[tuple[int, int]]]:
    """Sort by length, cut under the budget, shuffle the batches."""
    lengths = np.array([corpora[k].lengths[i] for k, i in rows]) + 3
    cut: list[list[tuple[int, int]]] = []
    batch: list[tuple[int, int]] = []
    for position in np.argsort(lengths, kind="stable"):
        if batch and (len(batch) + 1) * lengths[position] > batch_subwords:
            cut.append(batch)
            batch = []
        batch.append(rows[position])
    cut.append(batch)
    return [cut[i] for i in chosen.permutation(len(cut))]


def _collate(
    rows: list[tuple[int, int]], swapped: NDArray[np.bool_], corpora: Sequence[Corpus], encoder: Encoder
) -> TrainingBatch:
    sides = [_sides(corpora[k], i, swap) for (k, i), swap in zip(rows, swapped, strict=True)]
    before, between, after = (
        np.array(ids, dtype=np.int64) for ids in (encoder.prefix, encoder.separator, encoder.suffix)
    )
    width = max(len(s) + len(t) for (s, _), (t, _), _ in sides) + len(before) + len(between) + len(after)
    source_units = max(int(words[-1]) for (_, words), _, _ in sides) + 1
    target_units = max(int(words[-1]) for _, (_, words), _ in sides) + 1
    ids = np.full((len(rows), width), encoder.pad_id, dtype=np.int64)
    side = np.zeros((len(rows), width), dtype=np.int64)
    units = np.full((len(rows), width), -1, dtype=np.int64)
    links = np.zeros((len(rows), source_units, target_units), dtype=np.float32)
    for row, ((source, source_words), (target, target_words), pairs) in enumerate(sides):
        start, middle = len(before), len(before) + len(source)
        begin = middle + len(between)
        end = begin + len(target)
        ids[row, : end + len(after)] = np.concatenate([before, source, between, target, after])
        side[row, begin : end + len(after)] = 1
        units[row, start:middle] = source_words
        units[row, begin:end] = source_units + target_words
        links[row, pairs[:, 0], pairs[:, 1]] = 1
    tensors = torch.from_numpy(ids), torch.from_numpy(ids != encoder.pad_id), torch.from_numpy(side)
    return TrainingBatch(
        EncoderInput(*tensors, languages=None), torch.from_numpy(units), source_units, torch.from_numpy(links)
    )


Side = tuple[NDArray[np.int32], NDArray[np.int32]]  # subwords, and the word of each


def _sides(corpus: Corpus, pair: int, swap: bool) -> tuple[Side, Side, NDArray[np.int32]]:
    starts = corpus.side_starts[2 * pair : 2 * pair + 3]
    source, target = (
        (corpus.subwords[begin:end], corpus.words[begin:end]) for begin, end in pairwise(starts)
    )
    links = corpus.links[corpus.link_starts[pair] : corpus.link_starts[pair + 1]]
    return (target, source, links[:, ::-1]) if swap else (source, target, links)
