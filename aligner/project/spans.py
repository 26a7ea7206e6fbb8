"""Spans of source words -> spans of target words, through links.

The words that are linked to a span rarely form a single span themselves. They form one or several runs, from which a
strategy chooses:

    largest   the run with the most linked words (Garcia-Ferrero et al. 2022, "Model and data transfer for
              cross-lingual sequence labelling in zero-resource settings")
    cover     from the first linked word to the last (the min-max rule of Zenkel et al. 2021, "Automatic bilingual
              markup transfer")
    pieces    every run

A run may include words without links, and at most `gap` words in a row that are linked to words outside the span. A
word that is linked to several spans belongs to the one with the most links to it, then the best scores. Runs of other
spans do not include it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from ..links import Alignment
from ..options import Choice, Option, settle

_Weight = tuple[int, float]
"""The number of links, and the sum of their scores, by which spans that share a word are compared."""


class Strategy(Choice):
    """Which of its runs a span becomes."""

    LARGEST = "largest"
    COVER = "cover"
    PIECES = "pieces"


class Fill(Choice):
    """Which label a word without a label gets (labels.py)."""

    NONE = "none"
    SAME_WORD = "same-word"


@dataclass(frozen=True, slots=True)
class Rules:
    """How annotation is carried over. `columns`: of CoNLL-U.

    Raises:
        OptionError: a value is out of range.
    """

    strategy: Annotated[
        Strategy,
        Option(
            "Which linked words a span becomes: the largest run, everything from the first to the last, or every run."
        ),
    ] = Strategy.LARGEST
    gap: Annotated[int, Option("A run may include N words in a row that are linked elsewhere.", least=0)] = 1
    fill: Annotated[
        Fill, Option("conllu: a word without links gets the label that the same word has elsewhere.")
    ] = Fill.NONE
    columns: tuple[str, ...] = ("UPOS",)

    def __post_init__(self) -> None:
        settle(self)


class Lost(NamedTuple):
    """An annotation that was not carried over, or not as it was, and the reason."""

    what: str
    why: str


class Carried(NamedTuple):
    """A translation with its annotations, as text of its format: `total` annotations, of which some are `lost`."""

    text: str
    total: int
    lost: tuple[Lost, ...]


NO_LINKS = "its words have no links"
OUTVOTED = "its linked words belong to others"
SPLIT = "linked words outside the span are left out"


def project_spans(
    spans: Sequence[range],
    alignment: Alignment,
    length: int,
    rules: Rules,
    within: range | None = None,
    shared: bool = False,
) -> list[list[range]]:
    """The target words of each span, in order; no two spans get the same word, unless words may be shared.

    >>> links = Alignment.of([(0, 2), (1, 4), (2, 0)])
    >>> project_spans([range(0, 2), range(2, 3)], links, 5, Rules())
    [[range(2, 5)], [range(0, 1)]]

    Args:
        spans: of source words; disjoint, unless `shared`.
        length: number of target words.
        within: the target words that may be chosen, by default all of them.
        shared: several spans may get the same word.
    """
    within = range(length) if within is None else within
    claims = [_linked(span, alignment, within) for span in spans]
    owners = {} if shared else _owners(claims)
    linked = {link.target for link in alignment.links}
    found = []
    for number, claim in enumerate(claims):
        own = claim if shared else {word: claim[word] for word in claim if owners[word] == number}
        found.append(_chosen(_runs(own, own if shared else owners, linked, rules), own, rules))
    return found


def _owners(claims: Sequence[Mapping[int, _Weight]]) -> dict[int, int]:
    """Which of the claims has a target word: that with the most links to it, then the best scores, then the first."""
    owners: dict[int, int] = {}
    for number, claim in enumerate(claims):
        for word, weight in claim.items():
            if word not in owners or weight > claims[owners[word]][word]:
                owners[word] = number
    return owners


def why_lost(span: range, alignment: Alignment) -> str:
    """Why `project_spans` found nothing for a span."""
    return OUTVOTED if alignment.links[links_of(span, alignment)] else NO_LINKS


def has_strays(span: range, alignment: Alignment, found: Sequence[range]) -> bool:
    """Whether a span is linked to words that are in none of the spans `found` for it."""
    return any(
        not any(link.target in each for each in found) for link in alignment.links[links_of(span, alignment)]
    )


def losses(what: str, span: range, alignment: Alignment, found: Sequence[range]) -> list[Lost]:
    """What is lost of a span for which `project_spans` found these: nothing, all of it, or some linked words."""
    if not found:
        return [Lost(what, why_lost(span, alignment))]
    return [Lost(what, SPLIT)] if has_strays(span, alignment, found) else []


def links_of(span: range, alignment: Alignment) -> slice:
    """Where the links of the source words of a span stand among all links, which are sorted.

    >>> links_of(range(1, 2), Alignment.of([(0, 0), (1, 1), (1, 2), (2, 2)]))
    slice(1, 3, None)
    """
    start, stop = (bisect_left(alignment.links, (word,)) for word in (span.start, span.stop))
    return slice(start, stop)


def _linked(span: range, alignment: Alignment, within: range) -> dict[int, _Weight]:
    """The target words that a span is linked to."""
    weights: defaultdict[int, _Weight] = defaultdict(lambda: (0, 0.0))
    own = links_of(span, alignment)
    links = alignment.links[own]
    scores = alignment.scores[own] if alignment.scores else (0.0,) * len(links)
    for link, score in zip(links, scores, strict=True):
        if link.target in within:
            number, total = weights[link.target]
            weights[link.target] = number + 1, total + score
    return dict(weights)


def _runs(own: Mapping[int, _Weight], owners: Container[int], linked: set[int], rules: Rules) -> list[range]:
    runs: list[range] = []
    for word in sorted(own):
        if runs and _may_cross(range(runs[-1].stop, word), owners, linked, rules):
            runs[-1] = range(runs[-1].start, word + 1)
        else:
            runs.append(range(word, word + 1))
    return runs


def _may_cross(gap: range, owners: Container[int], linked: set[int], rules: Rules) -> bool:
    if any(word in owners for word in gap):
        return False
    row = longest = 0
    for word in gap:
        row = row + 1 if word in linked else 0
        longest = max(longest, row)
    return rules.strategy is Strategy.COVER or longest <= rules.gap


def _chosen(runs: list[range], own: Mapping[int, _Weight], rules: Rules) -> list[range]:
    if rules.strategy is Strategy.PIECES or len(runs) < 2:
        return runs

    def size(run: range) -> tuple[int, _Weight]:
        weights = [own[word] for word in run if word in own]
        return len(weights), (sum(number for number, _ in weights), sum(score for _, score in weights))

    return [max(runs, key=size)]
