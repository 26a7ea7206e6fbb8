"""Links of the two directions -> one set of links.

The refined methods are those of Och & Ney (2003, section 2.3) as Koehn et al. (2005) extended them: grow from the
intersection towards the union, then fill in words that are still unaligned. The papers do not say in which order
links are visited. Here the order is that of atools, which comes with fast_align: the links of the union in row order,
repeated until a pass adds none, then the forward links, then the backward links. Both directions name the source
word first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set

from .links import Alignment, Link
from .method import Symmetrization

Symmetrizer = Callable[[Set[Link], Set[Link]], set[Link]]

_NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def intersection(forward: Set[Link], backward: Set[Link]) -> set[Link]:
    """Links of both directions."""
    return set(forward & backward)


def union(forward: Set[Link], backward: Set[Link]) -> set[Link]:
    """Links of either direction."""
    return set(forward | backward)


def grow_diag(forward: Set[Link], backward: Set[Link]) -> set[Link]:
    """The intersection, and links of the union that are next to a link and align an unaligned word.

    >>> sorted(grow_diag({(0, 0), (1, 1)}, {(0, 0), (3, 3)}))
    [(0, 0), (1, 1)]
    """
    links = intersection(forward, backward)
    sources, targets = _aligned_words(links)
    waiting = sorted(forward ^ backward)
    grown = True
    while grown:
        grown = False
        for link in waiting:
            source, target = link
            if (source not in sources or target not in targets) and _touches(link, links):
                links.add(link)
                sources.add(source)
                targets.add(target)
                grown = True
    return links


def grow_diag_final(forward: Set[Link], backward: Set[Link]) -> set[Link]:
    """grow-diag, then links of either direction that align an unaligned word."""
    return _fill(grow_diag(forward, backward), (*sorted(forward), *sorted(backward)), any)


def grow_diag_final_and(forward: Set[Link], backward: Set[Link]) -> set[Link]:
    """grow-diag, then links of either direction between two unaligned words."""
    return _fill(grow_diag(forward, backward), (*sorted(forward), *sorted(backward)), all)


SYMMETRIZERS: dict[Symmetrization, Symmetrizer] = {
    Symmetrization.INTERSECTION: intersection,
    Symmetrization.UNION: union,
    Symmetrization.GROW_DIAG: grow_diag,
    Symmetrization.GROW_DIAG_FINAL: grow_diag_final,
    Symmetrization.GROW_DIAG_FINAL_AND: grow_diag_final_and,
}


def combine(forward: Alignment, backward: Alignment, symmetrizer: Symmetrizer) -> Alignment:
    """Both directions of a pair -> its alignment, with scores if both directions have scores.

    A link in both directions gets the mean of its two scores, a link in one direction keeps its score. The score of the
    pair is the mean of both.

    >>> one, other = (Alignment((Link(0, 0),), scores=(score,)) for score in (0.5, 1.0))
    >>> combine(one, other, union).scores
    (0.75,)
    """
    links = tuple(sorted(symmetrizer(set(forward.links), set(backward.links))))
    scored = is_scored(forward), is_scored(backward)
    if False in scored or True not in scored:
        return Alignment(links)
    given = [dict(zip(each.links, each.scores or (), strict=True)) for each in (forward, backward)]
    of_links = ([scores[link] for scores in given if link in scores] for link in links)
    score = None
    if forward.score is not None and backward.score is not None:
        score = (forward.score + backward.score) / 2
    return Alignment(links, scores=tuple(sum(scores) / len(scores) for scores in of_links), score=score)


def is_scored(alignment: Alignment) -> bool | None:
    """Whether the links have scores; None where there are no links."""
    return alignment.scores is not None if alignment.links else None


def _aligned_words(links: Set[Link]) -> tuple[set[int], set[int]]:
    return {source for source, _ in links}, {target for _, target in links}


def _touches(link: Link, links: Set[Link]) -> bool:
    """Whether one of the eight neighbours of `link` is in `links`."""
    source, target = link
    for down, right in _NEIGHBOURS:  # noqa: SIM110 (half the time of any() over a generator)
        if (source + down, target + right) in links:
            return True
    return False


def _fill(
    links: set[Link], candidates: Iterable[Link], enough: Callable[[tuple[bool, bool]], bool]
) -> set[Link]:
    """Add each candidate of which any word, or both words, are unaligned. Added links count for the next candidates."""
    sources, targets = _aligned_words(links)
    for link in candidates:
        if enough((link.source not in sources, link.target not in targets)):
            links.add(link)
            sources.add(link.source)
            targets.add(link.target)
    return links
