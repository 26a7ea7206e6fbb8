"""Sentence pairs in pieces <-> sentence pairs in words, with the links of either.

A link between two words becomes links between all their pieces, as in OpusTrainer. Links between pieces become one
link between their words, with the best score. So text in pieces is aligned in words, and its pieces are linked:

    as_given(aligner.align_pairs(in_words(pairs)))

How pieces are marked: text/marks.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, product
from typing import Literal

from .errors import InputError
from .links import Alignment, Link
from .text.marks import Groups, Marks, find_marks, join
from .text.sentence_pieces import SentencePieces
from .text.sentences import SentencePair

LOOKED_AT = 500  # pairs at the beginning of a text that show which marks it has


def spread(alignment: Alignment, source: Groups, target: Groups) -> Alignment:
    """Links of words -> links of all their pieces, with the scores of the words' links. The score of the pair is kept.

    >>> print(spread(Alignment.of([(0, 0), (1, 1)]), ((0,), (1, 2)), ((0,), (1,))))
    0-0 1-1 2-1
    """
    return _mapped(alignment, lambda link: product(source[link.source], target[link.target]))


def gather(alignment: Alignment, source: Groups, target: Groups) -> Alignment:
    """Links of pieces -> links of their words, with the best scores. The score of the pair is kept.

    >>> print(gather(Alignment.of([(1, 1), (2, 1)]), ((0,), (1, 2)), ((0,), (1,))))
    1-1
    """
    words = [_owners(groups) for groups in (source, target)]
    return _mapped(
        alignment, lambda link: product(words[0].get(link.source, ()), words[1].get(link.target, ()))
    )


def _owners(groups: Groups) -> dict[int, list[int]]:
    owners: dict[int, list[int]] = {}
    for word, pieces in enumerate(groups):
        for piece in pieces:
            owners.setdefault(piece, []).append(word)
    return owners


def _mapped(alignment: Alignment, images: Callable[[Link], Iterable[tuple[int, int]]]) -> Alignment:
    """Replace each link by others. A link that replaces several is sure if one of them is, and has the best score."""
    scores = alignment.scores or (0.0,) * len(alignment.links)
    best: dict[tuple[int, int], tuple[bool, float]] = {}
    for link, score in zip(alignment.links, scores, strict=True):
        value = link not in alignment.possible, score
        for image in images(link):
            old = best.get(image, value)
            best[image] = max(old[0], value[0]), max(old[1], value[1])
    mapped = Alignment.of(
        (image for image, (sure, _) in best.items() if sure),
        (image for image, (sure, _) in best.items() if not sure),
    )
    if alignment.scores is None:
        return replace(mapped, score=alignment.score)
    return replace(mapped, scores=tuple(best[link][1] for link in mapped.links), score=alignment.score)


@dataclass(frozen=True, slots=True)
class PairInPieces(SentencePair):
    """The words of a pair, with the pair in pieces as given, and the pieces of each word."""

    given: SentencePair
    source_pieces: Groups
    target_pieces: Groups


Known = Marks | SentencePieces | None
Splitting = Known | Literal["auto"]
"""How the pieces of one side are known: by marks, "auto" to detect these, by a model, or None for whole words."""


def in_words(
    pairs: Iterable[SentencePair],
    source: Splitting = "auto",
    target: Splitting = "auto",
    looked_at: int = LOOKED_AT,
) -> Iterator[SentencePair]:
    """The words of pairs in pieces, which remember their pieces; pairs without pieces are not changed.

    Marks are detected in the first `looked_at` pairs.

    >>> [pair] = in_words([SentencePair.of("▁das ▁Ha us", "the house")])
    >>> pair.source, pair.source_pieces
    (('das', 'Haus'), ((0,), (1, 2)))
    """
    rest = iter(pairs)
    first = list(islice(rest, looked_at)) if "auto" in (source, target) else []
    known = _known(first, source, target)
    for pair in chain(first, rest):
        yield pair if known == (None, None) else _in_words(pair, *known)


def _known(pairs: list[SentencePair], source: Splitting, target: Splitting) -> tuple[Known, Known]:
    return (
        find_marks(pair.source for pair in pairs) if source == "auto" else source,
        find_marks(pair.target for pair in pairs) if target == "auto" else target,
    )


def _in_words(pair: SentencePair, source: Known, target: Known) -> PairInPieces:
    given_source, source_words, source_pieces = _side(pair.source, source)
    given_target, target_words, target_pieces = _side(pair.target, target)
    pieces = SentencePair(given_source, given_target)
    return PairInPieces(source_words, target_words, pieces, source_pieces, target_pieces)


def _side(words: tuple[str, ...], known: Known) -> tuple[tuple[str, ...], tuple[str, ...], Groups]:
    """(the pieces as given, the words, the pieces of each word) of one side of a pair."""
    if known is None:
        return words, words, tuple((k,) for k in range(len(words)))
    if isinstance(known, SentencePieces):
        return known.split(words)
    return words, *join(words, known)


def as_given(aligned: Iterable[tuple[SentencePair, Alignment]]) -> Iterator[tuple[SentencePair, Alignment]]:
    """Aligned pairs from `in_words` -> the pairs as they were given, with links of pieces."""
    for pair, alignment in aligned:
        if isinstance(pair, PairInPieces):
            alignment = spread(alignment, pair.source_pieces, pair.target_pieces)
        yield given(pair), alignment


def given(pair: SentencePair) -> SentencePair:
    """The pair as it was given to `in_words`; any other pair unchanged."""
    return pair.given if isinstance(pair, PairInPieces) else pair


def gathered(
    aligned: Iterable[tuple[SentencePair, Alignment]],
    source: Splitting = "auto",
    target: Splitting = "auto",
    looked_at: int = LOOKED_AT,
) -> Iterator[tuple[SentencePair, Alignment]]:
    """Pairs in pieces, with links of pieces -> pairs in words, with links of words.

    Raises:
        InputError: no marks are found in the first `looked_at` pairs.
    """
    rest = iter(aligned)
    first = list(islice(rest, looked_at))
    known = _known([pair for pair, _ in first], source, target)
    if first and known == (None, None):
        raise InputError("the text has no marks of pieces, such as ▁ @@ ## Ġ ￭ </w>: it is in words already")
    for pair, alignment in chain(first, rest):
        joined = _in_words(pair, *known)
        links = gather(alignment, joined.source_pieces, joined.target_pieces)
        yield SentencePair(joined.source, joined.target), links
