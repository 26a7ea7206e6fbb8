"""Linked words, counted over a corpus -> lexical translation tables, as Marian and Moses read them.

The tables are those of Moses' extract-lex, which comes with Marian's tools as extract_lex. n(s, t) counts the links
between a source word s and a target word t over the corpus. A source word without a link is linked to NULL, and so is a
target word without one. Then

    lex.s2t   p(t | s) = n(s, t) / sum over t' of n(s, t')     a line each: "t s p"
    lex.t2s   p(s | t) = n(s, t) / sum over s' of n(s', t)     a line each: "s t p"

in single precision with seven digits, as extract-lex writes them. The lines are sorted by the bytes of their words;
those of extract-lex have no order. A word "NULL" in the text counts as the NULL word, as it does there.

A shortlist holds, for each source word, its likeliest target words without NULL. That is what Marian keeps of lex.s2t
with `--shortlist lex.s2t 100 100`, and what Bergamot's recipes prune it to.

Memory grows with the vocabulary and with the number of different linked pairs of words, some 100 bytes for each of
these while the tables are written. It does not grow with the length of the corpus.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .links import Alignment
from .text.sentences import SentencePair

NULL = "NULL"
AT_ONCE = 2**20  # links that are collected before they are counted, at least
_HALF = 32  # bits for the number of a word

Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]


class TranslationTable:
    """Counts of linked words. `add` counts a sentence pair; the other methods give the lines of the tables.

    >>> table = TranslationTable()
    >>> table.add(SentencePair.of("das Haus", "the house"), Alignment.of([(0, 0), (1, 1)]))
    >>> list(table.source_to_target())
    ['house Haus 1.0000000\\n', 'the das 1.0000000\\n']
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self.at_once = at_once
        self._sources, self._targets = _numbers(), _numbers()
        self._waiting = array("Q")
        self._keys: Keys = np.zeros(0, dtype=np.uint64)  # sorted: source << 32 | target
        self._counts: Counts = np.zeros(0, dtype=np.int64)

    def add(self, pair: SentencePair, alignment: Alignment) -> None:
        """Count the links of a pair, and its words without links.

        Raises:
            InputError: a link is to a word that the pair does not have.
        """
        alignment.expect_within(len(pair.source), len(pair.target))
        sources = [self._sources[word] for word in pair.source]
        targets = [self._targets[word] for word in pair.target]
        links = alignment.links
        free_sources = set(range(len(sources))).difference([link[0] for link in links])
        free_targets = set(range(len(targets))).difference([link[1] for link in links])
        self._waiting.extend([sources[source] << _HALF | targets[target] for source, target in links])
        self._waiting.extend([sources[source] << _HALF for source in free_sources])
        self._waiting.extend([targets[target] for target in free_targets])
        if len(self._waiting) >= max(self.at_once, len(self._keys) // 2):
            self._count()

    def add_all(self, aligned: Iterable[tuple[SentencePair, Alignment]]) -> TranslationTable:
        """Count all pairs; returns the table."""
        for pair, alignment in aligned:
            self.add(pair, alignment)
        return self

    def source_to_target(self) -> Iterator[str]:
        """The lines of lex.s2t, sorted by their bytes: target word, source word, p(target | source)."""
        sources, targets, counts = self._columns()
        return _lines(self._targets, targets, self._sources, sources, counts)

    def target_to_source(self) -> Iterator[str]:
        """The lines of lex.t2s, sorted by their bytes: source word, target word, p(source | target)."""
        sources, targets, counts = self._columns()
        return _lines(self._sources, sources, self._targets, targets, counts)

    def shortlist(self, best: int) -> Iterator[str]:
        """The lines of lex.s2t without NULL, with only the `best` likeliest target words of each source word.

        Of equally likely target words, those that come first by their bytes are kept.
        """
        sources, targets, counts = self._columns()
        ranks = _ranks(self._targets)
        order = np.lexsort((ranks[targets], -counts, sources))
        order = order[(sources[order] != 0) & (targets[order] != 0)]
        starts = np.flatnonzero(np.diff(sources[order], prepend=-1))
        places = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
        chosen = order[places < best]
        totals = np.bincount(sources, counts)
        return _lines(self._targets, targets[chosen], self._sources, sources[chosen], counts[chosen], totals)

    def _count(self) -> None:
        """Add the collected links to the counts."""
        new = np.frombuffer(self._waiting, dtype=np.uint64)
        keys = np.concatenate([self._keys, new])
        counts = np.concatenate([self._counts, np.ones(len(new), dtype=np.int64)])
        del new
        self._waiting = array("Q")
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] + np.uint64(1)))
        self._keys, self._counts = keys[starts], np.add.reduceat(counts, starts) if len(starts) else counts

    def _columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Counts]:
        """(source words, target words, how often they are linked). Shape of each: (linked pairs of words,)"""
        self._count()
        sources = (self._keys >> np.uint64(_HALF)).astype(np.int64)
        targets = (self._keys & np.uint64(2**_HALF - 1)).astype(np.int64)
        return sources, targets, self._counts


def _numbers() -> defaultdict[str, int]:
    """The number of each word; that of the NULL word is 0, and a new word gets the next one."""
    return defaultdict(count(1).__next__, {NULL: 0})


def _ranks(words: dict[str, int]) -> NDArray[np.int64]:
    """The rank of each word when all are sorted by their bytes. Shape: (words,), by the numbers of the words"""
    ranks = np.empty(len(words), dtype=np.int64)
    ranks[[words[word] for word in sorted(words, key=str.encode)]] = np.arange(len(words))
    return ranks


def _lines(
    outputs: dict[str, int],
    output: NDArray[np.int64],
    givens: dict[str, int],
    given: NDArray[np.int64],
    counts: Counts,
    totals: NDArray[Any] | None = None,
) -> Iterator[str]:
    """Lines of "output given p(output | given)", sorted; `totals`: how often each given word is linked at all."""
    of_given: NDArray[Any] = np.bincount(given, counts) if totals is None else totals
    shares = counts.astype(np.float32) / of_given[given].astype(np.float32)
    names, given_names = list(outputs), list(givens)
    for k in np.lexsort((_ranks(givens)[given], _ranks(outputs)[output])).tolist():
        yield f"{names[output[k]]} {given_names[given[k]]} {shares[k]:.7f}\n"
