"""Sentence pairs as training examples, as a corpus would give them."""

import numpy as np

from xalign.train.collate import Example, collate

PAIRS = [
    ("Das Haus ist klein .", "The house is small ."),
    ("Wir haben gestern die Katze gesehen !", "We saw the cat yesterday !"),
    ("Das Haus ist groß , der Garten klein", "The house is big , the garden small"),
]
LINKS = [
    [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)],
    [(0, 0), (1, 1), (2, 4), (3, 2), (4, 3), (5, 1), (6, 5)],
    [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7)],
]


def example(encoder, pair, links=(), weights=None, languages=None):
    """One pair of whitespace-separated words, with links between these."""
    sides = []
    for side, language in zip(pair, languages or (None, None), strict=True):
        pieces = encoder.subword_ids(side.split(), language)
        ids = [number for word in pieces for number in word]
        words = [k for k, word in enumerate(pieces) for _ in word]
        sides += [np.array(ids, dtype=np.int32), np.array(words, dtype=np.int32)]
    weights = [1.0] * len(links) if weights is None else weights
    return Example(
        *sides,
        links=np.array(links, dtype=np.int32).reshape(-1, 2),
        weights=np.array(weights, dtype=np.float32),
        languages=languages,
    )


def examples(encoder, languages=None):
    """PAIRS with their LINKS."""
    return [
        example(encoder, pair, links, languages=languages) for pair, links in zip(PAIRS, LINKS, strict=True)
    ]


def batch_of(learner, pairs=None):
    """The batch that `learner` learns from: of these examples, or of PAIRS."""
    encoder = learner.encoder
    languages = ("de", "en") if encoder.languages else None
    return collate(pairs or examples(encoder, languages), encoder, learner.method.level)
