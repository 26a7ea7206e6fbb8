"""Parallel text, with or without links, -> one corpus in arrays, from which examples are drawn.

Links come from Pharaoh files that count words from 0: `i-j` is a sure link, `ipj` a possible one, and `i-j:0.75` has a
score. The weight of a link is its score if it has one, otherwise 1 for a sure link and `possible_weight` for a possible
one. Does not: choose an order (mixture.py), or build batches.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..encoders.base import Encoder
from ..errors import InputError, TrainingError
from ..formats import read_alignments
from ..links import Alignment, Link
from ..subwords import Splitter, Subwords
from ..text.sentences import SentencePair, read_files
from .collate import Example
from .options import ObjectiveOptions

logger = logging.getLogger("xalign")

_Table = NDArray[np.float64]
"""All links: number of the pair, source word, target word, weight. Shape: (links, 4)"""


@dataclass(frozen=True)
class CorpusFiles:
    """The files of one corpus: two parallel texts and, if there are any, links.

    The languages are for encoders that need to know them (X-MOD, XLM).
    """

    source: Path
    target: Path
    links: Path | None = None
    source_language: str | None = None
    target_language: str | None = None

    @property
    def languages(self) -> tuple[str | None, str | None]:
        return self.source_language, self.target_language


class Sentences(NamedTuple):
    """One side of a corpus, concatenated: sentence k is `subwords[starts[k] : starts[k + 1]]`.

    `words` holds the word that each subword belongs to. Shape: (all subwords,), (all subwords,), (sentences + 1,)
    """

    subwords: NDArray[np.int32]
    words: NDArray[np.int32]
    starts: NDArray[np.int64]

    def __getitem__(self, sentence: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:  # type: ignore[override]
        span = slice(self.starts[sentence], self.starts[sentence + 1])
        return self.subwords[span], self.words[span]


class WordLinks(NamedTuple):
    """The links of all pairs, concatenated: those of pair k are `links[starts[k] : starts[k + 1]]`.

    Shape: (all links, 2), source word and target word; (all links,); (pairs + 1,)
    """

    links: NDArray[np.int32]
    weights: NDArray[np.float32]
    starts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sentence pairs as subwords, with their links if there are any."""

    name: str
    source: Sentences
    target: Sentences
    links: WordLinks
    languages: tuple[str, str] | None = None

    def __len__(self) -> int:
        return len(self.links.starts) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Subwords of each side of each pair. Shape: (pairs, 2)."""
        return np.stack([np.diff(self.source.starts), np.diff(self.target.starts)], axis=1)

    def example(self, pair: int, swapped: bool) -> Example:
        """One pair; `swapped` makes its target the source."""
        span = slice(self.links.starts[pair], self.links.starts[pair + 1])
        links, weights, languages = self.links.links[span], self.links.weights[span], self.languages
        (source, source_words), (target, target_words) = self.source[pair], self.target[pair]
        if swapped:
            languages = languages and (languages[1], languages[0])
            return Example(target, target_words, source, source_words, links[:, ::-1], weights, languages)
        return Example(source, source_words, target, target_words, links, weights, languages)


def read_corpus(
    files: CorpusFiles,
    encoder: Encoder,
    possible_weight: float = ObjectiveOptions.possible_weight,
    unlinked: bool = False,
) -> Corpus:
    """Read a corpus and split it into subwords.

    Pairs with an empty side, pairs that are too long for one sequence and, unless `unlinked`, pairs without links are
    left out. The logger "xalign" says how many, and warns if fewer than half are kept.

    Args:
        files: the text, and the links if there are any.
        encoder: gives the subwords, and its input shape decides how long a pair may be.
        possible_weight: of possible links, from 0 to 1; at 0 they are left out.
        unlinked: keep pairs without links, for objectives that need none.

    Raises:
        InputError, FormatError: a file is missing or broken, with the number of the line.
        TrainingError: text and links differ in their number of lines, a link is out of range, its score is no
            probability, or nothing is left.
    """
    pairs = list(read_files(files.source, files.target))
    source = Splitter(encoder, files.source_language)([pair.source for pair in pairs])
    target = Splitter(encoder, files.target_language)([pair.target for pair in pairs])
    table = _read_links(files, pairs, possible_weight)
    table = table[_has_subwords(source, table[:, :2]) & _has_subwords(target, table[:, [0, 2]])]
    present = (source.sizes > 0) & (target.sizes > 0)
    short = encoder.input.fits(source.sizes, target.sizes, encoder.limit)
    linked = np.bincount(table[:, 0].astype(np.int64), minlength=len(pairs)) > 0
    keep = present & short & (linked | unlinked)
    _tell_left_out(
        files.source,
        keep,
        {
            "an empty side": ~present,
            "too many subwords for the encoder": present & ~short,
            "no links": present & short & ~(linked | unlinked),
        },
    )
    if not keep.any():
        wanted = "words on both sides" if unlinked else "links between words that have subwords"
        raise TrainingError(
            f"{files.source}: nothing to train on: no pair has {wanted} and fits into {encoder.limit} subwords"
        )
    return Corpus(
        name=files.source.stem,
        source=_kept(source, keep),
        target=_kept(target, keep),
        links=_kept_links(table, keep),
        languages=_languages(files, encoder),
    )


def _read_links(files: CorpusFiles, pairs: Sequence[SentencePair], possible_weight: float) -> _Table:
    if files.links is None:
        return np.empty((0, 4))
    alignments = read_alignments(files.links, format="pharaoh")
    if len(pairs) != len(alignments):
        raise TrainingError(f"{files.source} has {len(pairs)} lines, but {files.links} has {len(alignments)}")
    rows = array("d")
    for number, (pair, alignment) in enumerate(zip(pairs, alignments, strict=True)):
        where = f"{files.links} line {number + 1}"
        try:
            alignment.expect_within(len(pair.source), len(pair.target))
        except InputError as error:
            raise TrainingError(f"{where}: {error}") from None
        for link, weight in _weighted(alignment, possible_weight, where):
            if weight:
                rows.extend((number, *link, weight))
    return np.array(rows).reshape(-1, 4)


def _weighted(alignment: Alignment, possible_weight: float, where: str) -> Iterable[tuple[Link, float]]:
    if alignment.scores is None:
        return ((link, possible_weight if link in alignment.possible else 1.0) for link in alignment.links)
    for link, score in zip(alignment.links, alignment.scores, strict=True):
        if not 0 <= score <= 1:
            raise TrainingError(
                f"{where}: link {link.source}-{link.target} has the score {score:g}; to train on, scores must be "
                "probabilities, from 0 to 1"
            )
    return zip(alignment.links, alignment.scores, strict=True)


def _has_subwords(side: Subwords, words: _Table) -> NDArray[np.bool_]:
    """Whether each word has a subword: tokenizers drop some words. Shape: (n, 2), pair and word -> (n,)"""
    first = np.concatenate([[0], np.cumsum(side.lengths)])
    present = np.zeros(first[-1], dtype=bool)
    present[np.repeat(first[:-1], side.sizes) + side.words] = True
    pair, word = words.T.astype(np.int64)
    has: NDArray[np.bool_] = present[first[pair] + word]
    return has


def _tell_left_out(corpus: Path, keep: NDArray[np.bool_], reasons: dict[str, NDArray[np.bool_]]) -> None:
    """Log how many pairs are left out, and why; as a warning if fewer than half are kept."""
    counts = [f"{int(pairs.sum()):,} with {reason}" for reason, pairs in reasons.items() if pairs.any()]
    if counts:
        level = logging.WARNING if 2 * keep.sum() < len(keep) else logging.INFO
        text = f"{corpus}: {int(keep.sum()):,} of {len(keep):,} pairs are trained on; left out: {', '.join(counts)}"
        logger.log(level, text)


def _kept(side: Subwords, keep: NDArray[np.bool_]) -> Sentences:
    of_kept = np.repeat(keep, side.sizes)
    return Sentences(
        subwords=side.ids[of_kept].astype(np.int32),
        words=side.words[of_kept].astype(np.int32),
        starts=np.concatenate([[0], np.cumsum(side.sizes[keep])]),
    )


def _kept_links(table: _Table, keep: NDArray[np.bool_]) -> WordLinks:
    pair = table[:, 0].astype(np.int64)
    table = table[keep[pair]]
    counts = np.bincount(pair, minlength=len(keep))[keep]
    return WordLinks(
        links=table[:, 1:3].astype(np.int32),
        weights=table[:, 3].astype(np.float32),
        starts=np.concatenate([[0], np.cumsum(counts)]),
    )


def _languages(files: CorpusFiles, encoder: Encoder) -> tuple[str, str] | None:
    """The encoder's own codes of both languages; None for an encoder that takes none."""
    if not encoder.languages:
        return None
    source, target = (
        encoder.languages[encoder.language_id(code)]
        for code in (files.source_language, files.target_language)
    )
    return source, target
