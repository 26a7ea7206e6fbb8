"""A SentencePiece model: words of a sentence -> pieces, as Marian splits them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .errors import InputError


class SentencePieces:
    """Splits sentences with a SentencePiece model.

    Raises:
        InputError: the file is missing, or is no SentencePiece model.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        from sentencepiece import SentencePieceProcessor

        try:
            proto = Path(model).read_bytes()
        except OSError as error:
            raise InputError(f"{model}: {(error.strerror or str(error)).lower()}") from None
        try:
            self._processor = SentencePieceProcessor(model_proto=proto)
            self._processor.encode("")  # an empty file is loaded without a word
        except (RuntimeError, ValueError):
            raise InputError(f"{model} is no SentencePiece model") from None

    def split(self, words: Sequence[str]) -> tuple[str, ...]:
        """The pieces of a sentence, its words with a space between them.

        A model sees more than that only if it was trained to keep further spaces (remove_extra_whitespaces=false).
        """
        return tuple(self._processor.encode(" ".join(words), out_type=str))
