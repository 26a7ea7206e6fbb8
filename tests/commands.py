"""Every command of xalign, with its names: the root, groups and what is in them."""

import click

from xalign.cli import main


def commands(group=main, *names):
    yield names, group
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield (*names, name), command
