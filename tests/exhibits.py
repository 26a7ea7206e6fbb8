"""Exhibits that several tests show."""

import numpy as np

from xalign.links import Alignment
from xalign.score.evaluation import Gold, Hypothesis
from xalign.show.case import Exhibit
from xalign.text.sentences import SentencePair

PAIRS = [
    SentencePair.of("das Haus ist klein", "the house is small"),
    SentencePair.of("I eat apples", "我 吃 苹果"),
    SentencePair.of("peace be upon you", "السلام عليكم"),
]
GOLD = [
    Alignment.of([(0, 0), (1, 1), (2, 2)], [(3, 3), (2, 3)]),
    Alignment.of([(0, 0), (1, 1), (2, 2)]),
    Alignment.of([(0, 0), (3, 1)]),
]
FOUND = [
    Alignment(Alignment.of([(0, 0), (1, 2), (3, 3)]).links, scores=(0.9, 0.5, 0.7), score=0.5),
    Alignment(Alignment.of([(0, 0), (1, 1), (2, 2)]).links, scores=(0.9, 0.9, 0.9), score=0.9),
    Alignment(Alignment.of([(0, 0)]).links, scores=(0.3,), score=0.1),
]


def exhibit(pairs=PAIRS, systems=("mini",), gold=True, similarity=True):
    found = [(FOUND * (1 + len(pairs) // 3))[: len(pairs)], (GOLD * (1 + len(pairs) // 3))[: len(pairs)]]
    random = np.random.default_rng(0)
    return Exhibit.of(
        pairs,
        [Hypothesis(name, alignments) for name, alignments in zip(systems, found, strict=False)],
        Gold("gold.txt", found[1]) if gold else None,
        [random.random((len(p.source), len(p.target)), dtype=np.float32) for p in pairs]
        if similarity
        else None,
    )
