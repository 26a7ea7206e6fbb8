"""Options that depend on others: an option that would change nothing is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import click
from click.core import ParameterSource

from xalign.errors import OptionError
from xalign.formats import FORMATS, WRITERS


def typed(*names: str) -> list[str]:
    """The options among these parameters that were typed on the command line, spelled with dashes."""
    context = click.get_current_context()
    options = {str(option.name): option for option in context.command.params}
    return [
        options[name].opts[0]
        for name in names
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]


def expect_with(needed: str, is_there: object, *names: str) -> None:
    """Refuse parameters that were typed without the option that they depend on.

    `needed`: that option, for the message; `is_there`: whether it was given.
    """
    if not is_there and (given := typed(*names)):
        raise click.UsageError(f"{given[0]} goes with {needed}")


def expect_without(other: str, is_there: object, names: Iterable[str]) -> None:
    """Refuse parameters that were typed together with an option that makes them useless.

    `other`: that option, for the message; `is_there`: whether it was given.
    """
    if is_there and (given := typed(*names)):
        raise click.UsageError(f"{given[0]} does not go with {other}")


def expect_format(option: str, is_there: bool, format: str, property: Literal["based", "scored"]) -> None:
    """Refuse an option of the output that would change nothing in its format."""
    if is_there and not getattr(FORMATS[format], property):
        able = ", ".join(name for name in WRITERS if getattr(FORMATS[name], property))
        raise OptionError(f"{option} is for {able}, and the format is {format}")
