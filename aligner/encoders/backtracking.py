"""Whether a regular expression can take time exponential in the length of the text, judged by its form.

A pattern that repeats a part which can match in several ways, such as `(a+)+` or `(a|aa)*`, tries all of them before it
fails. The patterns of published tokenizers repeat only characters and classes of characters. This check is
conservative: a pattern that is refused need not be slow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

# The costs of choices, and their highest sum in one alternative: each optional part doubles the ways to match it, and
# each repetition without end adds a power of the length of a word.
_CHOICE, _ENDLESS, _MOST_COST = 1, 8, 20
# Back references, calls of groups, absent operators, conditions: these cannot be judged by their form.
_UNJUDGED = re.compile(r"\\(?:[1-9]|[gk][<'])|\(\?(?:~|\()")
_QUANTIFIER = re.compile(r"[*+?]|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\}")
_OPENING = re.compile(r"\((?:\?(?:<?[=!]|[>:]|<\w+>|[a-z-]*:|[a-z-]*(?=\))))?")
_ATOM = re.compile(r"\\(?:[pPxuo]\{[^}]*\}|.)|.", re.DOTALL)


@dataclass
class _Part:
    """A whole pattern, or a group in parentheses."""

    varies: bool = False  # it can match in several ways
    cost: int = 0  # of the choices in the current alternative
    highest: int = 0  # the highest cost of an alternative

    def end_alternative(self) -> None:
        self.highest = max(self.highest, self.cost)
        self.cost = 0


def backtracks(pattern: str) -> bool:
    r"""Whether the pattern can take exponential time, or cannot be judged.

    >>> backtracks(r" ?\p{L}+| ?[^\s\p{L}]+|\s+(?!\S)"), backtracks("(a+)+$"), backtracks("(a|aa)*b")
    (False, True, True)
    """
    if _UNJUDGED.search(pattern):
        return True
    parts, place = [_Part()], 0
    while place < len(pattern):
        closed = _Part()  # the part that a following quantifier repeats
        if pattern[place] == "(":
            parts.append(_Part())
            place = _end(_OPENING, pattern, place)
            continue
        if pattern[place] == "|":
            parts[-1].varies = True
            parts[-1].cost += _CHOICE
            parts[-1].end_alternative()
            place += 1
            continue
        if pattern[place] == ")":
            if len(parts) == 1:
                return True
            closed = parts.pop()
            closed.end_alternative()
            place += 1
        elif pattern[place] == "[":
            place = _end_of_class(pattern, place)
        else:
            place = _end(_ATOM, pattern, place)
        repetition = _repetition(pattern, place)
        if repetition.repeats and closed.varies:
            return True
        parts[-1].varies |= closed.varies or repetition.varies
        parts[-1].cost += closed.highest + repetition.cost
        place = repetition.end
    parts[-1].end_alternative()
    return len(parts) > 1 or parts[-1].highest > _MOST_COST


class _Repetition(NamedTuple):
    """The effect of the quantifiers after a part, and where they end. `cost`: of their choice; 0 if there is none."""

    end: int
    repeats: bool = False
    cost: int = 0

    @property
    def varies(self) -> bool:
        return self.cost > 0


def _repetition(pattern: str, place: int) -> _Repetition:
    found = _Repetition(place)
    while match := _QUANTIFIER.match(pattern, found.end):
        cost = _CHOICE
        if match[0] in ("*", "+") or (match["comma"] and not match["most"]):
            cost = _ENDLESS
        elif match["least"] and not match["comma"] and len(match["least"]) == 1:
            cost = 0  # an exact, small number of times
        found = _Repetition(match.end(), found.repeats or match[0] != "?", max(found.cost, cost))
    return found


def _end(expected: re.Pattern[str], pattern: str, place: int) -> int:
    found = expected.match(pattern, place)
    return found.end() if found else place + 1


def _end_of_class(pattern: str, place: int) -> int:
    """The place after the class of characters that begins at `place`; classes may be nested."""
    depth = 0
    while place < len(pattern):
        character = pattern[place]
        if character == "[":
            depth += 1
            # A bracket right after the beginning is one of the characters.
            place += 1 + pattern.startswith("^", place + 1)
            place += pattern.startswith("]", place)
            continue
        place += 2 if character == "\\" else 1
        depth -= character == "]"
        if depth == 0:
            break
    return place
