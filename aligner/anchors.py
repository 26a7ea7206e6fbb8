"""Words that a translation copies -> links that are certain, such as {user} to {user}, and 2026-11-25 to 2026-11-25.

If both sides are the same, as in listings and untranslated lines, each word is linked to itself, and to nothing else,
and the pair as a whole is certain, too. Otherwise, if both sides have a placeholder equally often, its k-th occurrence
is linked to the k-th: printf's %s are in order by definition, and so are tags of the same name with different
attributes. A number, code, entity, address, file name or name in brackets ([user], :user) is linked to itself if it
occurs once on each side. Punctuation around such a word is ignored ("{user}," is {user}), and so are thousands
separators: 10.000 is 10,000, and so are both words of "10 000". A word that contains more than a placeholder
("{user}'s") is linked, too, and may have other links. All other links of copied words are dropped. A pair without such
words keeps its alignment.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from .links import NOT_ALIGNED, Alignment, Link
from .text.placeholders import ENTITY, TAG, is_placeholder, placeholders_in
from .text.punctuation import is_punctuation
from .text.sentences import SentencePair

CERTAIN = 1.0  # the score of a link of copied words
_SIGN = re.compile(r"[<{%$\d@/_&#\\\[⟦]|:[^\W\d_]|\w\.[^\W\d_]")  # a quick test, since most text has none
_MARKED = re.compile(  # [user], [[user]], <<user>>, :user
    r"(?=.*[^\W\d_])(\[\[?[\w.-]+\]?\]|<<[\w.-]+>>|⟦[\w.-]+⟧|:[^\W\d_][\w-]+)[.,;:!?…]*"
)
_CODE = re.compile(
    r"(?=.*[\d@/_#\\])(?=.*[^\W_]).{2,}"  # 1.5, A-320, e-mail and web addresses, paths, names of variables
    r"|(?:[\w-]+\.)+[^\W\d_]{2,}|[^\W\d_](?:\.[^\W\d_])+",  # names of files, U.S
    re.DOTALL,
)
_NUMBER = re.compile(r"\d{1,3}(?:[.,'’\u00a0\u2009\u202f]\d{3})+")
_HEAD, _THOUSANDS = re.compile(r"\d{1,3}"), re.compile(r"\d{3}")
_ENTITY, _TAG = re.compile(ENTITY), re.compile(TAG)
_TAG_NAME = re.compile(r"</?[\w:.-]*")
_BEFORE, _AFTER = "\"'«„“”‘’([¿¡", ".,;:!?…。、，；：！？)]\"'»“”’"


class _Copied(NamedTuple):
    """What a word is compared by: its placeholder, or itself without the punctuation around it.

    `alone`: whether the word contains nothing else. `ordered`: whether several occurrences are linked in their order.
    """

    text: str
    alone: bool
    ordered: bool


_Side = Mapping[int, _Copied]
"""The words of one side that may be copies, by number."""


def anchored(pair: SentencePair, alignment: Alignment) -> Alignment:
    """The alignment with copied words linked to themselves. A pair that was not aligned stays without links.

    >>> anchored(SentencePair.of("{a} {b}", "{b} {a}"), Alignment.of([(0, 0)])).links
    (Link(source=0, target=1), Link(source=1, target=0))
    """
    if alignment is NOT_ALIGNED:
        return alignment
    if pair.source == pair.target:
        same = {Link(k, k) for k in range(len(pair.source))}
        alignment = _corrected(alignment, same, lambda _: False)
        return alignment if alignment.score is None else replace(alignment, score=CERTAIN)
    if not (_SIGN.search(" ".join(pair.source)) and _SIGN.search(" ".join(pair.target))):
        return alignment
    source, target = _side(pair.source), _side(pair.target)
    same = {Link(*link) for link in _counterparts(source, target)}
    same |= {Link(*link) for link in _parts_of_numbers(pair.source, target)}
    same |= {Link(*link[::-1]) for link in _parts_of_numbers(pair.target, source)}
    if not same:
        return alignment
    from_source, from_target = (
        {link[side]: link[side] not in words or words[link[side]].alone for link in same}
        for side, words in enumerate((source, target))
    )

    def is_free(link: Link) -> bool:
        """Whether the link contradicts none of the links of copied words."""
        if from_source.get(link.source) or from_target.get(link.target):
            return False
        return link.source not in from_source or link.target not in from_target

    return _corrected(alignment, same, is_free)


def _corrected(alignment: Alignment, same: set[Link], is_free: Callable[[Link], bool]) -> Alignment:
    """The links of copied words, and those of the alignment that `is_free` leaves."""
    scores = alignment.scores or (CERTAIN,) * len(alignment.links)
    found = dict(zip(alignment.links, scores, strict=True))
    kept = {link: score for link, score in found.items() if is_free(link)}
    kept |= dict.fromkeys(same, CERTAIN)
    links = tuple(sorted(kept))
    return replace(
        alignment,
        links=links,
        possible=alignment.possible.intersection(links) - same,
        scores=None if alignment.scores is None else tuple(kept[link] for link in links),
    )


def _counterparts(source: _Side, target: _Side) -> Iterator[tuple[int, int]]:
    """Pairs of equal copies; then tags that differ in their attributes, by their names."""
    linked: set[int] = set()
    for key in (_text, _tag_name):
        sources, targets = _places(source, key), _places(target, key)
        for text, places in sources.items():
            others = targets.get(text, [])
            ordered = len(places) == 1 or source[places[0]].ordered
            if text and ordered and len(places) == len(others) and linked.isdisjoint(places):
                linked.update(places)
                yield from zip(places, others, strict=True)


def _parts_of_numbers(words: tuple[str, ...], others: _Side) -> Iterator[tuple[int, int]]:
    """Each word of a number such as "10 000", with the counterpart of the number if that is a single word."""
    wholes = _places(others, _text)
    for first, word in enumerate(words):
        if not _HEAD.fullmatch(word):
            continue
        last = first
        while last + 1 < len(words) and _THOUSANDS.fullmatch(words[last + 1]):
            last += 1
        number = "".join(words[first : last + 1])
        if last > first and len(wholes.get(number, ())) == 1:
            yield from ((part, wholes[number][0]) for part in range(first, last + 1))


def _places(side: _Side, key: Callable[[_Copied], str]) -> dict[str, list[int]]:
    places = defaultdict(list)
    for number, copied in side.items():
        places[key(copied)].append(number)
    return places


def _text(copied: _Copied) -> str:
    return copied.text


def _tag_name(copied: _Copied) -> str:
    match = _TAG_NAME.match(copied.text) if _TAG.fullmatch(copied.text) else None
    return match[0] if match else ""


def _side(words: tuple[str, ...]) -> dict[int, _Copied]:
    found = ((number, _copied(word)) for number, word in enumerate(words) if _SIGN.search(word))
    return {number: copied for number, copied in found if copied}


def _copied(word: str) -> _Copied | None:
    """What the word is compared by; None if it is an ordinary word.

    >>> _copied("{user},"), _copied("{user}'s").alone, _copied("user")
    (_Copied(text='{user}', alone=True, ordered=True), False, None)
    """
    if is_placeholder(word):
        return _Copied(word, alone=True, ordered=True)
    if marked := _MARKED.fullmatch(word):
        return _Copied(marked[1], alone=True, ordered=False)
    bare = word.lstrip(_BEFORE).rstrip(_AFTER)
    if is_placeholder(bare):
        return _Copied(bare, alone=True, ordered=True)
    if len(inside := placeholders_in(word)) == 1:
        return _Copied(inside[0], alone=False, ordered=True)
    if _NUMBER.fullmatch(bare):
        return _Copied("".join(filter(str.isdigit, bare)), alone=True, ordered=False)
    if _CODE.fullmatch(bare) or (_ENTITY.fullmatch(word) and not is_punctuation(word)):
        return _Copied(word if word.startswith("&") else bare, alone=True, ordered=False)
    return None
