"""The help of a command whose options are in sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

# parameter -> the section that begins with it, unless a command says otherwise
SECTIONS = {
    "devices": "Cores, devices, clusters",
    "model": "Model and method",
    "progress": "Progress and help",
}


class SectionedCommand(click.Command):
    """A command whose help has its options in sections, in their order.

    `sections`: the name of a parameter -> the title of the section that begins with it.
    """

    def __init__(self, *args: Any, sections: Mapping[str, str] | None = None, **values: Any) -> None:
        super().__init__(*args, **values)
        self.sections = {**SECTIONS, **(sections or {})}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        title, rows = "Options", list[tuple[str, str]]()
        for parameter in self.get_params(ctx):
            if str(parameter.name) in self.sections:
                _write(formatter, title, rows)
                title, rows = self.sections[str(parameter.name)], []
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)):
                rows.append(record)
        _write(formatter, title, rows)


def _write(formatter: click.HelpFormatter, title: str, rows: list[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)
