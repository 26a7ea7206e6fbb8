"""Words that a translation copies -> links that are certain: {user} is {user}, and 2026-11-25 is 2026-11-25.

The k-th placeholder of one kind is linked with the k-th, where both sides have it as often; printf's %s are in order by
definition. A number, code or address is linked with itself where either side has it once. Other links of these words
are dropped. A link that was found already keeps its score. A pair without such words keeps its links.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from .links import Alignment, Link
from .text.placeholders import is_placeholder
from .text.sentences import SentencePair

CERTAIN = 1.0  # the score of such a link that was not found
_SIGN = re.compile(r"[<{%$\d@/_]")  # most text has none, and is done with sooner
_CODE = re.compile(
    r"(?=.*[\d@/_])(?=.*[^\W_]).{2,}", re.DOTALL
)  # 1.5, A-320, e-mail and web addresses, file names


def anchored(pair: SentencePair, alignment: Alignment) -> Alignment:
    """The alignment with copied words linked to themselves.

    >>> anchored(SentencePair.of("{a} {b}", "{b} {a}"), Alignment.of([(0, 0)])).links
    (Link(source=0, target=1), Link(source=1, target=0))
    """
    if not (_SIGN.search(" ".join(pair.source)) and _SIGN.search(" ".join(pair.target))):
        return alignment
    sources, targets = _places(pair.source), _places(pair.target)
    same = {
        Link(source, target)
        for word, places in sources.items()
        if len(places) == len(targets.get(word, ())) and (len(places) == 1 or is_placeholder(word))
        for source, target in zip(places, targets[word], strict=True)
    }
    if not same:
        return alignment
    taken = {link.source for link in same}, {link.target for link in same}
    scores = alignment.scores or (CERTAIN,) * len(alignment.links)
    found = dict(zip(alignment.links, scores, strict=True))
    kept = {
        link: score
        for link, score in found.items()
        if link.source not in taken[0] and link.target not in taken[1]
    } | {link: found.get(link, CERTAIN) for link in same}
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
        if _SIGN.search(word) and (_CODE.fullmatch(word) or is_placeholder(word)):
            places[word].append(number)
    return places
