"""How to align: a user's options, completed by what the model's preset says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from .errors import LayerError, OptionError
from .extract import DIRECTED
from .models import ENCODINGS, EXTRACTIONS, LEVELS, PUNCTUATION, SIMILARITIES, Preset
from .symmetrize import SYMMETRIZERS


@dataclass(frozen=True, kw_only=True)
class Method:
    """Everything that decides which links are found, and in which languages."""

    layer: int  # whose hidden states are compared
    encode: str  # pair: both sides in one sequence; separate: each on its own
    similarity: str
    extract: str
    threshold: float | None  # a link's score must lie above it; None: the method's own
    level: str  # what is compared: subwords, or words as the mean of theirs
    punctuation: str  # free, or apart: linked to punctuation alone
    symmetrize: str | None  # how the two directions are combined; None: as the method does
    distortion: float  # argmax alone: how much to distrust links far from the diagonal
    lexicon: int  # rounds in which it is counted in which words keep company in the text (lexicon.py); 0: it is not
    source_language: str | None
    target_language: str | None

    def __post_init__(self) -> None:
        if self.symmetrize and self.extract not in DIRECTED:
            raise OptionError(
                f"--symmetrize goes with --extract {', '.join(DIRECTED)}, not with {self.extract}"
            )
        if self.distortion and self.extract != "argmax":
            raise OptionError(f"--distortion goes with --extract argmax, not with {self.extract}")
        if not 0 <= self.distortion <= 1:
            raise OptionError(f"--distortion is {self.distortion}: it must be from 0 to 1")
        if self.lexicon and (self.extract != "softmax" or self.symmetrize or self.level != "word"):
            raise OptionError(
                "--lexicon finds links between words by a softmax of its own: leave --extract, --symmetrize, "
                "--distortion and --level away"
            )


@dataclass(frozen=True, kw_only=True)
class AlignOptions:
    """What a user says of the method; None leaves it to the model's preset. Fields are those of `Method`."""

    layer: int | None = None
    encode: str | None = None
    similarity: str | None = None
    extract: str | None = None
    threshold: float | None = None
    level: str | None = None
    punctuation: str | None = None
    symmetrize: str | None = None
    distortion: float = 0.0
    lexicon: int = 0  # one round where the model knows the languages, more where it hardly does; True is one
    source_language: str | None = None
    target_language: str | None = None
    words: str | None = (
        None  # how strings become words (tokenization.py); None splits them at spaces and tabs
    )
    batch_tokens: int | None = None  # padded subwords in a batch; None fits the device

    def __post_init__(self) -> None:
        for name in ("layer", "lexicon", "batch_tokens"):
            _expect_number(name, getattr(self, name), Integral, "a whole number")
        for name in ("threshold", "distortion"):
            _expect_number(name, getattr(self, name), Real, "a number")
        for name in ("source_language", "target_language"):
            _expect_text(name, getattr(self, name))
        _expect("encode", self.encode, ENCODINGS)
        _expect("similarity", self.similarity, SIMILARITIES)
        _expect("extract", self.extract, EXTRACTIONS)
        _expect("level", self.level, LEVELS)
        _expect("punctuation", self.punctuation, PUNCTUATION)
        _expect("symmetrize", self.symmetrize, tuple(SYMMETRIZERS))
        if self.lexicon < 0:
            raise OptionError(f"lexicon is {self.lexicon}: it is a number of rounds, 0 for no lexicon")
        if self.batch_tokens is not None and self.batch_tokens < 1:
            raise OptionError(f"--batch-tokens is {self.batch_tokens}: it must be at least 1")

    def completed_by(self, preset: Preset) -> Method:
        """The method that these options and the preset make together.

        The preset's threshold holds for the preset's own way of extracting alone: scores of others are not comparable.

        Raises:
            LayerError: neither says which layer.
            OptionError: two options do not go together.
        """
        layer = preset.layer if self.layer is None else self.layer
        if layer is None:
            raise LayerError(f"{preset.name} has no preset that says which layer aligns best: give --layer")
        extract = self.extract or ("softmax" if self.lexicon else preset.extract)
        own = extract == preset.extract and not self.lexicon
        preset_threshold = preset.threshold if own else None
        return Method(
            layer=layer,
            encode=self.encode or preset.encode,
            similarity=self.similarity or preset.similarity,
            extract=extract,
            threshold=preset_threshold if self.threshold is None else self.threshold,
            level=self.level or ("word" if self.lexicon else preset.level),
            punctuation=self.punctuation or preset.punctuation,
            symmetrize=self.symmetrize,
            distortion=self.distortion,
            lexicon=self.lexicon,
            source_language=self.source_language,
            target_language=self.target_language,
        )


def _expect(name: str, value: object, valid: Sequence[str]) -> None:
    if value is not None and value not in valid:
        raise OptionError(f"--{name} {value} is unknown: choose one of {', '.join(valid)}")


def _expect_number(name: str, value: Any, kind: type, what: str) -> None:
    """True and False are numbers of rounds, and of nothing else."""
    if value is None and name not in ("lexicon", "distortion"):
        return
    is_flag = isinstance(value, bool) and name != "lexicon"
    if is_flag or not isinstance(value, kind) or _is_odd(value):
        raise OptionError(f"{_option(name)} is {value!r}: it must be {what}")


def _is_odd(number: Any) -> bool:
    """Whether it is no number, or too large to compare anything with."""
    try:
        return math.isnan(number)
    except OverflowError:
        return True


def _expect_text(name: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise OptionError(f"{_option(name)} is {value!r}: it must be the code of a language, such as 'de'")


def _option(name: str) -> str:
    return "--" + {"source_language": "src-lang", "target_language": "tgt-lang"}.get(
        name, name.replace("_", "-")
    )
