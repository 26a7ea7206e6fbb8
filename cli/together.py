"""Options that change nothing by themselves: without the one that they go with, they are bad usage."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.core import ParameterSource


def typed(*names: str) -> list[str]:
    """Those of the parameters of the command that its user typed, as the command line calls them."""
    context = click.get_current_context()
    options = {str(option.name): option for option in context.command.params}
    return [
        options[name].opts[0]
        for name in names
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]


def expect_with(needed: str, is_there: object, *names: str) -> None:
    """Where what is `needed` is not there, none of the parameters may be typed.

    Raises:
        click.UsageError: one of them is.
    """
    if not is_there and (given := typed(*names)):
        raise click.UsageError(f"{given[0]} goes with {needed}")


def expect_without(other: str, is_there: object, names: Iterable[str]) -> None:
    """Where `other` is there, none of the parameters may be typed.

    Raises:
        click.UsageError: one of them is.
    """
    if is_there and (given := typed(*names)):
        raise click.UsageError(f"{given[0]} does not go with {other}")
