"""JSON lines: {"src": [...], "tgt": [...], "links": [[0, 0], ...], "possible": ..., "scores": [...], "score": ...}

For text that was not tokenized, "spans" has the places of the words in it: {"src": [[0, 3], ...], "tgt": ...}.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from operator import index
from typing import Any

from ..errors import FormatError, InputError
from ..json_line import json_line
from ..links import Alignment, Link
from ..text.sentences import SentencePair, json_pair
from ..text.tokenization import Tokenized
from .entry import Entry, Row, WriteOptions, alignment_of

_EXPECTED = 'expected {"links": [[0, 0], ...], ...}, with as many "scores"'


def parse_jsonl(line: str, one_based: bool = False) -> Alignment:
    """Read an object with "links", a list of pairs, and optionally "possible", "scores" and "score"."""
    return _alignment(_loaded(line), one_based)


def jsonl_entry(line: str, one_based: bool) -> Entry:
    """The links of a line, and its text if it has one."""
    fields = _loaded(line)
    alignment = _alignment(fields, one_based)
    if "src" not in fields:
        return Entry(alignment)
    try:
        pair, spans = json_pair(fields), fields.get("spans")
        if isinstance(spans, dict) and spans.keys() == {"src", "tgt"}:
            source, target = (
                Tokenized.placed(pair.source, spans["src"]),
                Tokenized.placed(pair.target, spans["tgt"]),
            )
            pair = SentencePair(source, target)
    except (InputError, TypeError, ValueError) as error:
        raise FormatError(str(error)) from None
    return Entry(alignment, pair)


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{_EXPECTED}: {error}") from None


def _alignment(fields: Any, one_based: bool) -> Alignment:
    base = int(one_based)
    try:
        links = _links(fields["links"], base)
        possible = frozenset(_links(fields.get("possible", []), base))
        scores = [float(score) for score in fields["scores"]] if "scores" in fields else [None] * len(links)
        rows = [Row(link, link in possible, score) for link, score in zip(links, scores, strict=True)]
        return alignment_of(rows, float(fields["score"]) if "score" in fields else None)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FormatError(f"{_EXPECTED}: {error}") from None


def _links(pairs: Iterable[tuple[int, int]], base: int) -> list[Link]:
    return [Link(index(source) - base, index(target) - base) for source, target in pairs]


def write_jsonl(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """The places of words are written if they are known."""
    found = alignment.to_dict(options.one_based, options.scores)
    fields = {"src": pair.source, "tgt": pair.target, **found}
    if isinstance(pair.source, Tokenized) and isinstance(pair.target, Tokenized):
        fields["spans"] = {"src": pair.source.spans, "tgt": pair.target.spans}
    return json_line(fields)
