"""JSON lines: a text, and annotated spans of its characters.

    {"text": "Angela Merkel visited Paris.", "spans": [[0, 13, "PER"], {"start": 22, "end": 27, "label": "LOC"}]}

The key of the spans is "spans", "entities", "ents" (spaCy), "labels" or "label" (doccano). The output has the same keys
and the same form, with the text and the spans of the translation; all other values are copied. Characters are code
points, counted from 0, and the end is exclusive. Spans may overlap; each is carried over independently of the others.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from ..errors import FormatError, InputError
from ..json_line import expect_whole_characters, json_line
from ..links import Alignment
from ..text.tokenization import Span, Tokenized
from .spans import Carried, Lost, Rules, losses, project_spans

TEXT_KEYS = ("text", "src")
SPAN_KEYS = ("spans", "entities", "ents", "labels", "label")
NO_WORD = "there is no word in it"
_MOST_CHARACTERS = 10_000_000  # in all spans of a text, which may overlap


@dataclass(frozen=True, slots=True)
class MarkedText:
    """`fields`: the object as it was read. `places`: beginning and end of each of its spans, in characters."""

    tokenized: Tokenized
    fields: Mapping[str, Any]
    text_key: str
    span_key: str
    places: tuple[Span, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return self.tokenized.words

    def carry(self, target: Tokenized, alignment: Alignment, rules: Rules) -> Carried:
        """The object of the translation; a span that became several is written several times."""
        items: list[Any] = []
        lost: list[Lost] = []
        marked = self.fields[self.span_key]
        sources = [words_within(self.tokenized, place) for place in self.places]
        found = project_spans(sources, alignment, len(target.spans), rules, shared=True)
        for place, item, words, spans in zip(self.places, marked, sources, found, strict=True):
            what = f"{_label(item)} {self.tokenized.text[slice(*place)]}"
            lost += losses(what, words, alignment, spans) if words else [Lost(what, NO_WORD)]
            items += [
                _moved(item, target.spans[each.start][0], target.spans[each.stop - 1][1]) for each in spans
            ]
        fields = {**self.fields, self.text_key: target.text, self.span_key: items}
        return Carried(json_line(fields), len(marked), tuple(lost))


def words_within(text: Tokenized, place: Span) -> range:
    """The words that a span of characters touches."""
    first = bisect_right(text.spans, place[0], key=itemgetter(1))
    return range(first, bisect_left(text.spans, place[1], lo=first, key=itemgetter(0)))


def parse(line: str, tokenized: Callable[[str], Tokenized]) -> MarkedText:
    """Read one object; `tokenized` finds the words of a text.

    Raises:
        FormatError: it is no such object, or a span is not within the text.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON ({error})") from None
    text_key = _key(fields, TEXT_KEYS, str)
    span_key = _key(fields, SPAN_KEYS, list)
    text = fields[text_key]
    try:
        expect_whole_characters(text, text_key)
    except InputError as error:
        raise FormatError(str(error)) from None
    places = tuple(_place(item, len(text)) for item in fields[span_key])
    if sum(end - start for start, end in places) > _MOST_CHARACTERS:
        raise FormatError(f"its spans have more than {_MOST_CHARACTERS:,} characters in total")
    return MarkedText(tokenized(text), fields, text_key, span_key, places)


def _key(fields: object, keys: tuple[str, ...], kind: type) -> str:
    found = [key for key in keys if isinstance(fields, dict) and isinstance(fields.get(key), kind)]
    if not found:
        what = "text" if kind is str else "list"
        raise FormatError(f"expected an object with a {what} under {' or '.join(map(json.dumps, keys))}")
    return found[0]


def _place(item: object, length: int) -> Span:
    if isinstance(item, dict):
        ends = item.get("start"), item.get("end")
    elif isinstance(item, list) and len(item) == 3:
        ends = item[0], item[1]
    else:
        raise FormatError(
            f'expected [start, end, label] or {{"start": ..., "end": ..., "label": ...}}, '
            f"found {json.dumps(item)[:40]}"
        )
    start, end = ends
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= length:
        raise FormatError(f"{json.dumps(item)[:60]} is not within the {length} characters of its text")
    return start, end


def _label(item: Any) -> str:
    label = item.get("label", "") if isinstance(item, dict) else item[2]
    return str(label)


def _moved(item: Any, start: int, end: int) -> Any:
    return {**item, "start": start, "end": end} if isinstance(item, dict) else [start, end, item[2]]
