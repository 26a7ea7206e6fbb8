"""Hypothesis and gold -> precision, recall, F1 and alignment error rate (Och & Ney, 2003, section 5).

A corpus score comes from a sum: each sentence pair contributes four counts. The gold has sure links S and possible
links P, which include S. With A the links of the hypothesis,

    precision = |A & P| / |A|      recall = |A & S| / |S|      AER = 1 - (|A & S| + |A & P|) / (|A| + |S|)

Links to words that do not exist are counted too, since the publishers of gold sets count them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..links import Alignment
from ..version import VERSION


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of one sentence pair, or of a whole corpus: |A & S|, |A & P|, |A| and |S|.

    Scores are fractions in [0, 1]. If the denominator is 0, the score is the best one: no links against no sure links
    have AER 0, and the precision of an empty hypothesis is 1.

    >>> (Counts(1, 2, 2, 1) + Counts(1, 1, 2, 3)).aer
    0.375
    """

    sure_hits: int = 0
    possible_hits: int = 0
    hypothesis: int = 0
    sure: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.sure_hits + other.sure_hits,
            self.possible_hits + other.possible_hits,
            self.hypothesis + other.hypothesis,
            self.sure + other.sure,
        )

    @property
    def precision(self) -> float:
        return _share(self.possible_hits, self.hypothesis)

    @property
    def recall(self) -> float:
        return _share(self.sure_hits, self.sure)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        if not self.precision + self.recall:
            return 0.0
        return 2 * self.precision * self.recall / (self.precision + self.recall)

    @property
    def aer(self) -> float:
        return 1 - _share(self.sure_hits + self.possible_hits, self.hypothesis + self.sure)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def count(hypothesis: Alignment, gold: Alignment) -> Counts:
    """Compare one sentence pair; all links of the hypothesis count alike.

    >>> count(Alignment.of([(0, 0), (1, 1)]), Alignment.of(sure=[(0, 0)], possible=[(1, 1)]))
    Counts(sure_hits=1, possible_hits=2, hypothesis=2, sure=1)
    """
    found, sure = frozenset(hypothesis.links), gold.sure
    return Counts(
        sure_hits=len(found & sure),
        possible_hits=len(found.intersection(gold.links)),
        hypothesis=len(found),
        sure=len(sure),
    )


def total(counts: Iterable[Counts]) -> Counts:
    """The counts of a corpus: the sum over its sentence pairs."""
    return sum(counts, Counts())


@dataclass(frozen=True, slots=True)
class Signature:
    """The settings that must be equal for two scores to be comparable, as a line to print below them.

    `settings`: how the hypothesis was made, in the order in which it is printed; empty for links from a file.

    >>> print(Signature("sure+possible", {"model": "xlm-align", "layer": 9}))
    AER|model:xlm-align|layer:9|gold:sure+possible|v:0.1.0
    """

    gold: str
    settings: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, gold: Iterable[Alignment], settings: Mapping[str, object] | None = None) -> Signature:
        """The signature for this gold, which may have possible links."""
        kind = "sure+possible" if any(alignment.possible for alignment in gold) else "sure"
        return cls(kind, settings or {})

    def __str__(self) -> str:
        fields = {**self.settings, "gold": self.gold, "v": VERSION}
        return "|".join(("AER", *(f"{name}:{value}" for name, value in fields.items())))
