"""Words: pairs of words instead of numbers, to read and to count; write only."""

from __future__ import annotations

from ..links import Alignment
from ..text.sentences import SentencePair
from .entry import WriteOptions
from .tsv import column


def write_words(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """A column per link, separated by tabs: two words and the score. The last column is the score of the pair."""
    fields = [column(linked) for linked in alignment.words(pair)]
    if options.scores and alignment.scores is not None:
        fields = [f"{words} {score:.4f}" for words, score in zip(fields, alignment.scores, strict=True)]
    if fields and options.scores and alignment.score is not None:
        fields.append(f"{alignment.score:.4f}")
    return "\t".join(fields) + "\n"
