"""Text that is not tokenized -> words, each with its place in the text.

    whitespace     words end at spaces and tabs (sentences.py), for text that is tokenized
    python-split   words end at any Unicode space, as Python's str.split splits them; for OpusTrainer
    unicode        Unicode's word boundaries (UAX 29), with ICU's dictionaries for Chinese, Japanese, Thai, Khmer, Lao
                   and Burmese, and with the exceptions below

Gold alignments split words slightly differently from Unicode's rules, so "unicode" makes some exceptions:

- A placeholder, tag, entity or address is one word (placeholders.py).
- Letters and digits joined by hyphens are one word (well-known). So are a repeated sign (...) and, within a sentence,
  an abbreviation with its full stop (U.S., Mr., J., and Art. before a number).
- Clitics are words: do n't, it 's, l' eau, dell' arte. If the language is known, only its own clitics are separated.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING

from ..errors import DependencyError
from ..languages import primary
from ..options import expect_one_of
from .placeholders import protected
from .sentences import WORDS, Splits

if TYPE_CHECKING:
    from icu4py.breakers import WordBreaker

_FARTHEST = 32_000_000  # characters before a word
Span = tuple[int, int]
"""Beginning and end of a word, in characters (code points), as in a slice."""

# Scripts without spaces between words, as in a class of letters. The first are Thai, Lao, Burmese and Khmer.
THAI_TO_KHMER = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
HIRAGANA, KATAKANA, HAN = "\u3040-\u309f", "\u30a0-\u30ff", "\u3400-\u4dbf\u4e00-\u9fff"
UNSPACED = re.compile(f"[{THAI_TO_KHMER}{HIRAGANA}{KATAKANA}{HAN}\uf900-\ufaff\U00020000-\U0003ffff]")
_BETWEEN_BLANKS = re.compile("[^ \t]+")
_BETWEEN_SPACES = re.compile(r"\S+")  # what str.split() gives
_HYPHENS = frozenset("-\u2010\u2011")
_ABBREVIATION = re.compile(
    r"Mr|Mrs|Ms|Dr|Jr|Sr|Sra|Srta|St|Prof|Mme|Mlle|Inc|Ltd|etc|vs|approx|bzw|evtl|ggf|inkl|Mio|Mrd|Nr|usw|vgl|zzgl"
    r"|[^\W\d_](?:\.[^\W\d_]{1,2})+|[^\W\d_I]"
)
_BEFORE_NUMBER = re.compile("Abs|[Aa]rt|Bd|ca|[Ff]ig|Kap|[Nn]o|pp|Sec|[Vv]ol")
_ENGLISH = re.compile(r"(?<=[a-z])(?=n['’]t$)|(?=['’](?:s|re|ve|ll|d|m)$)", re.IGNORECASE)
_ENGLISH_CLITIC = re.compile(r"['’](?:s|re|ve|ll|d|m)\b")  # of a placeholder: {user}'s
_ELISIONS = (
    "c d j l m n s t qu jusqu lorsqu puisqu quoiqu un dell all dall nell sull coll dagl agl degl quell quest bell "
    "sant tutt anch com dov quant mezz gliel"
)
_ROMANCE = re.compile(
    rf"^(?:{_ELISIONS.replace(' ', '|')})['’](?=[aeiouyhàâäáæéèêëíìîïóòôöœúùûü])", re.IGNORECASE
)
_ANY_CLITICS = (_ENGLISH, _ROMANCE)
_CLITICS = {"en": (_ENGLISH,), "fr": (_ROMANCE,), "it": (_ROMANCE,), "ca": (_ROMANCE,), "oc": (_ROMANCE,)}


class Tokenized(tuple[str, ...]):
    """The words of a text, which also know the text and where in it they are.

    `spans`: beginning and end of each word, in characters of `text`.
    """

    text: str
    spans: tuple[Span, ...]

    def __new__(cls, text: str, spans: Iterable[Span]) -> Tokenized:
        spans = tuple(spans)
        words = super().__new__(cls, [text[start:end] for start, end in spans])
        words.text, words.spans = text, spans
        return words

    @classmethod
    def placed(cls, words: Sequence[str], spans: Sequence[Span]) -> Tokenized:
        """Words that are in these places of a text, of which nothing else is known: spaces stand between them.

        >>> Tokenized.placed(("Das", "Haus", "."), [(0, 3), (5, 9), (9, 10)]).text
        'Das  Haus.'

        Raises:
            ValueError: a word is not as long as its place, or not after the word before it.
            TypeError: the spans are not pairs of whole numbers.
        """
        text: list[str] = []
        end = 0
        for word, (start, stop) in zip(words, spans, strict=True):
            if not end <= start == stop - len(word) < _FARTHEST:
                raise ValueError(f"{word!r} cannot be at {start} to {stop} of a text, after {end}")
            text += [" " * (start - end), word]
            end = stop
        return cls("".join(text), ((start, stop) for start, stop in spans))

    def __getnewargs__(self) -> tuple[str, tuple[Span, ...]]:
        return self.text, self.spans

    @property
    def words(self) -> Tokenized:
        return self


def tokenize(text: str, manner: str = "unicode", language: str | None = None) -> Tokenized:
    """The words of a text, by one of `TOKENIZERS`; `language` is a code such as "de", if it is known.

    >>> tokenize("C'est l'été, isn't it?")
    ("C'", 'est', "l'", 'été', ',', 'is', "n't", 'it', '?')

    Raises:
        OptionError: there is no such manner.
        DependencyError: icu4py is not installed.
    """
    return Tokenized(text, _tokenizer(manner)(text, language))


def splits(
    manner: str | None, source_language: str | None = None, target_language: str | None = None
) -> Splits:
    """Functions that split source and target: `tokenize`, or for None a split at spaces into words without places.

    Raises:
        OptionError: there is no such manner.
    """
    if manner is None:
        return WORDS
    _tokenizer(manner)
    source, target = (
        partial(tokenize, manner=manner, language=language) for language in (source_language, target_language)
    )
    return source, target


def _tokenizer(manner: str) -> Callable[[str, str | None], Iterator[Span]]:
    expect_one_of("words", manner, TOKENIZERS)
    return TOKENIZERS[manner]


def whitespace(text: str, language: str | None = None) -> Iterator[Span]:
    return (match.span() for match in _BETWEEN_BLANKS.finditer(text))


def python_split(text: str, language: str | None = None) -> Iterator[Span]:
    return (match.span() for match in _BETWEEN_SPACES.finditer(text))


def unicode(text: str, language: str | None = None) -> Iterator[Span]:
    """Words as gold alignments have them, without spaces and invisible characters."""
    short = primary(language) if language else None
    words = _joined(text, [*_segments(text, short)])
    if "'" not in text and "’" not in text:
        return words
    return _without_clitics(text, words, _ANY_CLITICS if short is None else _CLITICS.get(short, ()))


def _without_clitics(text: str, words: Iterator[Span], rules: Iterable[re.Pattern[str]]) -> Iterator[Span]:
    for start, end in words:
        cuts = {start + cut for cut in clitic_ends(text[start:end], rules)}
        yield from pairwise(sorted(cuts | {start, end}))


def clitic_ends(word: str, rules: Iterable[re.Pattern[str]] = _ANY_CLITICS) -> set[int]:
    """Where to cut a word to separate its clitics; by default those of all languages.

    >>> clitic_ends("l'eau"), clitic_ends("doesn't"), clitic_ends("o'clock")
    ({2}, {4}, set())
    """
    if "'" not in word and "’" not in word:
        return set()
    return {match.end() for rule in rules for match in rule.finditer(word)}


TOKENIZERS: dict[str, Callable[[str, str | None], Iterator[Span]]] = {
    "whitespace": whitespace,
    "python-split": python_split,
    "unicode": unicode,
}


def _segments(text: str, language: str | None) -> Iterator[Span]:
    """The text between word boundaries, without spaces; each placeholder and the like is one segment."""
    begin = 0
    for match in protected(text):
        yield from _boundaries(text, begin, match.start(), language)
        yield match.span()
        begin = match.end()
        if clitic := _ENGLISH_CLITIC.match(text, begin):
            yield clitic.span()
            begin = clitic.end()
    yield from _boundaries(text, begin, len(text), language)


def _boundaries(text: str, begin: int, end: int, language: str | None) -> Iterator[Span]:
    if begin == end:
        return
    for segment in _word_breaker()(text[begin:end], language or "root"):
        start, begin = begin, begin + len(segment)
        if segment != " " and (segment[0].isalnum() or not _is_blank(segment)):
            yield start, begin


@cache
def _word_breaker() -> type[WordBreaker]:
    try:
        from icu4py.breakers import WordBreaker
    except ImportError:
        raise DependencyError("words by Unicode's boundaries need icu4py: pip install icu4py") from None
    return WordBreaker


def _is_blank(segment: str) -> bool:
    """Whether it is invisible: spaces, control characters, marks of direction."""
    return segment.isspace() or all(unicodedata.category(each) in ("Zs", "Cf", "Cc") for each in segment)


def _joined(text: str, segments: list[Span]) -> Iterator[Span]:
    """The segments, with those that belong together joined."""
    here, count = 0, len(segments)
    while here < count:
        last = here
        while last + 1 < count and _goes_on(text, segments, here, last):
            last += 1
        yield segments[here][0], segments[last][1]
        here = last + 1


def _goes_on(text: str, segments: list[Span], first: int, last: int) -> bool:
    """Whether the segment after `last` belongs to the word that begins with segment `first`."""
    (start, after), end = segments[last + 1], segments[last][1]
    if start != end:
        return False
    following, character = text[start:after], text[end - 1]
    if not _is_letter(character):
        if character in _HYPHENS and end - 1 > segments[first][0] and _is_letter(text[end - 2]):
            return _is_letter(following[0])
        return following == character and unicodedata.category(following)[0] in "PS"
    if following in _HYPHENS:
        return last + 2 < len(segments) and segments[last + 2][0] == after and _is_letter(text[after])
    if following != "." or last + 2 == len(segments):
        return False
    word = text[segments[first][0] : end]
    if _BEFORE_NUMBER.fullmatch(word) and text[segments[last + 2][0]].isdecimal():
        return True
    return _ABBREVIATION.fullmatch(word) is not None


def _is_letter(character: str) -> bool:
    """Whether it is a letter, a digit or a vowel sign of a script with spaces between words."""
    if not (character.isalnum() or unicodedata.category(character).startswith("M")):
        return False
    return UNSPACED.match(character) is None
