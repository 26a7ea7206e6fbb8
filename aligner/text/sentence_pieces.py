"""A SentencePiece model: the words of a sentence -> its pieces, as Marian splits them, and the pieces of each word."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from ..errors import InputError, reason_of
from .marks import Groups, Marks, join
from .tokenization import Tokenized


class SentencePieces:
    """Splits sentences with a SentencePiece model.

    Raises:
        InputError: the file is missing, or is not a SentencePiece model.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        from sentencepiece import SentencePieceProcessor

        try:
            proto = Path(model).read_bytes()
        except OSError as error:
            raise InputError(f"{model}: {reason_of(error)}") from None
        try:
            if not proto:
                raise ValueError  # it would be loaded without an error
            self._processor = SentencePieceProcessor(model_proto=proto)
        except (RuntimeError, ValueError):
            raise InputError(f"{model} is not a SentencePiece model") from None

    def split(self, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], Groups]:
        """(pieces, words to align, the pieces of each word) of one side of a sentence.

        Words with places in a text (`Tokenized`) are not changed, and their text is split into pieces. A piece belongs
        to every word with which it shares a character; a piece without a character, such as ▁ alone, belongs to the
        next word. Other words are joined by single spaces and split into pieces, and the words to align are those that
        the pieces form (marks.py).
        """
        if isinstance(words, Tokenized):
            pieces, spans = self._pieces_and_spans(words.text)
            return pieces, words, _owned(spans, _in_bytes(words))
        pieces = tuple(self._processor.encode(" ".join(words), out_type=str))
        return pieces, *join(pieces, Marks.SENTENCEPIECE)

    def _pieces_and_spans(self, text: str) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
        """(pieces, beginning and end of each in the text, in bytes)"""
        from sentencepiece.sentencepiece_pb2 import SentencePieceText

        found = SentencePieceText.FromString(self._processor.encode(text, out_type="serialized_proto"))
        return tuple(piece.piece for piece in found.pieces), [
            (piece.begin, piece.end) for piece in found.pieces
        ]


def _in_bytes(words: Tokenized) -> list[tuple[int, int]]:
    """The places of words in the bytes of their text."""
    if words.text.isascii():
        return list(words.spans)
    starts = [0, *accumulate(len(character.encode()) for character in words.text)]
    return [(starts[start], starts[end]) for start, end in words.spans]


def _owned(pieces: Sequence[tuple[int, int]], words: Sequence[tuple[int, int]]) -> Groups:
    """The pieces that belong to each word, from the places of both, which are in order.

    >>> _owned([(0, 0), (0, 3), (3, 4), (4, 9)], [(0, 3), (4, 7), (7, 9)])
    ((0, 1), (2, 3), (3,))
    """
    owned: list[list[int]] = [[] for _ in words]
    first = 0
    for number, (begin, end) in enumerate(pieces):
        while first < len(words) and words[first][1] <= begin:
            first += 1
        last = first
        while last < len(words) and words[last][0] < end:
            owned[last].append(number)
            last += 1
        if last == first and words:
            owned[min(first, len(words) - 1)].append(number)
    return tuple(map(tuple, owned))
