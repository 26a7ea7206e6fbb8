"""Tags and placeholders of a source text -> the translation with these tags and placeholders, always well-formed.

Elements are placed as spans (spans.py), an inner one within the place of the outer one. An element that contains all
words of the outer one gets all of its place. A point is placed next to the translation of one of its two neighbours:
the one that it touched, or if it touched both or none, the one for which fewer links cross it. A point at the
beginning or end of its element stays there. Placeholders that the translation already contains are not moved.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from ..links import Alignment
from ..text.tokenization import Tokenized
from .markup import Element, MarkedUp, Node, Point
from .spans import SPLIT, Carried, Lost, Rules, has_strays, links_of, project_spans, why_lost

_CLOSING = ("Pe", "Pf", "Po")  # categories of punctuation without a space before it: ) » , .


def place(source: MarkedUp, target: Tokenized, alignment: Alignment, rules: Rules) -> Carried:
    """The translation with the tags and placeholders of the source."""
    placing = _Placing(source.tokenized, target, alignment, rules)
    missing = _missing(source.nodes, target.text)
    placing.inside(_still_to_place(source, missing), range(len(source.words)), range(len(target.spans)))
    before = target.text[: target.spans[0][0]] if target.spans else target.text
    after = target.text[target.spans[-1][1] :] if target.spans else ""
    total = sum(1 for _ in _each(source.nodes)) + len(source.unpaired)
    lost = (*source.unpaired, *placing.lost)
    return Carried(f"{before}{''.join(placing.out.parts)}{after}\n", total, lost)


def _each(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if isinstance(node, Element):
            yield from _each(node.children)


def _missing(nodes: Sequence[Node], target: str) -> list[Point]:
    """The placeholders that the translation lacks, or has less often."""
    seen: Counter[str] = Counter()
    missing = []
    for node in _each(nodes):
        if isinstance(node, Point) and node.is_variable:
            seen[node.text] += 1
            if seen[node.text] > target.count(node.text):
                missing.append(node)
    return missing


def _still_to_place(source: MarkedUp, missing: Sequence[Point]) -> list[Node]:
    """The nodes to place. Elements that contain only missing placeholders become points."""
    places = {point.place for point in missing}
    absent = {number for number, span in enumerate(source.tokenized.spans) if span in places}

    def remaining(nodes: Sequence[Node]) -> list[Node]:
        kept: list[Node] = []
        for node in nodes:
            if isinstance(node, Element):
                node = replace(node, children=remaining(node.children))
                kept.append(node.as_point() if absent.issuperset(node.words) else node)
            elif not node.is_variable or node.place in places:
                kept.append(node)
        return kept

    return remaining(source.nodes)


class _Spot(NamedTuple):
    """A place before the target word `at`: next to that word, or if it `follows`, next to the word before."""

    at: int
    follows: bool


class _Output:
    """The text written so far; spaces are added where they are needed."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._wants_space = False  # before what comes next
        self._is_open = True  # at the beginning, or after an opening tag: no space is needed

    def write(self, text: str) -> None:
        if not text:
            return
        if self._wants_space and not text[0].isspace() and unicodedata.category(text[0]) not in _CLOSING:
            self.space()
        self._wants_space = self._is_open = False
        self.parts.append(text)

    def space(self) -> None:
        if not self._is_open and not self.parts[-1][-1].isspace():
            self.parts.append(" ")

    def point(self, point: Point) -> None:
        if point.before:
            self.space()
        self.write(point.text)
        self._wants_space = point.after

    def opening(self, element: Element) -> None:
        self.write(element.opening)
        self._is_open = not element.padded
        self._wants_space = element.padded

    def closing(self, element: Element) -> None:
        self._wants_space = False
        if element.padded:
            self.space()
        self.write(element.closing)


class _Placing:
    """Places the nodes of one text."""

    def __init__(self, source: Tokenized, target: Tokenized, alignment: Alignment, rules: Rules) -> None:
        self.source = source
        self.target = target
        self.alignment = alignment
        self.rules = rules
        self.out = _Output()
        self.lost: list[Lost] = []

    def inside(self, nodes: Sequence[Node], words: range, place: range) -> None:
        """Write the target words `place`, with the nodes that were among the source words `words`."""
        nodes, spans = self._placed(nodes, words, place)
        starts = {span.start: element for element, span in spans}
        stops = {span.start: span for _, span in spans}
        beside: defaultdict[_Spot, list[Point]] = defaultdict(list)
        around = _Around(words, place, spans, self.alignment)
        for node in nodes:
            if isinstance(node, Point):
                beside[self._spot(node, around)].append(node)
        at = place.start
        while True:
            for point in beside[_Spot(at, True)]:
                self.out.point(point)
            if place.start < at < place.stop:
                self.out.write(self.target.text[self.target.spans[at - 1][1] : self.target.spans[at][0]])
            for point in beside[_Spot(at, False)]:
                self.out.point(point)
            if at >= place.stop:
                return
            if at in starts:
                self.out.opening(starts[at])
                self.inside(starts[at].children, starts[at].words, stops[at])
                self.out.closing(starts[at])
                at = stops[at].stop
            else:
                self.out.write(self.target.text[slice(*self.target.spans[at])])
                at += 1

    def _placed(
        self, nodes: Sequence[Node], words: range, place: range
    ) -> tuple[list[Node], list[tuple[Element, range]]]:
        """(nodes, places of the elements); an element without a place is replaced by its content."""
        nodes = list(nodes)
        while True:
            elements = [node for node in nodes if isinstance(node, Element)]
            if len(elements) == 1 and elements[0].words == words and place:
                return nodes, [(elements[0], place)]
            found = project_spans(
                [element.words for element in elements],
                self.alignment,
                len(self.target.spans),
                self.rules,
                within=place,
            )
            if all(found):
                break
            lost = {id(element) for element, span in zip(elements, found, strict=True) if not span}
            for element in elements:
                if id(element) in lost:
                    self.lost.append(Lost(element.opening, why_lost(element.words, self.alignment)))
            nodes = [
                each
                for node in nodes
                for each in (node.children if isinstance(node, Element) and id(node) in lost else [node])
            ]
        for element, span in zip(elements, found, strict=True):
            if has_strays(element.words, self.alignment, span):
                self.lost.append(Lost(element.opening, SPLIT))
        return nodes, [(element, span[0]) for element, span in zip(elements, found, strict=True)]

    def _spot(self, point: Point, around: _Around) -> _Spot:
        words, place = around.words, around.place
        left = bisect_right(self.source.spans, point.place[0], words.start, words.stop, key=itemgetter(1))
        right = bisect_left(self.source.spans, point.place[1], words.start, words.stop, key=itemgetter(0))
        if left == words.start or not place:
            return _Spot(place.start, False)
        if right == words.stop:
            return _Spot(place.stop, True)
        found: dict[_Spot, tuple[bool, int, int]] = {}  # the less, the better
        if (word := around.next(right)) is not None:
            spot = _Spot(around.anchors[word].start, False)
            found[spot] = point.after, around.crossings(spot.at, right), word - right
        if (word := around.last(left)) is not None:
            spot = _Spot(around.anchors[word].stop, True)
            found[spot] = point.before, around.crossings(spot.at, right), left - 1 - word
        if not found:
            return _Spot(place.start + len(place) * (left - words.start) // len(words), False)
        return min(found, key=lambda spot: found[spot])


class _Around:
    """Where the translations of the source words `words` are, so that points can be put beside them.

    `anchors`: for a word the place of the element that contains it, or else the words linked to it, extended to whole
    elements.
    """

    def __init__(
        self,
        words: range,
        place: range,
        spans: Sequence[tuple[Element, range]],
        alignment: Alignment,
    ) -> None:
        self.words, self.place = words, place
        inside = [link for link in alignment.links[links_of(words, alignment)] if link.target in place]
        self._sources, self._targets = np.array(inside, dtype=np.int64).reshape(-1, 2).T
        self._spans = sorted((span for _, span in spans), key=attrgetter("start"))
        linked: dict[int, range] = {}
        for source, target in inside:
            known = linked.get(source, range(target, target + 1))
            linked[source] = range(min(known.start, target), max(known.stop, target + 1))
        self.anchors = {word: self._uncut(reach) for word, reach in linked.items()}
        for element, span in reversed(spans):  # a word that two elements share goes by the first
            self.anchors |= dict.fromkeys(element.words, span)
        self._anchored = sorted(self.anchors)

    def next(self, word: int) -> int | None:
        """The first word from this one on that has an anchor."""
        at = bisect_left(self._anchored, word)
        return self._anchored[at] if at < len(self._anchored) else None

    def last(self, word: int) -> int | None:
        """The last word before this one that has an anchor."""
        at = bisect_left(self._anchored, word)
        return self._anchored[at - 1] if at else None

    def crossings(self, at: int, middle: int) -> int:
        """How many links cross a point at the target word `at`; `middle`: the first source word after the point."""
        return int(np.count_nonzero((self._sources < middle) != (self._targets < at)))

    def _uncut(self, reach: range) -> range:
        start, stop = self._span_around(reach.start), self._span_around(reach.stop)
        return range(start.start if start else reach.start, stop.stop if stop else reach.stop)

    def _span_around(self, at: int) -> range | None:
        """The place of an element that has `at` in it, but not at its beginning."""
        before = bisect_left(self._spans, at, key=attrgetter("start")) - 1
        return self._spans[before] if before >= 0 and at < self._spans[before].stop else None
