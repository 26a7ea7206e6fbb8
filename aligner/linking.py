"""The results of the engine -> alignments: a lexicon if the method has one, then links of copied words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .anchors import anchored
from .blocks import Limits
from .lexicon import link_together
from .links import Alignment
from .method import Method
from .text.sentences import SentencePair


def aligned(
    found: Iterator[tuple[SentencePair, Sequence[Any]]], method: Method, limits: Limits, first: int = 0
) -> Iterator[tuple[SentencePair, list[Alignment]]]:
    """Each pair with its alignments, one per layer. Words that the translation copies are linked to their copies.

    `found`: alignments, or probabilities if there is a lexicon. `first`: number of pairs of the text before these.
    """
    if method.lexicon:
        found = link_together(found, method.lexicon, method.threshold, limits.together, limits.cells, first)
    for pair, alignments in found:
        yield pair, [anchored(pair, alignment) for alignment in alignments]
