"""Options that belong together, as one object: a dataclass whose fields say which options they are.

@dataclass(frozen=True)
class Pieces:
    subwords: str = option("--subwords", default="auto", help="How the text marks pieces.")

@option_group(Pieces, "pieces")
def align(pieces: Pieces) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field, fields
from functools import wraps
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def option(*flags: str, **attributes: Any) -> Any:
    """A field of a group: what click.option gives, under the name of the field."""
    return field(metadata={"options": [lambda name: click.option(*flags, name, **attributes)]})


def argument(**attributes: Any) -> Any:
    """The same for click.argument."""
    return field(metadata={"options": [lambda name: click.argument(name, **attributes)]})


def shared(*options: Callable[[Any], Any]) -> Any:
    """The same for options that are made elsewhere, under the same name."""
    return field(metadata={"options": [lambda name, each=each: each for each in options]})


def option_group(kind: type, name: str) -> Callable[[Command], Command]:
    """Give a command the options of a dataclass, in the order of its fields, as one argument called `name`."""
    options = [(each.name, make(each.name)) for each in fields(kind) for make in each.metadata["options"]]
    return gathered(options, name, kind)


def gathered(
    options: Iterable[tuple[str, Callable[[Any], Any]]], name: str, make: Callable[..., Any] = dict
) -> Callable[[Command], Command]:
    """Give a command options, each with the name of its value, and hand it what `make` makes of the values."""
    options = list(options)

    def decorated(command: Command) -> Command:
        @wraps(command)
        def with_group(*args: Any, **values: Any) -> Any:
            group = make(**{each: values.pop(each) for each in dict(options)})
            return command(*args, **values, **{name: group})

        for _, option in reversed(options):
            option(with_group)
        return with_group  # type: ignore[return-value]

    return decorated
