"""Options as data: their valid values, and the messages for wrong ones, in Python, xalign.json and on the command line.

Options are the fields of frozen dataclasses. The type of a field, its bounds and its help (`Option`) define the check,
the message for a wrong value, the option of the command line, and the key in xalign.json.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from numbers import Integral, Real
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from .errors import OptionError
from .json_file import shortened

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound="Choice")


class Choice(StrEnum):
    """The values of one option; each is its own name: `Level.WORD == "word"`."""


@dataclass(frozen=True, slots=True)
class Option:
    """The properties of an option besides its type and default, in an `Annotated`.

    `help`: that of the command line, which has no such option without it. `least`, `most`: bounds of a number; `above`,
    `below`: bounds that it must not reach. `flag`: a whole number that is a switch on the command line: True is 1.
    """

    help: str = ""
    least: int | None = None
    most: int | None = None
    above: int | None = None
    below: int | None = None
    flag: bool = False

    def allows(self, number: float) -> bool:
        """Whether a number is within the bounds."""
        return (
            (self.least is None or self.least <= number)
            and (self.most is None or number <= self.most)
            and (self.above is None or self.above < number)
            and (self.below is None or number < self.below)
        )

    @property
    def bounds(self) -> str:
        """The bounds in words, to go on "a number"."""
        low = "" if self.least is None else f" from {self.least}"
        low += "" if self.above is None else f" above {self.above}"
        high = "" if self.most is None else f" to {self.most}"
        return low + high + ("" if self.below is None else f" and below {self.below}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """An option by its name. `kind`: a `Choice`, int, float, bool, str, tuple (of texts) or dict (texts by texts)."""

    name: str
    kind: type
    optional: bool  # may be None
    option: Option

    def settled(self, value: Any) -> Any:
        """The value, converted to the type of the option; OptionError, with the option's name, if it is wrong."""
        if value is None and self.optional:
            return None
        if issubclass(self.kind, Choice):
            return chosen(self.name, value, self.kind)
        if self.kind is tuple and isinstance(value, (tuple, list)) and _are_texts(value):
            return tuple(value)
        if self.kind is dict and isinstance(value, Mapping) and _are_texts((*value, *value.values())):
            return dict(value)
        if self.kind in (bool, str) and isinstance(value, self.kind):
            return value
        if self.kind in (int, float) and self._is_number(value):
            return self.kind(value)
        raise OptionError(f"{self.name} is {shortened(value)}: it must be {self._expected()}", self.name)

    def _is_number(self, value: Any) -> bool:
        wanted = Integral if self.kind is int else Real
        if not isinstance(value, wanted) or (isinstance(value, bool) and not self.option.flag):
            return False
        try:
            number = float(value)
        except OverflowError:  # an integer of hundreds of digits
            return False
        return math.isfinite(number) and self.option.allows(number)

    def _expected(self) -> str:
        expected = {
            bool: "true or false",
            str: "a text",
            int: "a whole number",
            float: "a number",
            tuple: "a list of texts",
            dict: "texts by names",
        }[self.kind]
        return expected + self.option.bounds + (" or none" if self.optional else "")


def parameters(kind: Any) -> Mapping[str, Parameter]:
    """name -> option, of a class of options."""
    return _parameters(kind)


@cache
def _parameters(kind: Any) -> Mapping[str, Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: _parameter(each.name, hints[each.name]) for each in fields(kind)}


def settle(options: Any) -> None:
    """Check every field of a frozen dataclass of options, and convert it to its type; OptionError for a wrong value."""
    for name, parameter in parameters(type(options)).items():
        object.__setattr__(options, name, parameter.settled(getattr(options, name)))


def switches(**values: object) -> dict[str, bool]:
    """The values; OptionError, with its name, for one that is neither true nor false."""
    return {name: Parameter(name, bool, False, Option()).settled(value) for name, value in values.items()}


def split(values: Mapping[str, Any], *kinds: type) -> list[dict[str, Any]]:
    """The values of each of several dataclasses of options; OptionError for a name that none of them has."""
    known = [name for kind in kinds for name in parameters(kind)]
    for name in values:
        if name not in known:
            raise OptionError(f"unknown option {shortened(name)}{did_you_mean(name, known)}")
    return [{name: values[name] for name in parameters(kind) if name in values} for kind in kinds]


def chosen(name: str, value: Any, choices: type[C]) -> C:
    """The member of `choices` with this value; OptionError, which says `name`, if there is none."""
    expect_one_of(name, value, choices)
    return choices(value)


def expect_one_of(name: str, value: object, known: Iterable[str]) -> None:
    """OptionError, with all valid values, unless the value is one of them.

    >>> expect_one_of("level", "wrd", Level)  # doctest: +SKIP
    OptionError: level is 'wrd': choose one of subword, word; did you mean 'word'?
    """
    known = list(known)
    if not isinstance(value, str) or value not in known:
        raise OptionError(
            f"{name} is {shortened(value)}: choose one of {', '.join(known)}{did_you_mean(value, known)}",
            name,
        )


def did_you_mean(text: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the most similar known one, or nothing.

    >>> did_you_mean("itermx", ["argmax", "itermax"])
    "; did you mean 'itermax'?"
    """
    close = get_close_matches(text, known, n=1) if isinstance(text, str) else []
    return f"; did you mean '{close[0]}'?" if close else ""


def with_keywords(options: type) -> Callable[[F], F]:
    """Make `inspect.signature`, and so a notebook, show the keys of a TypedDict in place of `**options`."""

    def decorated(function: F) -> F:
        signature = inspect.signature(function)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        hints = get_type_hints(options)
        more = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
            for name, hint in hints.items()
        ]
        function.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        return function

    return decorated


def _parameter(name: str, hint: Any) -> Parameter:
    option = Option()
    if get_origin(hint) is Annotated:
        hint, option = get_args(hint)
    kind, *none = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return Parameter(name, get_origin(kind) or kind, bool(none), option)


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(each, str) for each in values)
