"""Which words translate which.

    text -> sentence pairs -> subwords -> batches -> hidden states -> similarity -> links -> word links

    sentences    lines of text -> sentence pairs (pairs: Python objects -> the same)
    subwords     words -> subword ids (punctuation: which words are punctuation)
    batches      subwords -> padded batches (blocks: which pairs go together; layout, windows: what an encoder reads)
    encoders     batches -> hidden states of chosen layers
    similarity   states -> how similar each source and each target position are
    extract      similarity -> links (transport, symmetrize: for some methods)
    words        subword links -> alignments of words, with scores
    comparison   states -> alignments: the stages from similarity to words, as a method wants them
    formats      alignments <-> text
    files        files, also at addresses, compressed or not <-> lines of text
    aer          alignments and gold -> counts (evaluation: -> scores, compared with one another)
    options      what an option may be (method, input_shape: those of aligning)
    models       names -> presets: values of these options for a model
    engine       runs the stages over a stream: blocks, several batches at once, smaller ones if memory runs out
    aligner      `Aligner`: all of this
    processes    several aligners on one machine, in processes of their own
    distributed  several aligners on a cluster

The names below are imported when they are first used, so that reading files or scoring them never waits for torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from .version import VERSION as __version__

if TYPE_CHECKING:
    from .aligner import Aligner as Aligner
    from .blocks import Limits as Limits
    from .encoders.base import Encoder as Encoder
    from .encoders.families import load_encoder as load_encoder
    from .errors import XalignError as XalignError
    from .explanation import Explanation as Explanation
    from .extract import EXTRACTORS as EXTRACTORS
    from .formats import format_pharaoh as format_pharaoh
    from .formats import parse_pharaoh as parse_pharaoh
    from .formats import read_alignments as read_alignments
    from .input_shape import InputShape as InputShape
    from .links import Alignment as Alignment
    from .links import Link as Link
    from .method import Extraction as Extraction
    from .method import Level as Level
    from .method import Method as Method
    from .method import Similarity as Similarity
    from .method import Symmetrization as Symmetrization
    from .models import resolve as resolve
    from .models.preset import Preset as Preset
    from .models.published import PRESETS as PRESETS
    from .score.aer import Counts as Counts
    from .score.aer import count as count
    from .score.evaluation import Gold as Gold
    from .score.evaluation import Hypothesis as Hypothesis
    from .score.evaluation import evaluate as evaluate
    from .subwords import Splitter as Splitter
    from .symmetrize import SYMMETRIZERS as SYMMETRIZERS
    from .text.sentences import SentencePair as SentencePair
    from .text.sentences import read_files as read_files
    from .text.sentences import read_stream as read_stream
    from .text.tokenization import tokenize as tokenize
    from .translation_table import TranslationTable as TranslationTable
    from .words import word_links as word_links

# module -> the public names that it defines
_NAMES = {
    "aligner": "Aligner",
    "blocks": "Limits",
    "encoders.base": "Encoder",
    "encoders.families": "load_encoder",
    "errors": "XalignError",
    "explanation": "Explanation",
    "extract": "EXTRACTORS",
    "formats": "format_pharaoh parse_pharaoh read_alignments",
    "input_shape": "InputShape",
    "links": "Alignment Link",
    "method": "Extraction Level Method Similarity Symmetrization",
    "models": "resolve",
    "models.preset": "Preset",
    "models.published": "PRESETS",
    "score.aer": "count Counts",
    "score.evaluation": "evaluate Gold Hypothesis",
    "subwords": "Splitter",
    "symmetrize": "SYMMETRIZERS",
    "text.sentences": "read_files read_stream SentencePair",
    "text.tokenization": "tokenize",
    "translation_table": "TranslationTable",
    "words": "word_links",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = ["__version__", *sorted(_HOMES, key=str.casefold)]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'xalign' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
