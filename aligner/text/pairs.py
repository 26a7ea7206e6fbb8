"""Python objects -> sentence pairs, or an error that says what to write.

A pair is a tuple or list of source and target, a mapping with the keys "src" and "tgt" or "source" and "target", or
with "translation" as the data sets of Hugging Face have it, or a `SentencePair`. A side is a string, which is split
into words, or a sequence of words. Other iterables are refused, since they would be aligned without an error, but
wrongly: a mapping by its keys, a string by its letters, two columns as if they were two pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from reprlib import repr as shortened
from typing import Any, TypeVar

from ..errors import InputError
from .sentences import WORDS, SentencePair, Splits

Side = str | Sequence[str]
Pair = SentencePair | tuple[Side, Side] | list[str] | Mapping[str, Any]
Made = TypeVar("Made")

KEYS = (("src", "tgt"), ("source", "target"))
TRANSLATION = "translation"  # the key of {"de": "das Haus", "en": "the house"}: source, then target
_PAIRS = 'align([("das Haus", "the house")])'
_COLUMNS = "align(zip(sources, targets))"
_TEXT = (str, bytes, bytearray, memoryview)


def as_pairs(pairs: Iterable[Pair], split: Splits = WORDS) -> Iterator[SentencePair]:
    """The sentence pairs in their order; `split` makes words of strings.

    Raises:
        InputError: an item is not a pair; the message has its number, counted from 1. For a list or tuple it is raised
            here, before anything is aligned; for other iterables when the item is reached.
    """
    if isinstance(pairs, SentencePair | Mapping):
        raise InputError(
            f"a {type(pairs).__name__} is not a list of pairs: "
            f"write a single pair as align([pair]), and columns as {_COLUMNS}"
        )
    if isinstance(pairs, _TEXT) or not isinstance(pairs, Iterable):
        raise InputError(f"{shortened(pairs)} is not a list of pairs: write {_PAIRS}")
    if isinstance(pairs, list | tuple):
        _expect_rows(pairs)
        for _ in _numbered(pairs, _sides):
            pass
    return _numbered(pairs, partial(as_pair, split=split))


def as_pair(pair: Pair, split: Splits = WORDS) -> SentencePair:
    """The sentence pair that `pair` stands for; `split` makes words of strings.

    >>> as_pair({"src": "das Haus", "tgt": ["the", "house"]})
    SentencePair(source=('das', 'Haus'), target=('the', 'house'))

    Raises:
        InputError: it is not a pair.
    """
    if isinstance(pair, SentencePair) and isinstance(pair.source, tuple) and isinstance(pair.target, tuple):
        return pair
    return SentencePair.of(*_sides(pair), split)


def from_columns(columns: Mapping[str, Sequence[Any]]) -> list[Pair]:
    """The pairs in the columns of a table, under the names that a single pair has.

    >>> from_columns({"src": ["das Haus", "ja"], "tgt": ["the house", "yes"], "id": [1, 2]})
    [('das Haus', 'the house'), ('ja', 'yes')]

    Raises:
        InputError: the columns are missing, or have different lengths.
    """
    if not isinstance(columns, Mapping):
        raise InputError(
            f'{shortened(columns)} is no table: expected columns, as in {{"src": [...], "tgt": [...]}}'
        )
    if TRANSLATION in columns and not any(source in columns for source, _ in KEYS):
        return [{TRANSLATION: texts} for texts in columns[TRANSLATION]]
    source, target = _values(columns)
    for name, column in (("source", source), ("target", target)):
        if not _is_sequence(column):
            raise InputError(
                f"the {name} column is {shortened(column)}: expected a list with one entry per pair"
            )
    if len(source) != len(target):
        raise InputError(f"the columns have different lengths: {len(source)} and {len(target)}")
    return list(zip(source, target, strict=True))


def _numbered(pairs: Iterable[Pair], make: Callable[[Pair], Made]) -> Iterator[Made]:
    """Convert each pair; an error names the number of the pair."""
    for number, pair in enumerate(pairs, start=1):
        try:
            made = make(pair)
        except InputError as error:
            raise InputError(f"pair {number}: {error}") from None
        yield made


def _sides(pair: Any) -> tuple[Side, Side]:
    """Source and target as they are given; InputError if the value is not a pair."""
    if isinstance(pair, SentencePair):
        source, target = pair.source, pair.target
    elif isinstance(pair, Mapping):
        source, target = _values(pair)
    elif not _is_sequence(pair):
        raise InputError(f"{shortened(pair)} is not a pair: expected source and target, as in {_PAIRS}")
    elif len(pair) != 2:
        raise InputError(f"expected source and target, found {len(pair)} items; write columns as {_COLUMNS}")
    else:
        source, target = pair
    _expect_side("source", source)
    _expect_side("target", target)
    if _is_column(source) and _is_column(target):
        raise InputError(f"most words contain spaces: write columns of sentences as {_COLUMNS}")
    return source, target


def _values(fields: Mapping[str, Any]) -> tuple[Any, Any]:
    for source, target in KEYS:
        if source in fields and target in fields:
            return fields[source], fields[target]
    if TRANSLATION in fields:
        return _translation(fields[TRANSLATION])
    raise InputError(f'expected the keys "src" and "tgt", found {shortened(list(fields))}')


def _translation(texts: Any) -> tuple[Any, Any]:
    if not isinstance(texts, Mapping) or len(texts) != 2:
        raise InputError(
            f'"{TRANSLATION}" is {shortened(texts)}: expected two languages, source first, such as '
            '{"de": "das Haus", "en": "the house"}'
        )
    source, target = texts.values()
    return source, target


def _expect_side(name: str, side: Any) -> None:
    if isinstance(side, str):
        text = side
    elif _is_sequence(side):
        if odd := [word for word in side if not isinstance(word, str)]:
            raise InputError(f"the {name} has {shortened(odd[0])} among its words, which is not a string")
        text = "".join(side)
    else:
        raise InputError(f"the {name} is {shortened(side)}: expected a string or a sequence of words")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the {name} has half of a character, {text[error.start]!r}") from None


def _is_sequence(value: Any) -> bool:
    """Whether it is a sequence other than text: a list, a tuple, an array."""
    ordered = hasattr(value, "__len__") and hasattr(value, "__getitem__") and hasattr(value, "__iter__")
    return ordered and not isinstance(value, (*_TEXT, Mapping))


def _is_column(side: Side) -> bool:
    """Whether most of its words contain a space, as sentences do. (Single words of some languages do, too.)"""
    return not isinstance(side, str) and 2 * sum(" " in word.strip() for word in side) > len(side)


def _expect_rows(pairs: Sequence[Any]) -> None:
    """Refuse two lists of two strings: they may be two pairs or two columns."""
    square = len(pairs) == 2 and all(isinstance(each, list) and len(each) == 2 for each in pairs)
    if square and all(isinstance(text, str) for each in pairs for text in each):
        raise InputError(
            "two lists of two strings may be pairs or columns: "
            f"write pairs as tuples, {_PAIRS}, and columns as {_COLUMNS}"
        )
