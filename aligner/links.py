"""The value that every stage ends in: which word of the source goes with which word of the target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Link(NamedTuple):
    """One source word and one target word, both counted from 0."""

    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """The links of one sentence pair.

    `links` holds all of them, sorted and unique; `possible` names those that are possible but not sure
    (gold only: an aligner's own links are all sure). `scores` runs beside `links`; `score` rates the pair
    as a whole, in [0, 1] where the method's link scores are (docs/methods.md).

    >>> Alignment.of([(1, 1), (0, 0), (1, 1)]).links
    (Link(source=0, target=0), Link(source=1, target=1))
    """

    links: tuple[Link, ...] = ()
    possible: frozenset[Link] = frozenset()
    scores: tuple[float, ...] | None = None
    score: float | None = None

    @classmethod
    def of(cls, sure: Iterable[tuple[int, int]], possible: Iterable[tuple[int, int]] = ()) -> Alignment:
        """Sort and deduplicate; a link given both as sure and as possible is sure."""
        sure_links = {Link(*link) for link in sure}
        possible_only = frozenset(Link(*link) for link in possible) - sure_links
        return cls(links=tuple(sorted(sure_links | possible_only)), possible=possible_only)

    @property
    def sure(self) -> frozenset[Link]:
        """The links that are not merely possible."""
        return frozenset(self.links) - self.possible

    def reversed(self) -> Alignment:
        """The same alignment seen from the other side: source and target change places."""
        order = sorted(range(len(self.links)), key=lambda k: (self.links[k].target, self.links[k].source))
        return Alignment(
            links=tuple(Link(self.links[k].target, self.links[k].source) for k in order),
            possible=frozenset(Link(link.target, link.source) for link in self.possible),
            scores=None if self.scores is None else tuple(self.scores[k] for k in order),
            score=self.score,
        )
