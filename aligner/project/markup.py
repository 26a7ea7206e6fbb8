"""Text with inline tags and placeholders -> plain text, its words, and a tree of the tags and placeholders.

    Click <b>the <i>red</i> button</b><br/> to delete {0}

An *element* is a pair of tags with the text between them. A *point* contains no words: a self-closing or void tag, a
comment, an element without words, a code of XLIFF (<ph>, <bpt>, <ept>, <it>), or a placeholder. Tags without a partner
are listed separately, since they cannot be carried over. Does not: read documents; every line is a text of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..errors import FormatError
from ..text.placeholders import TAG, VARIABLE
from ..text.tokenization import Span, Tokenized
from .offsets import words_within
from .spans import Lost

_CODE = r"<(?P<code>ph|bpt|ept|it|script|style)\b[^<>]*(?<!/)>.{0,5000}?</(?P=code)\s*>"
_ITEM = re.compile(f"{_CODE}|(?P<tag>{TAG})|(?P<variable>{VARIABLE})", re.IGNORECASE)
_NAME = re.compile(r"</?([A-Za-z][\w:.-]*)")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
DEEPEST = 100  # elements within each other
UNCLOSED = "it is not closed in its line"
UNOPENED = "it is not opened in its line"


@dataclass(slots=True)
class Point:
    """`place`: beginning and end in the plain text. `before`, `after`: whether there is a space next to it."""

    text: str
    place: Span
    is_variable: bool = False
    before: bool = False
    after: bool = False


@dataclass(slots=True)
class Element:
    """`place`: beginning and end in the plain text, without the tags. `words`: those between the tags.

    `before`, `after`: whether there is a space next to the element. `padded`: whether there is one inside, at each tag.
    """

    opening: str
    closing: str = ""
    place: Span = (0, 0)
    before: bool = False
    after: bool = False
    padded: bool = False
    children: list[Node] = field(default_factory=list)
    words: range = range(0)

    def as_point(self) -> Point:
        """The element, with the points inside, as a point."""
        inside = "".join(each.text for each in self.children if isinstance(each, Point))
        return Point(
            f"{self.opening}{inside}{self.closing}", self.place, before=self.before, after=self.after
        )


Node = Point | Element


@dataclass(frozen=True, slots=True)
class MarkedUp:
    """A text without its tags, in which placeholders are words. `unpaired`: tags without a partner."""

    tokenized: Tokenized
    nodes: tuple[Node, ...]
    unpaired: tuple[Lost, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return self.tokenized.words


def parse(line: str, tokenized: Callable[[str], Tokenized]) -> MarkedUp:
    """Read one line; `tokenized` finds the words of a text.

    Raises:
        FormatError: tags are nested too deeply.
    """
    reader = _Reader(line)
    reader.read()
    text = tokenized("".join(reader.plain))
    return MarkedUp(text, tuple(reader.completed(reader.root.children, text)), tuple(reader.unpaired))


class _Reader:
    """Reads a line from left to right."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.plain: list[str] = []
        self.length = 0  # of the plain text so far
        self.parting: set[int] = set()  # where it has a space that replaces a tag
        self.root = Element("")
        self.open = [self.root]
        self.unpaired: list[Lost] = []

    def read(self) -> None:
        end = 0
        for match in _ITEM.finditer(self.line):
            self.add(self.line[end : match.start()])
            start, end = match.span()
            name = _NAME.match(match[0])
            if match["variable"]:
                self.open[-1].children.append(Point(match[0], (self.length, self.length + end - start), True))
                self.add(match[0])
            elif match["code"] or name is None or match[0].endswith("/>") or name[1].lower() in _VOID:
                self.point(match[0], self.line[start - 1 : start] + self.line[end : end + 1])
            elif match[0].startswith("</"):
                self.close(match[0], name[1], self.line[start - 1 : start].isspace())
            else:
                self.enter(match[0], self.line[end : end + 1].isspace())
        self.add(self.line[end:])
        while len(self.open) > 1:
            self.leave_open()

    def add(self, text: str) -> None:
        self.plain.append(text)
        self.length += len(text)

    def point(self, text: str, around: str) -> None:
        self.open[-1].children.append(Point(text, (self.length, self.length)))
        if not any(map(str.isspace, around)):
            self.parting.add(self.length)
            self.add(" ")  # words with only a tag between them are two words

    def enter(self, text: str, padded: bool) -> None:
        if len(self.open) > DEEPEST:
            raise FormatError(f"more than {DEEPEST} tags within each other")
        self.open.append(Element(text, place=(self.length, self.length), padded=padded))

    def close(self, text: str, name: str, padded: bool) -> None:
        names = [_NAME.match(each.opening) for each in self.open]
        if not any(each is not None and each[1] == name for each in names):
            self.unpaired.append(Lost(text, UNOPENED))
            return
        while (opened := _NAME.match(self.open[-1].opening)) is None or opened[1] != name:
            self.leave_open()
        element = self.open.pop()
        element.closing, element.place = text, (element.place[0], self.length)
        element.padded &= padded
        self.open[-1].children.append(element)

    def leave_open(self) -> None:
        """Give up the innermost open tag, which has no partner; its content belongs to the tag around it."""
        element = self.open.pop()
        self.unpaired.append(Lost(element.opening, UNCLOSED))
        self.open[-1].children += element.children

    def is_space(self, text: str, at: int) -> bool:
        """Whether the line has a space at this place of the plain text, or begins or ends there."""
        return not 0 <= at < len(text) or (text[at].isspace() and at not in self.parting)

    def completed(self, nodes: list[Node], text: Tokenized) -> list[Node]:
        """The nodes with the values that depend on the whole text; elements without words become points."""
        found: list[Node] = []
        for node in nodes:
            start, end = node.place
            node = replace(
                node, before=self.is_space(text.text, start - 1), after=self.is_space(text.text, end)
            )
            if isinstance(node, Element):
                words = words_within(text, node.place)
                node = replace(node, words=words, children=self.completed(node.children, text))
                node = node if words else node.as_point()
            found.append(node)
        return found
