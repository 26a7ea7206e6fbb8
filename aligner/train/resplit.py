"""Words in the subwords of a tokenizer -> the same words in other subwords, at random.

A tokenizer always splits a word in the same way. So an encoder can learn a frequent word without learning its parts,
which rare words consist of. Here some subwords are replaced by two others with the same spelling. This is subword
regularization (Kudo, 2018; compare BPE-dropout, Provilkov et al., 2020) in a form that works for any vocabulary. It
does not need the tokenizer's scores, since vocabularies are sorted by frequency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..encoders.base import Encoder
from .collate import Example

ROUNDS = 2  # passes: a part may be split again
CONTINUED = "##"  # what WordPiece writes before a subword that does not begin a word
BEGINNING = "▁"  # what sentencepiece writes before one that does

Integers = NDArray[np.int32]


class Resplitter:
    """Replaces subwords of an encoder's vocabulary by two others.

    A pair that would become too long for the encoder is not changed. `rate`: the probability that a subword is
    replaced, in each of `ROUNDS` passes, if it has two parts.
    """

    def __init__(self, encoder: Encoder, rate: float) -> None:
        vocabulary = encoder.vocabulary
        self._halves = halves(encoder.pieces(range(vocabulary.size)), vocabulary.specials)
        self._rate = rate
        self._encoder = encoder

    def __call__(self, example: Example, random: np.random.Generator) -> Example:
        """The same words, some of them with other subwords."""
        source, source_words = self.split(example.source, example.source_words, random)
        target, target_words = self.split(example.target, example.target_words, random)
        sizes = np.array(len(source)), np.array(len(target))
        if not self._encoder.input.fits(*sizes, self._encoder.limit):
            return example
        return replace(
            example, source=source, source_words=source_words, target=target, target_words=target_words
        )

    def split(
        self, subwords: Integers, words: Integers, random: np.random.Generator
    ) -> tuple[Integers, Integers]:
        """The subwords of one side, and the word of each. Shape: (subwords,) each"""
        split, split_words = subwords, words
        for _ in range(ROUNDS):
            found = self._halves[split]
            chosen = (found[:, 0] >= 0) & (random.random(len(split)) < self._rate)
            places = np.flatnonzero(chosen) + np.arange(chosen.sum())
            split = np.repeat(split, 1 + chosen)
            split_words = np.repeat(split_words, 1 + chosen)
            split[places], split[places + 1] = found[chosen].T
        return split, split_words


def halves(pieces: Sequence[str], specials: frozenset[int] = frozenset()) -> Integers:
    """For each subword the two most frequent ones that spell it together; -1 if there are none.

    By Zipf's law the frequency of a subword is the inverse of its rank, which is its number.

    >>> halves(["▁", "a", "b", "▁a", "▁ab", "▁aba", "ba"]).tolist()
    [[-1, -1], [-1, -1], [-1, -1], [-1, -1], [3, 2], [4, 1], [2, 1]]

    Shape: (vocabulary, 2)
    """
    ranks = {piece: rank for rank, piece in enumerate(pieces) if rank not in specials}
    continued = CONTINUED if any(piece.startswith(CONTINUED) for piece in ranks) else ""
    found = np.full((len(pieces), 2), -1, dtype=np.int32)
    for piece, rank in ranks.items():
        splits = (
            (piece[:k], continued + piece[k:])
            for k in range(1, len(piece))
            if piece[:k] not in (BEGINNING, CONTINUED[:1], CONTINUED)
        )
        known = [(ranks[left], ranks[right]) for left, right in splits if left in ranks and right in ranks]
        if known:
            found[rank] = min(known, key=lambda pair: (pair[0] + 1) * (pair[1] + 1))
    return found
