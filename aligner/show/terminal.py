"""A case -> a grid of text: source words down, target words across, a symbol wherever two words are linked.

    ●  linked (green: right)   ◐  possible in the gold   ✗  wrong   ○  missing   ◌  possible, and not linked

Each row ends with the words that its word is linked to, so that it can be read without the heads of the columns. Target
words are written vertically above their columns; if their letters join or combine, the columns have numbers instead.
Does not: print.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from ..score.aer import count
from ..score.plausibility import links_to_no_word
from .case import Case, Exhibit, Mark, Verdict

SYMBOLS = {
    Verdict.LINK: ("●", "bold cyan"),
    Verdict.RIGHT: ("●", "bold green"),
    Verdict.POSSIBLE: ("◐", "green"),
    Verdict.WRONG: ("✗", "bold red"),
    Verdict.MISSING: ("○", "bold yellow"),
    Verdict.OPEN: ("◌", "dim"),
}
_NOTHING = ("·", "dim")
_LABEL = 24  # most cells of a source word; longer words are cut
_HEAD = 14  # most letters of a target word above its column
_LINKED = 16  # fewest cells for the words at the end of a row
_TO_LEFT_TO_RIGHT = "\u200e"  # an invisible letter: a line that begins with it is written from left to right
_ISOLATE, _END = "\u2068", "\u2069"


def grids(exhibit: Exhibit, width: int) -> Iterator[Text]:
    """The text to print: a grid per pair and system, and a legend, at most `width` cells wide if words allow it."""
    several = len(exhibit.systems) > 1
    for case in exhibit.cases:
        for system, name in enumerate(exhibit.systems):
            yield grid(case, system, name if several else "", width)
    if exhibit.gold:
        yield _legend()


def grid(case: Case, system: int, name: str, width: int) -> Text:
    """The grid of one system; it ends with an empty line."""
    marks = case.marks(system)
    lines = [_title(case, system, name), *_numbered(case.pair.target)]
    label = min(_LABEL, max((cell_len(_safe(word)) for word in case.pair.source), default=0))
    cell = (
        3 if any(unicodedata.east_asian_width(letter) in "WF" for letter in "".join(case.pair.target)) else 2
    )
    room = max(1, (width - _indent(case) - label - 1 - _LINKED) // cell)
    for first in range(0, max(1, len(case.pair.target)), room):
        columns = range(first, min(first + room, len(case.pair.target)))
        lines += _head(case.pair.target, columns, _indent(case) + label, cell)
        lines += _rows(case, marks, columns, label, cell)
    return Text("\n").join(lines) + Text("\n")


def _legend() -> Text:
    """The meaning of the symbols."""
    verdicts = [verdict for verdict in Verdict if verdict != Verdict.LINK]
    return Text("   ").join(Text.assemble(SYMBOLS[verdict], f" {verdict}") for verdict in verdicts)


def _title(case: Case, system: int, name: str) -> Text:
    title = Text.assemble((f"pair {case.number}", "bold"), f"  {name}" if name else "")
    alignment = case.alignments[system]
    if alignment.score is not None:
        title.append(f"  score {alignment.score:.3f}")
    if case.gold is not None:
        title.append(f"  AER {100 * count(alignment, case.gold).aer:.1f}")
    shown = alignment.within(len(case.pair.source), len(case.pair.target))
    if missing := len(alignment.links) - len(shown.links):
        title.append(f"  ({links_to_no_word(missing)}, not shown)", "yellow")
    return title


def _indent(case: Case) -> int:
    """Cells before a source word: its number and a space."""
    return len(str(max(0, len(case.pair.source) - 1))) + 1


def _numbered(words: Sequence[str]) -> list[Text]:
    """A line with the target words and their numbers, if the columns have numbers as heads."""
    if all(map(_is_upright, words)):
        return []
    text = Text(_TO_LEFT_TO_RIGHT)
    for number, word in enumerate(words):
        text.append(f"{number} ", "dim").append(f"{_isolated(_safe(word))}  ")
    text.rstrip()
    return [text]


def _head(words: Sequence[str], columns: range, indent: int, cell: int) -> list[Text]:
    """The target words written vertically, or their numbers, just above the grid."""
    if all(map(_is_upright, words)):
        stacks = [_cut(unicodedata.normalize("NFC", _safe(words[column]))) for column in columns]
    else:
        stacks = [str(column) for column in columns]
    height = max(map(len, stacks), default=0)
    stacks = [stack.rjust(height) for stack in stacks]
    return [
        Text(" " * (indent + 1) + "".join(set_cell_size(stack[k], cell) for stack in stacks).rstrip(), "bold")
        for k in range(height)
    ]


def _cut(word: str) -> str:
    return word if len(word) <= _HEAD else word[: _HEAD - 1] + "…"


def _is_upright(word: str) -> bool:
    """Whether a word can be written vertically: its letters neither join nor combine, nor run from right to left."""
    return all(
        unicodedata.category(letter)[0] not in "MC" and unicodedata.bidirectional(letter) not in ("R", "AL")
        for letter in unicodedata.normalize("NFC", word)
    )


def _rows(case: Case, marks: Iterable[Mark], columns: range, label: int, cell: int) -> Iterator[Text]:
    by_row: dict[int, dict[int, Mark]] = {}
    for mark in marks:
        by_row.setdefault(mark.source, {})[mark.target] = mark
    for row, word in enumerate(case.pair.source):
        linked = by_row.get(row, {})
        text = Text(_to_left_to_right([word, *case.pair.target]))
        text.append(f"{row:>{_indent(case) - 1}} ", "dim")
        text.append(_padded(_safe(word), label) + " ")
        for column in columns:
            symbol, style = SYMBOLS[linked[column].verdict] if column in linked else _NOTHING
            text.append(symbol.ljust(cell), style)
        for mark in linked.values():
            if mark.target in columns and mark.verdict != Verdict.OPEN:
                text.append_text(_linked(mark, case.pair.target[mark.target]))
        text.rstrip()
        yield text


def _linked(mark: Mark, word: str) -> Text:
    """A target word at the end of a row, in the colour of its link, with the score."""
    symbol, style = SYMBOLS[mark.verdict]
    text = Text(" ").append("" if symbol == SYMBOLS[Verdict.LINK][0] else symbol, style)
    text.append(_isolated(_safe(word)), style.replace("bold ", ""))
    return text if mark.score is None else text.append(f" {mark.score:.2f}", "dim")


def _padded(word: str, cells: int) -> str:
    """Right-aligned in as many cells; wide letters take two."""
    word = word if cell_len(word) <= cells else set_cell_size(word, cells - 1).rstrip() + "…"
    return " " * (cells - cell_len(word)) + _isolated(word)


def _safe(word: str) -> str:
    """The word with control characters, which a terminal would obey, replaced by pictures of them."""
    return "".join(
        (chr(0x2400 + ord(letter)) if letter < " " else "\ufffd")
        if unicodedata.category(letter) == "Cc"
        else letter
        for letter in word
    )


def _isolated(word: str) -> str:
    """The word, isolated if it may run from right to left, so that it does not reverse its surroundings."""
    return word if _is_plain(word) else f"{_ISOLATE}{word}{_END}"


def _to_left_to_right(words: Iterable[str]) -> str:
    return "" if all(map(_is_plain, words)) else _TO_LEFT_TO_RIGHT


def _is_plain(word: str) -> bool:
    return word.isascii() or not any(
        unicodedata.bidirectional(letter) in ("R", "AL", "RLE", "RLO", "LRE", "LRO", "RLI", "LRI", "FSI")
        for letter in word
    )
