"""Words in pieces, as subword tokenizers mark them -> which pieces make a word; links of words <-> links of pieces.

    sentencepiece  ▁das ▁Ha us     ▁ begins a word (SentencePiece; OpenNMT's spacer)
    bpe            das Ha@@ us     @@ says that the word goes on (subword-nmt)
    wordpiece      das Ha ##us     ## goes on with the word (BERT)
    byte-level     das ĠHa us      Ġ begins a word, letters stand for bytes (GPT-2, RoBERTa)
    joiner         das Ha￭ us      ￭ joins what stands beside it (OpenNMT)
    end-of-word    das</w> Ha us</w>  </w> ends a word (BPE as first published; XLM)

Punctuation at the start or the end of a word is a word of its own, as tokenized text has it: "▁key ?" are the words
"key" and "?". A link of two words becomes links of all their pieces, as OpusTrainer has it; links of pieces become one
link of their words, with the best score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache
from itertools import chain, islice, product
from typing import TYPE_CHECKING, NamedTuple

from .errors import InputError
from .links import Alignment, Link
from .punctuation import is_punctuation
from .sentences import SentencePair

if TYPE_CHECKING:
    from tokenizers.decoders import ByteLevel

Groups = tuple[tuple[int, ...], ...]
"""For each word the numbers of its pieces."""
LOOKED_AT = 1_000  # pairs from which the marks of a text are told


class Marks(StrEnum):
    """How the pieces of a word are marked."""

    SENTENCEPIECE = "sentencepiece"
    BPE = "bpe"
    WORDPIECE = "wordpiece"
    BYTE_LEVEL = "byte-level"
    JOINER = "joiner"
    END_OF_WORD = "end-of-word"


class Rule(NamedTuple):
    """`marked`: whether a piece has the mark. `share`: of the pieces, how many have it at least in text so marked.

    `opens`, `closes`: whether a piece begins a word, or is the last of one; a piece begins one where the piece before
    closes and it opens. `bare`: the piece without its mark.
    """

    marked: Callable[[str], bool]
    share: float
    opens: Callable[[str], bool]
    closes: Callable[[str], bool]
    bare: Callable[[str], str]


def _always(piece: str) -> bool:
    return True


RULES = {
    Marks.SENTENCEPIECE: Rule(
        lambda piece: piece.startswith("▁"),
        0.2,
        lambda piece: piece.startswith("▁"),
        _always,
        lambda piece: piece.replace("▁", ""),
    ),
    Marks.BPE: Rule(
        lambda piece: piece.endswith("@@") and len(piece) > 2,
        0.01,
        _always,
        lambda piece: not piece.endswith("@@"),
        lambda piece: piece.removesuffix("@@"),
    ),
    Marks.WORDPIECE: Rule(
        lambda piece: piece.startswith("##") and len(piece) > 2,
        0.01,
        lambda piece: not piece.startswith("##"),
        _always,
        lambda piece: piece.removeprefix("##"),
    ),
    Marks.BYTE_LEVEL: Rule(
        lambda piece: piece.startswith("Ġ"),
        0.2,
        lambda piece: piece.startswith("Ġ"),
        _always,
        lambda piece: piece.removeprefix("Ġ"),
    ),
    Marks.JOINER: Rule(
        lambda piece: "￭" in (piece[0], piece[-1]),
        0.01,
        lambda piece: not piece.startswith("￭"),
        lambda piece: not piece.endswith("￭"),
        lambda piece: piece.strip("￭"),
    ),
    Marks.END_OF_WORD: Rule(
        lambda piece: piece.endswith("</w>"),
        0.2,
        _always,
        lambda piece: piece.endswith("</w>"),
        lambda piece: piece.removesuffix("</w>"),
    ),
}


def find_marks(sentences: Iterable[Sequence[str]]) -> Marks | None:
    """How the pieces of a text are marked; None where its words are whole.

    >>> find_marks([["das", "Ha@@", "us"], ["ja"]]).value
    'bpe'
    >>> find_marks([["das", "Haus", "##", "@@"]]) is None
    True
    """
    pieces = [piece for sentence in sentences for piece in sentence if piece]
    shares = {
        marks: sum(map(rule.marked, pieces)) / (len(pieces) or 1) / rule.share
        for marks, rule in RULES.items()
    }
    likeliest = max(shares, key=lambda marks: shares[marks])
    return likeliest if shares[likeliest] >= 1 else None


def join(pieces: Sequence[str], marks: Marks) -> tuple[tuple[str, ...], Groups]:
    """(words, the pieces of each) of one side of a sentence.

    >>> join(["▁the", "▁ke", "y", "?"], Marks.SENTENCEPIECE)
    (('the', 'key', '?'), ((0,), (1, 2), (3,)))
    """
    rule = RULES[marks]
    groups: list[list[int]] = []
    closed = True
    for k, piece in enumerate(pieces):
        if (closed and rule.opens(piece)) or not groups:
            groups.append([])
        groups[-1].append(k)
        closed = rule.closes(piece)
    bare = [rule.bare(piece) for piece in pieces]
    decode = _from_bytes() if marks is Marks.BYTE_LEVEL else "".join
    split = [
        part for group in groups for part in _without_punctuation(group, [decode([text]) for text in bare])
    ]
    # What is all mark, such as ▁ alone, is a word that looks like it.
    words = (decode([bare[k] for k in group]) or "".join(pieces[k] for k in group) for group in split)
    return tuple(words), tuple(map(tuple, split))


def _without_punctuation(group: list[int], bare: Sequence[str]) -> list[list[int]]:
    """The pieces of a word, those of punctuation at its start and end on their own."""
    first, last = 0, len(group)
    while first < last and is_punctuation(bare[group[first]]):
        first += 1
    while last > first and is_punctuation(bare[group[last - 1]]):
        last -= 1
    # A mark alone before punctuation belongs to it.
    if first == 0 and last < len(group) and not any(bare[k] for k in group[:last]):
        last += 1
    middle = [group[first:last]] if first < last else []
    return [[k] for k in group[:first]] + middle + [[k] for k in group[last:]]


@cache
def _from_bytes() -> Callable[[list[str]], str]:
    from tokenizers.decoders import ByteLevel

    decoder: ByteLevel = ByteLevel()
    return decoder.decode


def spread(alignment: Alignment, source: Groups, target: Groups) -> Alignment:
    """Links of words -> links of all their pieces, each with the score of the words' link; the pair's score is kept.

    >>> print(spread(Alignment.of([(0, 0), (1, 1)]), ((0,), (1, 2)), ((0,), (1,))))
    0-0 1-1 2-1
    """
    return _mapped(alignment, lambda link: product(source[link.source], target[link.target]))


def gather(alignment: Alignment, source: Groups, target: Groups) -> Alignment:
    """Links of pieces -> links of the words that have them, each with its best score; the pair's score is kept.

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
    """Each link replaced by others; a link that comes of several is sure if one is, and has the best score."""
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


def gathered(
    aligned: Iterable[tuple[SentencePair, Alignment]], looked_at: int = LOOKED_AT
) -> Iterator[tuple[SentencePair, Alignment]]:
    """Pairs in pieces, with links of pieces -> pairs in words, with links of words.

    Raises:
        InputError: no marks are found in the first `looked_at` pairs.
    """
    rest = iter(aligned)
    first = list(islice(rest, looked_at))
    source, target = (
        find_marks(pair.source for pair, _ in first),
        find_marks(pair.target for pair, _ in first),
    )
    if first and source is None and target is None:
        raise InputError("the text has no marks of pieces, such as ▁ @@ ## Ġ ￭ </w>: it is in words already")
    for pair, alignment in chain(first, rest):
        joined = join_pair(pair, source, target)
        yield joined.words, gather(alignment, joined.source, joined.target)


class Joined(NamedTuple):
    """A sentence pair given in pieces: its words, and the pieces of each; a side without marks is its own words."""

    words: SentencePair
    source: Groups
    target: Groups


def join_pair(pair: SentencePair, source: Marks | None, target: Marks | None) -> Joined:
    """The words of a pair in pieces, each side by its marks.

    >>> join_pair(SentencePair.of("▁das ▁Ha us", "the house"), Marks.SENTENCEPIECE, None).words
    SentencePair(source=('das', 'Haus'), target=('the', 'house'))
    """
    sides = [
        (words, tuple((k,) for k in range(len(words)))) if marks is None else join(words, marks)
        for words, marks in ((pair.source, source), (pair.target, target))
    ]
    return Joined(SentencePair(sides[0][0], sides[1][0]), sides[0][1], sides[1][1])
