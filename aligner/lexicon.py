"""A model's link probabilities over a corpus -> better ones, and links: the co-occurrence of words is added.

IBM model 1 (Brown et al., 1993, section 4.1), with the model's probabilities in place of uniform ones. The probability
that target word j translates source word i is

    p(i | j)  ~  model(i | j) ^ (1 / sqrt(rounds)) * t(target word j | source word i)

where t is estimated from these same probabilities by expectation maximisation. The other direction works the same way.
A translation of a word occurs with it in pair after pair, and other words do not. Statistical aligners use this; a
model that sees one pair at a time cannot.

Words count as the same if their first four letters are the same, in lower case, so that inflected forms share their
counts. Does not: run a model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .ahead import until_error
from .links import NOT_ALIGNED, Alignment, Link
from .text.sentences import SentencePair

STEM = 4  # letters
FLOOR = 1e-3  # floor of the model's probabilities; two words with no more than this in both directions are never linked
NULL = 0.1  # the share of words that are assumed to translate nothing
SMOOTHING = 0.01  # added to every count
LIKELY = 0.45  # a link's score must be above it

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


class Directions(NamedTuple):
    """Probabilities of one sentence pair. Shape of both: (source words, target words).

    `forward`: of each target word, given the source word. Rows sum to 1, or to less if the word may translate nothing.
    `backward`: of each source word, given the target word. Columns sum to 1, or to less.
    """

    forward: Floats
    backward: Floats


Modelled = tuple[SentencePair, Sequence[Directions | None]]
"""A pair and the model's probabilities for it, by layer; None if there are none."""


def link_together(
    modelled: Iterable[Modelled],
    rounds: int,
    threshold: float | None,
    most: int,
    cells: int,
    first: int = 0,
) -> Iterator[tuple[SentencePair, list[Alignment]]]:
    """Each pair with its alignments, one per layer. They depend on all pairs that share a lexicon with it.

    `rounds`: of `reestimate`. `threshold`: of `likely_links`. `most`, `cells`, `first`: of `together`.
    """
    for some in together(modelled, most, cells, first):
        pairs = [pair for pair, _ in some]
        by_layer = zip(*(modelled for _, modelled in some), strict=True)
        found = [reestimate(pairs, of_layer, rounds) for of_layer in by_layer]
        for pair, of_pair in zip(pairs, zip(*found, strict=True), strict=True):
            yield pair, [likely_links(each, threshold) for each in of_pair]


def together(modelled: Iterable[Modelled], most: int, cells: int, first: int = 0) -> Iterator[list[Modelled]]:
    """Groups of pairs that share a lexicon: at most `most` pairs, and about `cells` source words times target words.

    Every `most` pairs of the text, of which `first` come before these, a group ends, whatever the pairs hold. An error
    is raised after the pairs before it.
    """
    some: list[Modelled] = []
    held = unmodelled = 0  # cells of pairs with probabilities, words of the others
    failures: list[Exception] = []
    for number, (pair, found) in enumerate(until_error(modelled, failures, Exception), start=first + 1):
        some.append((pair, found))
        if None in found:
            unmodelled += len(pair.source) + len(pair.target)
        else:
            held += len(pair.source) * len(pair.target)
        if number % most == 0 or max(held, unmodelled) > cells:
            yield some
            some, held, unmodelled = [], 0, 0
    if some:
        yield some
    if failures:
        raise failures[0]


def reestimate(
    pairs: Sequence[SentencePair], modelled: Sequence[Directions | None], rounds: int
) -> list[Directions | None]:
    """The model's probabilities for each pair -> those of model and corpus together; None where the model has none.

    The more `rounds` of expectation maximisation, the less the model counts and the more the corpus: take one if the
    model knows the languages, five if it hardly does. Takes about 30 bytes for each source word times target word of
    each pair, and up to 110 if the model considers most of them possible.
    """
    source = _tokens(pair.source for pair in pairs)
    target = _tokens(pair.target for pair in pairs)
    known = [each for each in modelled if each is not None]
    every_source, every_target = _cells(source, target, [each is not None for each in modelled])
    forward, backward = (
        np.concatenate([np.zeros(0, np.float32), *(each[k].ravel() for each in known)]) for k in (0, 1)
    )
    # About a quarter of all cells; the others would take most of the time.
    kept = np.flatnonzero(np.maximum(forward, backward) > FLOOR)
    sources, targets = every_source[kept], every_target[kept]
    found = np.zeros((2, len(forward)), np.float32)
    found[0, kept] = _explain(forward[kept], sources, source.types, targets, target.types, rounds)
    found[1, kept] = _explain(backward[kept], targets, target.types, sources, source.types, rounds)
    bounds = np.concatenate([[0], np.cumsum([each.forward.size for each in known], dtype=np.int64)]).tolist()
    explained = (
        Directions(*(values[start:end].reshape(each.forward.shape) for values in found))
        for each, (start, end) in zip(known, pairwise(bounds), strict=True)
    )
    return [None if each is None else next(explained) for each in modelled]


def likely_links(directions: Directions | None, threshold: float | None = None) -> Alignment:
    """The pairs of words whose score, the geometric mean of both directions, is above the threshold (0.45).

    The score of the sentence pair is defined as in words.py. Without probabilities there are no links.
    """
    if directions is None:
        return NOT_ALIGNED
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
    """One side of all pairs, concatenated. `types`: the number of each word's stem. `lengths`: words per sentence."""

    types: Integers
    lengths: NDArray[np.int64]


def _tokens(sentences: Iterable[Sequence[str]]) -> _Tokens:
    known: dict[str, int] = {}
    types: list[int] = []
    lengths = []
    for words in sentences:
        types += [known.setdefault(word[:STEM].lower(), len(known)) for word in words]
        lengths.append(len(words))
    return _Tokens(np.array(types, dtype=np.int32), np.array(lengths, dtype=np.int64))


def _cells(source: _Tokens, target: _Tokens, modelled: Sequence[bool]) -> tuple[Integers, Integers]:
    """Every source word of a pair with every target word of it, row by row: the numbers of both words.

    Only for pairs with probabilities; the others only count as text. Shape of both: (cells,)
    """
    first_sources = np.cumsum(source.lengths) - source.lengths
    first_targets = np.cumsum(target.lengths) - target.lengths
    every = zip(first_sources, source.lengths, first_targets, target.lengths, strict=True)
    shapes = list(compress(every, modelled))
    none = np.zeros(0, dtype=np.int32)
    sources = [np.repeat(np.arange(i, i + rows, dtype=np.int32), columns) for i, rows, _, columns in shapes]
    targets = [np.tile(np.arange(j, j + columns, dtype=np.int32), rows) for _, rows, j, columns in shapes]
    return np.concatenate([none, *sources]), np.concatenate([none, *targets])


def _explain(
    modelled: Floats,
    explained: Integers,
    explained_types: Integers,
    explaining: Integers,
    explaining_types: Integers,
    rounds: int,
) -> Floats:
    """The probability that a word of one side explains a word of the other, for one direction.

    `explained`, `explaining`: the two words of each cell. Shape of these and `modelled`: (cells,). `..._types`: the
    types of all words of a side.
    """
    words, kinds = len(explained_types), int(explained_types.max(initial=0)) + 1
    frequency = np.bincount(explained_types, minlength=kinds) / max(words, 1)
    nothing = NULL * frequency[explained_types]
    keys = explaining_types[explaining].astype(np.int64) * kinds + explained_types[explained]
    # The lexicon has an entry for each pair of words that co-occur.
    cooccurring, entry = np.unique(keys, return_inverse=True)
    entry, heads = entry.astype(np.int32), cooccurring // kinds
    model = np.maximum(modelled, FLOOR) ** (1 / math.sqrt(rounds))
    model /= np.bincount(explained, model, words)[explained]
    found = model
    for _ in range(rounds):
        counts = np.bincount(entry, found, len(cooccurring))
        totals = np.bincount(heads, counts)[heads]
        lexicon = (counts + SMOOTHING) / (totals + SMOOTHING * kinds)
        found = (1 - NULL) * model * lexicon[entry]
        found /= (np.bincount(explained, found, words) + nothing)[explained]
    return found.astype(np.float32)
