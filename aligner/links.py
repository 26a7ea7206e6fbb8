"""Links and alignments: which word of the source is linked to which word of the target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain, compress
from operator import index
from typing import Any, NamedTuple

from .errors import InputError
from .text.pairs import Pair, as_pair
from .text.sentences import SentencePair
from .text.tokenization import Span


class Link(NamedTuple):
    """One source word and one target word, both counted from 0."""

    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """The links of one sentence pair.

    `links` holds all of them, sorted and unique. `possible` holds those that are possible but not sure (in gold only:
    the links of an aligner are all sure). `scores` has a score per link. `score` is that of the pair as a whole, in
    [0, 1] if the link scores are (docs/methods.md).

    >>> alignment = Alignment.of([(1, 1), (0, 0), (1, 1)])
    >>> alignment.links
    (Link(source=0, target=0), Link(source=1, target=1))
    >>> print(alignment)
    0-0 1-1
    """

    links: tuple[Link, ...] = ()
    possible: frozenset[Link] = frozenset()
    scores: tuple[float, ...] | None = None
    score: float | None = None

    @classmethod
    def of(cls, sure: Iterable[tuple[int, int]], possible: Iterable[tuple[int, int]] = ()) -> Alignment:
        """Sort and deduplicate the links; one that is given as both sure and possible is sure.

        Raises:
            InputError: the links are not pairs of whole numbers.
        """
        sure_links = _unique(sure)
        possible_only = frozenset(_unique(possible) - sure_links)
        return cls(links=tuple(sorted(sure_links | possible_only)), possible=possible_only)

    @property
    def sure(self) -> frozenset[Link]:
        """The links that are not merely possible."""
        return frozenset(self.links) - self.possible

    def __str__(self) -> str:
        """Pharaoh, without scores."""
        return " ".join(f"{link[0]}{'p' if link in self.possible else '-'}{link[1]}" for link in self.links)

    def to_dict(self, one_based: bool = False, scores: bool = True) -> dict[str, Any]:
        """The alignment as in JSON lines: lists and numbers only, scores, if wanted, rounded to six digits.

        >>> Alignment.of([(0, 0)], [(1, 2)]).to_dict()
        {'links': [[0, 0], [1, 2]], 'possible': [[1, 2]]}
        """
        base = int(one_based)
        fields: dict[str, Any] = {"links": [[source + base, target + base] for source, target in self.links]}
        if self.possible:
            fields["possible"] = [[source + base, target + base] for source, target in sorted(self.possible)]
        if scores and self.scores is not None:
            fields["scores"] = [round(score, 6) for score in self.scores]
        if scores and self.score is not None:
            fields["score"] = round(self.score, 6)
        return fields

    def words(self, pair: Pair) -> list[tuple[str, str]]:
        """The linked words, link by link.

        A text is split at spaces. If the aligner splits words by itself (`words="unicode"`), give the pair that comes
        with the alignment from `align_pairs`: its words are those that were linked.

        >>> Alignment.of([(0, 0), (1, 1)]).words(("das Haus", "the house"))
        [('das', 'the'), ('Haus', 'house')]

        Raises:
            InputError: `pair` is not a sentence pair, or lacks a word that is linked.
        """
        text = self._pair_of_links(pair)
        return [(text.source[source], text.target[target]) for source, target in self.links]

    def spans(self, pair: Pair) -> list[tuple[Span, Span]]:
        """Where the linked words stand in their texts, link by link: beginning and end, in characters.

        >>> Alignment.of([(1, 1)]).spans(SentencePair(tokenize("das Haus"), tokenize("the house")))  # doctest: +SKIP
        [((4, 8), (4, 9))]

        Raises:
            InputError: the words of `pair` have no places (tokenization.py), or lack one that is linked.
        """
        text = self._pair_of_links(pair)
        source, target = (getattr(side, "spans", None) for side in (text.source, text.target))
        if source is None or target is None:
            raise InputError("these words have no places in a text: tokenize(text) makes words that have")
        return [(source[link.source], target[link.target]) for link in self.links]

    def _pair_of_links(self, pair: Pair) -> SentencePair:
        text = as_pair(pair)
        try:
            self.expect_within(len(text.source), len(text.target))
        except InputError as error:
            raise InputError(
                f"{error}; if the aligner splits words, give the pair that align_pairs gives"
            ) from None
        return text

    def expect_within(self, source: int, target: int) -> None:
        """Raise InputError if a link names a word that a pair with this many words does not have."""
        inside = self.within(source, target)
        if len(inside.links) < len(self.links):
            first = min(set(self.links).difference(inside.links))
            raise InputError(
                f"link {first.source}-{first.target} (counted from 0) is outside the sentence pair, "
                f"which has {source} and {target} words"
            )

    def within(self, source: int, target: int) -> Alignment:
        """The same without links to words that a pair with this many words does not have."""
        inside = [0 <= link.source < source and 0 <= link.target < target for link in self.links]
        if all(inside):
            return self
        links = tuple(compress(self.links, inside))
        return replace(
            self,
            links=links,
            possible=self.possible.intersection(links),
            scores=None if self.scores is None else tuple(compress(self.scores, inside)),
        )

    def reversed(self) -> Alignment:
        """The same alignment seen from the other side: source and target change places."""
        order = sorted(range(len(self.links)), key=lambda k: (self.links[k].target, self.links[k].source))
        return Alignment(
            links=tuple(Link(self.links[k].target, self.links[k].source) for k in order),
            possible=frozenset(Link(link.target, link.source) for link in self.possible),
            scores=None if self.scores is None else tuple(self.scores[k] for k in order),
            score=self.score,
        )


def _unique(pairs: Iterable[tuple[int, int]]) -> set[Link]:
    try:
        links = {Link(*pair) for pair in pairs}
        index(sum(chain.from_iterable(links)))  # one quick pass: only the sum of whole numbers is one
    except TypeError as error:
        raise InputError("links must be pairs of whole numbers, such as [(0, 0), (1, 2)]") from error
    return links


NOT_ALIGNED = Alignment(scores=(), score=0.0)
"""Of a pair that was not compared, since a side is empty or it is too large."""
