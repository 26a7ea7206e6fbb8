"""Words -> subword ids, and which word each subword belongs to.

Every word is split on its own, so no subword spans two words. Each distinct word is split only once: in running text
nearly every word has occurred before, and a dictionary is many times faster than any tokenizer. Only the beginning of a
word of thousands of letters is read. A sentence in capitals, or a title, is split as if it were in lower case, because
tokenizers know few words in capitals and split the others into letters. This file also marks which words are
punctuation.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from .encoders.base import Encoder
from .languages import primary
from .text.punctuation import is_punctuation

# Words in capitals, or capitalized words, that a sentence needs at least to be read in lower case.
FEWEST_CAPITALIZED = 3
LONGEST_ACRONYM = 5  # letters; a longer word in capitals is a word that somebody wrote in capitals
MOST = 0.5  # share of words in capitals above which a sentence counts as written in capitals
# Share of capitalized words above which a sentence counts as a title; German sentences have fewer.
NEARLY_ALL = 0.8
_CASED, _TITLED, _CAPITALS, _LONG_CAPITALS = 1, 2, 3, 4
CACHED_WORDS = 500_000  # per side; some 80 MB
CACHED_LETTERS = 2**24  # of all these words
LONGEST_WORD = 1_000
SPLIT_AT_ONCE = 2_048  # the tokenizer takes about 100 bytes per letter


@dataclass(frozen=True, slots=True, eq=False)
class Subwords:
    """One side of many sentences, concatenated. Sentence k is `ids[starts[k]:starts[k + 1]]`.

    `ids`, `words`: the subwords, and the word of its sentence that each belongs to. Shape: (all subwords,).
    `starts`: Shape: (sentences + 1,). `lengths`: words of each sentence, also those without subwords.
    Shape: (sentences,). `punctuation`: whether each word is punctuation, concatenated. Shape: (all words,).
    """

    ids: NDArray[np.int64]
    words: NDArray[np.int64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    punctuation: NDArray[np.bool_]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Subwords of each sentence. Shape: (sentences,)."""
        return np.diff(self.starts)


class Splitter:
    """Splits the sentences of one side with an encoder's tokenizer, in one language. Threads may share it.

    Args:
        cached_words: are remembered, and `cached_letters` of them all.
        longest_word: the first letters of a word that are read, and the first subwords that are kept.
        split_at_once: words that go to the tokenizer together.
    """

    def __init__(
        self,
        encoder: Encoder,
        language: str | None = None,
        *,
        cached_words: int = CACHED_WORDS,
        cached_letters: int = CACHED_LETTERS,
        longest_word: int = LONGEST_WORD,
        split_at_once: int = SPLIT_AT_ONCE,
    ) -> None:
        self._encoder = encoder
        self._language = language
        self._cached_words, self._cached_letters = cached_words, cached_letters
        self._longest_word, self._split_at_once = longest_word, split_at_once
        self._lock = Lock()  # of what is known
        self._forget()

    def __call__(self, sentences: Sequence[Sequence[str]]) -> Subwords:
        """Subwords of all sentences; a word that the tokenizer drops keeps its number and has no subwords.

        A word has at most `longest_word` subwords, from at most as many letters.
        """
        with self._lock:
            return self._split(sentences)

    def _split(self, sentences: Sequence[Sequence[str]]) -> Subwords:
        words = list(chain.from_iterable(sentences))
        if max(map(len, words), default=0) > self._longest_word:
            words = [word[: self._longest_word] for word in words]
        known = self._look_up(words)
        lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        first_words = np.concatenate([[0], np.cumsum(lengths)])
        if (lowered := self._lowered(known, first_words)).any():
            words = [
                self._in_lower_case(word) if lower else word
                for word, lower in zip(words, lowered.tolist(), strict=True)
            ]
            known = self._look_up(words)
        starts = np.asarray(self._starts)  # no copy
        per_word = starts[known + 1] - starts[known]
        ids = np.asarray(self._ids)[runs(starts[known], per_word)].astype(np.int64)
        numbers = np.arange(len(words)) - np.repeat(first_words[:-1], lengths)
        sentence_starts = np.concatenate([[0], np.cumsum(per_word)])[first_words]
        punctuation = np.asarray(self._punctuation, dtype=bool)[known]
        return Subwords(ids, np.repeat(numbers, per_word), sentence_starts, lengths, punctuation)

    def _look_up(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The number of each word. Shape: (words,)"""
        self._learn(words)
        return np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int64, count=len(words))

    def _in_lower_case(self, word: str) -> str:
        """As `str.lower`, but İ is i, and not an i with a combining dot; in Turkish and Azerbaijani I is ı."""
        if self._language and primary(self._language) in ("tr", "az"):
            word = word.replace("I", "ı")
        return word.replace("İ", "i").lower()

    def _lowered(self, known: NDArray[np.int64], first_words: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which words are in a sentence WRITTEN IN CAPITALS, or in One Like This. Shape: (words,)"""
        kinds = np.asarray(self._cases, dtype=np.uint8)[known]
        cased, titled, in_capitals, long_in_capitals = (
            np.diff(np.concatenate([[0], np.cumsum(kinds >= kind)])[first_words])
            for kind in (_CASED, _TITLED, _CAPITALS, _LONG_CAPITALS)
        )
        is_in_capitals = (in_capitals > MOST * cased) & (in_capitals >= FEWEST_CAPITALIZED)
        is_in_capitals |= (in_capitals == cased) & (long_in_capitals > 0)  # short: ROAD CLOSED
        is_title = (titled > NEARLY_ALL * cased) & (titled >= FEWEST_CAPITALIZED)
        return np.repeat(is_in_capitals | is_title, np.diff(first_words)) & (kinds >= _CASED)

    def _learn(self, words: Sequence[str]) -> None:
        unseen = list(set(words).difference(self._numbers))
        if len(self._numbers) + len(unseen) > self._cached_words or self._letters > self._cached_letters:
            self._forget()
            unseen = list(set(words))
        for first in range(0, len(unseen), self._split_at_once):
            some = unseen[first : first + self._split_at_once]
            for word, ids in zip(some, self._encoder.subword_ids(some, self._language), strict=True):
                self._numbers[word] = len(self._numbers)
                self._letters += len(word)
                self._ids.extend(ids[: self._longest_word])
                self._starts.append(len(self._ids))
                self._punctuation.append(is_punctuation(word))
                self._cases.append(_case(word))

    def _forget(self) -> None:
        # Arrays, since a list per word would take several times as much memory.
        self._numbers: dict[str, int] = {}
        self._letters = 0
        self._ids = array("i")  # of known word k: from start k to start k + 1
        self._starts = array("q", [0])
        self._punctuation = bytearray()
        self._cases = bytearray()


def _case(word: str) -> int:
    """1 in lower case, 2 capitalized, 3 in capitals, 4 in capitals and no acronym, 0 if that cannot be told.

    >>> [_case(word) for word in ("HÄUSER", "HAUS", "Haus", "haus", "I", "2000", "房子", "-LRB-")]
    [4, 3, 2, 1, 0, 0, 0, 0]
    """
    if len(word) == 1 or word.lower() == word.upper() or is_punctuation(word):
        return 0
    if word.isupper():
        return _CAPITALS if len(word) <= LONGEST_ACRONYM else _LONG_CAPITALS
    return _TITLED if word[0].isupper() else _CASED


def runs(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each start and size, `size` consecutive numbers from `start`, concatenated. Shape: (sum of sizes,)

    >>> runs(np.array([7, 2]), np.array([3, 2]))
    array([7, 8, 9, 2, 3])
    """
    ends = sizes.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    found: NDArray[np.int64] = np.arange(total) + np.repeat(starts - ends + sizes, sizes)
    return found
