"""A model's link probabilities over a corpus -> better ones, and links: which words keep company is counted in.

IBM model 1 (Brown et al., 1993, section 4.1) with the model's probabilities where it has even ones. The source word i
that a target word j translates is found by

    p(i | j)  ~  model(i | j) ^ (1 / sqrt(rounds)) * t(target word j | source word i)

and t by expectation maximisation from these very probabilities; the other direction likewise. In one sentence pair a
word stands among many; over a corpus the same two words meet again and again. That is what statistical aligners know,
and what a model that looks at one pair at a time does not.

Words count as the same if their first four letters do, in lower case, so that inflected forms share what is known of
them. Does not: run a model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .links import Alignment, Link
from .sentences import SentencePair

STEM = 4  # letters
FLOOR = 1e-3  # the least that the model is taken to say; two words of which neither direction says more stay apart
NULL = 0.1  # the share of words that are taken to translate nothing
SMOOTHING = 0.01  # added to every count
LIKELY = 0.45  # what a link's score must lie above

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


class Directions(NamedTuple):
    """Probabilities of one sentence pair. Shape of both: (source words, target words).

    `forward`: of each target word, given the source word: rows sum to 1, or less where a word may translate nothing.
    `backward`: of each source word, given the target word: columns do.
    """

    forward: Floats
    backward: Floats


Modelled = tuple[SentencePair, Sequence[Directions | None]]
"""A pair and what the model says of it, by layer; None where it says nothing."""


def link_together(
    modelled: Iterable[Modelled], rounds: int, threshold: float | None, most: int, cells: int
) -> Iterator[tuple[SentencePair, list[Alignment]]]:
    """Each pair with its alignments, one per layer, which it owes to all pairs that share a lexicon with it.

    `rounds`: of `reestimate`. `threshold`: of `likely_links`. `most`, `cells`: of `together`.
    """
    for some in together(modelled, most, cells):
        pairs = [pair for pair, _ in some]
        by_layer = zip(*(said for _, said in some), strict=True)
        found = [reestimate(pairs, said, rounds) for said in by_layer]
        for pair, of_pair in zip(pairs, zip(*found, strict=True), strict=True):
            yield pair, [likely_links(each, threshold) for each in of_pair]


def together(modelled: Iterable[Modelled], most: int, cells: int) -> Iterator[list[Modelled]]:
    """Pairs that share a lexicon: at most `most`, until their source words times target words are more than `cells`.

    An error comes after the pairs before it.
    """
    some: list[Modelled] = []
    held = silent = 0  # cells of pairs of which the model says something, words of the others
    try:
        for pair, said in modelled:
            some.append((pair, said))
            if None in said:
                silent += len(pair.source) + len(pair.target)
            else:
                held += len(pair.source) * len(pair.target)
            if len(some) == most or max(held, silent) > cells:
                yield some
                some, held, silent = [], 0, 0
    except Exception:
        if some:
            yield some
        raise
    if some:
        yield some


def reestimate(
    pairs: Sequence[SentencePair], modelled: Sequence[Directions | None], rounds: int
) -> list[Directions | None]:
    """What the model says of each pair -> what model and corpus together say; None where the model says nothing.

    The more `rounds` of expectation maximisation, the less the model has to say and the more the corpus: one where the
    model knows the languages, five where it hardly does. Takes some 30 bytes for each source word times target word of
    each pair, up to 110 where the model holds most of them possible.
    """
    source = _tokens(pair.source for pair in pairs)
    target = _tokens(pair.target for pair in pairs)
    said = [each for each in modelled if each is not None]
    cells = _cells(source, target, [each is not None for each in modelled])
    forward, backward = (
        np.concatenate([np.zeros(0, np.float32), *(each[k].ravel() for each in said)]) for k in (0, 1)
    )
    # A quarter or so: the rest would cost most of the time.
    kept = np.flatnonzero(np.maximum(forward, backward) > FLOOR)
    sources, targets = cells.sources[kept], cells.targets[kept]
    found = np.zeros((2, len(forward)), np.float32)
    found[0, kept] = _explain(forward[kept], sources, source.types, targets, target.types, rounds)
    found[1, kept] = _explain(backward[kept], targets, target.types, sources, source.types, rounds)
    bounds = np.concatenate([[0], np.cumsum([each.forward.size for each in said], dtype=np.int64)]).tolist()
    explained = (
        Directions(*(values[start:end].reshape(each.forward.shape) for values in found))
        for each, (start, end) in zip(said, pairwise(bounds), strict=True)
    )
    return [None if each is None else next(explained) for each in modelled]


def likely_links(directions: Directions | None, threshold: float | None = None) -> Alignment:
    """The pairs of words whose score, the geometric mean of both directions, lies above the threshold (0.45).

    The score of the sentence pair is, as in words.py, the mean over the words of both sides of a word's best link.
    Where nothing is said there are no links.
    """
    if directions is None:
        return Alignment(scores=(), score=0.0)
    scores = np.sqrt(directions.forward * directions.backward)
    scores[scores <= (LIKELY if threshold is None else threshold)] = 0
    found = np.nonzero(scores)
    rows, columns = scores.shape
    best = float(scores.max(1, initial=0).sum() + scores.max(0, initial=0).sum())
    return Alignment(
        links=tuple(map(Link._make, zip(*(each.tolist() for each in found), strict=True))),
        scores=tuple(scores[found].tolist()),
        score=best / max(rows + columns, 1),
    )


class _Tokens(NamedTuple):
    """One side of all pairs, end to end. `types`: each word's stem, numbered. `lengths`: words of each sentence."""

    types: Integers
    lengths: NDArray[np.int64]


class _Cells(NamedTuple):
    """Every source word of a pair with every target word of it, row by row: the numbers of both words.

    Of the pairs of which the model says something; the others only count as text.
    """

    sources: Integers
    targets: Integers


def _tokens(sentences: Iterable[Sequence[str]]) -> _Tokens:
    known: dict[str, int] = {}
    types: list[int] = []
    lengths = []
    for words in sentences:
        types += [known.setdefault(word[:STEM].lower(), len(known)) for word in words]
        lengths.append(len(words))
    return _Tokens(np.array(types, dtype=np.int32), np.array(lengths, dtype=np.int64))


def _cells(source: _Tokens, target: _Tokens, said: Sequence[bool]) -> _Cells:
    first_sources = np.cumsum(source.lengths) - source.lengths
    first_targets = np.cumsum(target.lengths) - target.lengths
    every = zip(first_sources, source.lengths, first_targets, target.lengths, strict=True)
    shapes = list(compress(every, said))
    none = np.zeros(0, dtype=np.int32)
    sources = [np.repeat(np.arange(i, i + rows, dtype=np.int32), columns) for i, rows, _, columns in shapes]
    targets = [np.tile(np.arange(j, j + columns, dtype=np.int32), rows) for _, rows, j, columns in shapes]
    return _Cells(np.concatenate([none, *sources]), np.concatenate([none, *targets]))


def _explain(
    modelled: Floats,
    explained: Integers,
    explained_types: Integers,
    explaining: Integers,
    explaining_types: Integers,
    rounds: int,
) -> Floats:
    """Which word of the other side explains each word, or that none does.

    `explained`, `explaining`: the two words of each cell. Shape of these and `modelled`: (cells,). `..._types`: of all
    words of a side.
    """
    words, kinds = len(explained_types), int(explained_types.max(initial=0)) + 1
    frequency = np.bincount(explained_types, minlength=kinds) / max(words, 1)
    nothing = NULL * frequency[explained_types]
    keys = explaining_types[explaining].astype(np.int64) * kinds + explained_types[explained]
    met, entry = np.unique(keys, return_inverse=True)  # the lexicon has an entry for words that have met
    entry, heads = entry.astype(np.int32), met // kinds
    model = np.maximum(modelled, FLOOR) ** (1 / math.sqrt(rounds))
    model /= np.bincount(explained, model, words)[explained]
    found = model
    for _ in range(rounds):
        counts = np.bincount(entry, found, len(met))
        totals = np.bincount(heads, counts)[heads]
        lexicon = (counts + SMOOTHING) / (totals + SMOOTHING * kinds)
        found = (1 - NULL) * model * lexicon[entry]
        found /= (np.bincount(explained, found, words) + nothing)[explained]
    return found.astype(np.float32)
