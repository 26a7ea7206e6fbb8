"""Words -> subword ids, and which word each subword belongs to.

Every word is split on its own, so that subwords never straddle words, and each distinct word only once: in running
text nearly all words have been seen before, and a dictionary is many times faster than any tokeniser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from xalign.encoder import Encoder

CACHED_WORDS = 500_000  # per side; about 100 MB


@dataclass(frozen=True, slots=True, eq=False)
class Subwords:
    """One side of many sentences, end to end. Sentence k is `ids[starts[k]:starts[k + 1]]`.

    `ids`, `words`: the subwords, and the word of its sentence that each belongs to. Shape: (all subwords,).
    `starts`: Shape: (sentences + 1,). `lengths`: words of each sentence, those that no subword stands for included.
    Shape: (sentences,).
    """

    ids: NDArray[np.int64]
    words: NDArray[np.int64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Subwords of each sentence. Shape: (sentences,)."""
        return np.diff(self.starts)


class Splitter:
    """Splits one side's sentences with an encoder's tokeniser, in one language."""

    def __init__(self, encoder: Encoder, language: str | None = None) -> None:
        self._encoder = encoder
        self._language = language
        self._ids: dict[str, list[int]] = {}

    def __call__(self, sentences: Sequence[Sequence[str]]) -> Subwords:
        """Subwords of all sentences; a word that the tokeniser drops keeps its number and has none."""
        words = list(chain.from_iterable(sentences))
        self._learn(words)
        pieces = [self._ids[word] for word in words]
        ids = np.fromiter(chain.from_iterable(pieces), dtype=np.int64)
        per_word = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
        lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        first_words = np.concatenate([[0], np.cumsum(lengths)])
        numbers = np.arange(len(words)) - np.repeat(first_words[:-1], lengths)
        starts = np.concatenate([[0], np.cumsum(per_word)])[first_words]
        return Subwords(ids, np.repeat(numbers, per_word), starts, lengths)

    def _learn(self, words: Sequence[str]) -> None:
        unseen = list(set(words).difference(self._ids))
        if len(self._ids) + len(unseen) > CACHED_WORDS:
            self._ids.clear()
            unseen = list(set(words))
        self._ids.update(zip(unseen, self._encoder.subword_ids(unseen, self._language), strict=True))
