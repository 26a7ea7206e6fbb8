"""What an engine found in a stream of pairs -> alignments: with a lexicon many pairs together give the links."""

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
    """Each pair with its alignments, one per layer; words that a translation copies are linked with themselves.

    `found`: alignments, or with a lexicon probabilities. `first`: pairs of the text that come before these.
    """
    if method.lexicon:
        found = link_together(found, method.lexicon, method.threshold, limits.together, limits.cells, first)
    for pair, alignments in found:
        yield pair, [anchored(pair, alignment) for alignment in alignments]
