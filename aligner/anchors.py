"""Placeholders of a pair -> links that are certain: {user} is {user}, and nothing else.

The k-th of one kind is linked with the k-th, where both sides have it as often; printf's %s are in order by definition.
Other links of these words are dropped. A pair without placeholders keeps its links.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from .links import Alignment, Link
from .placeholders import is_placeholder, may_have_placeholders
from .sentences import SentencePair

CERTAIN = 1.0  # the score of such a link


def anchored(pair: SentencePair, alignment: Alignment) -> Alignment:
    """The alignment with placeholders linked to themselves.

    >>> anchored(SentencePair.of("{a} {b}", "{b} {a}"), Alignment.of([(0, 0)])).links
    (Link(source=0, target=1), Link(source=1, target=0))
    """
    if not (may_have_placeholders(pair.source) and may_have_placeholders(pair.target)):
        return alignment
    sources, targets = _places(pair.source), _places(pair.target)
    same = {
        Link(source, target)
        for word, places in sources.items()
        if len(places) == len(targets.get(word, ()))
        for source, target in zip(places, targets[word], strict=True)
    }
    if not same:
        return alignment
    taken = {link.source for link in same}, {link.target for link in same}
    scores = alignment.scores or (CERTAIN,) * len(alignment.links)
    kept = {
        link: score
        for link, score in zip(alignment.links, scores, strict=True)
        if link.source not in taken[0] and link.target not in taken[1]
    } | dict.fromkeys(same, CERTAIN)
    links = tuple(sorted(kept))
    return replace(
        alignment,
        links=links,
        possible=alignment.possible.intersection(links) - same,
        scores=None if alignment.scores is None else tuple(kept[link] for link in links),
    )


def _places(words: Iterable[str]) -> dict[str, list[int]]:
    places = defaultdict(list)
    for number, word in enumerate(words):
        if is_placeholder(word):
            places[word].append(number)
    return places
