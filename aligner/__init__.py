"""Which words translate which.

    text -> sentence pairs -> subwords -> batches -> hidden states -> similarity -> subword links -> word links

    sentences   lines of text -> sentence pairs                encoder     batches -> hidden states of chosen layers
    subwords    words -> subword ids                           similarity  states -> how alike two positions are
    batches     subwords -> padded batches, windows            extract     similarity -> links; transport, symmetrize
    models      presets: what each published aligner does      words       subword links -> alignments of words
    pipeline    `Aligner`: all of these, streaming             formats     alignments <-> text
                                                               aer         alignments and gold -> scores

The names below are imported when they are first used, so that reading files or scoring them never waits for torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from xalign.version import VERSION as __version__

if TYPE_CHECKING:
    from xalign.aer import Counts as Counts
    from xalign.aer import count as count
    from xalign.encoder import Encoder as Encoder
    from xalign.encoder import load_encoder as load_encoder
    from xalign.errors import XalignError as XalignError
    from xalign.extract import EXTRACTORS as EXTRACTORS
    from xalign.formats import parse_pharaoh as parse_pharaoh
    from xalign.formats import read_alignments as read_alignments
    from xalign.links import Alignment as Alignment
    from xalign.links import Link as Link
    from xalign.models import PRESETS as PRESETS
    from xalign.models import Preset as Preset
    from xalign.models import resolve as resolve
    from xalign.pipeline import Aligner as Aligner
    from xalign.pipeline import AlignOptions as AlignOptions
    from xalign.sentences import SentencePair as SentencePair
    from xalign.sentences import read_files as read_files
    from xalign.sentences import read_stream as read_stream
    from xalign.symmetrize import SYMMETRIZERS as SYMMETRIZERS

# public name -> the module that defines it
_HOMES = {
    "EXTRACTORS": "extract",
    "PRESETS": "models",
    "SYMMETRIZERS": "symmetrize",
    "AlignOptions": "pipeline",
    "Aligner": "pipeline",
    "Alignment": "links",
    "Counts": "aer",
    "Encoder": "encoder",
    "Link": "links",
    "Preset": "models",
    "SentencePair": "sentences",
    "XalignError": "errors",
    "count": "aer",
    "load_encoder": "encoder",
    "parse_pharaoh": "formats",
    "read_alignments": "formats",
    "read_files": "sentences",
    "read_stream": "sentences",
    "resolve": "models",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'xalign' has no attribute {name!r}")
    return getattr(importlib.import_module(f"xalign.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
