"""Cases -> one HTML page that needs no network: sentences with their links, and grids over the similarity.

The texts are in the page as JSON without "<", and the script of the page inserts them as text, never as HTML. The page
allows no other script, by a hash. It draws only what is near the visible part (page/order.js), so that it is fast with
thousands of pairs.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

from ..explanation import heat
from ..score.aer import count, total
from .case import Case, Exhibit, is_right_to_left

SCRIPTS = ("base.js", "pair.js", "order.js", "touch.js", "tools.js")  # the parts of one script, in order


def page(
    exhibit: Exhibit, title: str = "Word alignments", languages: tuple[str | None, str | None] = (None, None)
) -> str:
    """The page as text. `languages`: codes of source and target such as "zh", by which a browser chooses glyphs."""
    data = {
        "systems": [{"name": name, "total": _total(exhibit, k)} for k, name in enumerate(exhibit.systems)],
        "gold": exhibit.gold,
        "languages": languages,
        "pairs": [_pair(case) for case in exhibit.cases],
    }
    style, script = _part("page.css"), "\n".join(map(_part, SCRIPTS))
    parts = {
        "title": html.escape(title),
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
        "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _part("page.html"))


def _part(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _pair(case: Case) -> dict[str, Any]:
    sides = case.pair.source, case.pair.target
    fields = {
        "number": case.number,
        "s": sides[0],
        "t": sides[1],
        "rtl": [is_right_to_left(side) for side in sides],
        "systems": [_system(case, k) for k in range(len(case.alignments))],
    }
    if case.similarity is not None and case.similarity.size:
        fields["heat"] = base64.b64encode(heat(case.similarity).tobytes()).decode()
    return fields


def _system(case: Case, system: int) -> dict[str, Any]:
    alignment = case.alignments[system]
    fields: dict[str, Any] = {
        "marks": [
            [mark.source, mark.target, mark.verdict, *([] if mark.score is None else [round(mark.score, 4)])]
            for mark in case.marks(system)
        ]
    }
    if alignment.score is not None:
        fields["score"] = round(alignment.score, 4)
    if case.gold is not None:
        fields["aer"] = round(count(alignment, case.gold).aer, 4)
    return fields


def _total(exhibit: Exhibit, system: int) -> dict[str, float] | None:
    """The scores of a system over all cases; None if there is no gold."""
    if exhibit.gold is None:
        return None
    counts = total(count(case.alignments[system], case.gold) for case in exhibit.cases if case.gold)
    return {"aer": counts.aer, "precision": counts.precision, "recall": counts.recall}
