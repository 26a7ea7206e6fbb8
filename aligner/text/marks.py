"""Words in pieces, as subword tokenizers mark them -> words, and the pieces of each word.

    sentencepiece  ▁das ▁Ha us     ▁ begins a word (SentencePiece; OpenNMT's spacer)
    bpe            das Ha@@ us     @@ says that the word goes on (subword-nmt)
    wordpiece      das Ha ##us     ## goes on with the word (BERT)
    byte-level     das ĠHa us      Ġ begins a word, letters stand for bytes (GPT-2, RoBERTa)
    joiner         das Ha￭ us      ￭ joins what stands beside it (OpenNMT)
    end-of-word    das</w> Ha us</w>  </w> ends a word (BPE as first published; XLM)

Punctuation at the beginning or end of a word becomes a word of its own, as in tokenized text: "▁key ?" is read as the
words "key" and "?". So do clitics, if a piece ends there: "▁L ' eau" is read as "L'" and "eau". In scripts without
spaces each piece is a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from .punctuation import is_punctuation
from .tokenization import UNSPACED, clitic_ends

if TYPE_CHECKING:
    from tokenizers.decoders import ByteLevel

Groups = tuple[tuple[int, ...], ...]
"""For each word, the numbers of its pieces."""
_BYTE_PIECES = re.compile("(?:<0x[0-9A-F]{2}>)+")


class Marks(StrEnum):
    """How the pieces of a word are marked."""

    SENTENCEPIECE = "sentencepiece"
    BPE = "bpe"
    WORDPIECE = "wordpiece"
    BYTE_LEVEL = "byte-level"
    JOINER = "joiner"
    END_OF_WORD = "end-of-word"


class Rule(NamedTuple):
    """How to read one kind of marks.

    `marked`: whether a piece has the mark. `share`: the share of pieces that have it at least, in text with such marks.
    `opens`: whether a piece can begin a word; `closes`: whether it can end one. A word begins at a piece that opens if
    the piece before closes. `bare`: the piece without its mark. `decode`: the text of several bare pieces.
    """

    marked: Callable[[str], bool]
    share: float
    opens: Callable[[str], bool]
    closes: Callable[[str], bool]
    bare: Callable[[str], str]
    decode: Callable[[list[str]], str] = "".join


def _always(piece: str) -> bool:
    return True


def _with_byte_pieces(texts: list[str]) -> str:
    """The text of bare SentencePiece pieces, where <0xC3> stands for a byte."""
    text = "".join(texts)
    return _BYTE_PIECES.sub(_bytes_of, text) if "<0x" in text else text


def _bytes_of(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("<0x", "").replace(">", "")).decode(errors="replace")


def _from_bytes(texts: list[str]) -> str:
    """The text of bare byte-level pieces."""
    return _byte_level().decode(texts)


@cache
def _byte_level() -> ByteLevel:
    from tokenizers.decoders import ByteLevel

    return ByteLevel()


RULES = {
    Marks.SENTENCEPIECE: Rule(
        lambda piece: piece.startswith("▁"),
        0.2,
        lambda piece: piece.startswith("▁"),
        _always,
        lambda piece: piece.replace("▁", ""),
        _with_byte_pieces,
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
        _from_bytes,
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
    """How the pieces of a text are marked; None if its words are not in pieces.

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
    """(words, the pieces of each word) of one side of a sentence.

    >>> join(["▁the", "▁ke", "y", "?"], Marks.SENTENCEPIECE)
    (('the', 'key', '?'), ((0,), (1, 2), (3,)))
    """
    rule = RULES[marks]
    bare = [rule.bare(piece) for piece in pieces]
    texts = [rule.decode([text]) for text in bare]
    groups: list[list[int]] = []
    closed = True
    for k, piece in enumerate(pieces):
        begins = closed and rule.opens(piece)
        if not groups or begins or (bare[k - 1] and _is_unspaced(texts[k - 1], texts[k])):
            groups.append([])
        groups[-1].append(k)
        closed = rule.closes(piece)
    split = [
        part
        for group in groups
        for bare_group in _without_punctuation(group, texts)
        for part in _without_clitics(bare_group, texts)
    ]
    # A piece that is only a mark, such as ▁ alone, is a word that consists of the mark.
    words = (rule.decode([bare[k] for k in group]) or "".join(pieces[k] for k in group) for group in split)
    return tuple(words), tuple(map(tuple, split))


def _is_unspaced(*texts: str) -> bool:
    return any(map(UNSPACED.search, texts))


def _without_punctuation(group: list[int], bare: Sequence[str]) -> list[list[int]]:
    """The pieces of a word, with punctuation at its beginning and end as groups of their own."""
    first, last = 0, len(group)
    while first < last and is_punctuation(bare[group[first]]):
        first += 1
    while last > first and is_punctuation(bare[group[last - 1]]):
        last -= 1
    # A piece that is only a mark belongs to the punctuation that follows.
    if first == 0 and last < len(group) and not any(bare[k] for k in group[:last]):
        last += 1
    middle = [group[first:last]] if first < last else []
    return [[k] for k in group[:first]] + middle + [[k] for k in group[last:]]


def _without_clitics(group: list[int], bare: Sequence[str]) -> list[list[int]]:
    """The pieces of a word, with its clitics as groups of their own."""
    ends = clitic_ends("".join(bare[k] for k in group))
    if not ends:
        return [group]
    parts: list[list[int]] = [[]]
    end = 0
    for k in group:
        if end in ends and parts[-1]:
            parts.append([])
        parts[-1].append(k)
        end += len(bare[k])
    return parts
