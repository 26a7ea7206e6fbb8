"""A label per source word -> a label per target word.

A target word gets the label of most of the source words that are linked to it (majority voting, Yarowsky and Ngai
2001); of labels with equally many votes, the one with the better scores, then the first. Words without links get no
label, or with the fill "same-word" the one that the same word has most often in the text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from ..links import Alignment, Link

Label = TypeVar("Label")


def project_labels(labels: Sequence[object | None], alignment: Alignment, length: int) -> list[int | None]:
    """For each target word, the source word whose annotation it gets: the best linked one with the elected label.

    A source word whose label is None has no vote. A target word without votes gets None.

    >>> project_labels(["DET", "NOUN", "NOUN"], Alignment.of([(0, 0), (1, 0), (2, 0)]), 2)
    [1, None]
    """
    scores = alignment.scores or (0.0,) * len(alignment.links)
    voters: list[list[tuple[Link, float]]] = [[] for _ in range(length)]
    for link, score in zip(alignment.links, scores, strict=True):
        if labels[link.source] is not None:
            voters[link.target].append((link, score))
    return [_elected(labels, each) if each else None for each in voters]


def _elected(labels: Sequence[object], voters: list[tuple[Link, float]]) -> int:
    votes: defaultdict[object, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for link, score in voters:
        number, total = votes[labels[link.source]]
        votes[labels[link.source]] = number + 1, total + score
    label = max(votes, key=lambda each: votes[each])
    agreeing = [(link, score) for link, score in voters if labels[link.source] == label]
    return max(agreeing, key=lambda each: each[1])[0].source


def fill(sentences: Iterable[tuple[Sequence[str], list[Label | None]]]) -> None:
    """Give words without a label the one that the same word has most often in the text.

    If the word has no label anywhere, its labels in other letter case count. Changes the labels in place.
    """
    sentences = list(sentences)
    seen: defaultdict[str, Counter[Label]] = defaultdict(Counter)
    folded: defaultdict[str, Counter[Label]] = defaultdict(Counter)
    for words, labels in sentences:
        for word, label in zip(words, labels, strict=True):
            if label is not None:
                seen[word][label] += 1
                folded[word.casefold()][label] += 1
    for words, labels in sentences:
        for number, word in enumerate(words):
            if labels[number] is None:
                counts = seen.get(word) or folded.get(word.casefold())
                labels[number] = counts.most_common(1)[0][0] if counts else None
