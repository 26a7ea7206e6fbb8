"""The name of a model on the command line, and its completions in the shell."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from xalign.models import BUNDLED
from xalign.models.published import PRESETS


class ModelName(click.ParamType):  # type: ignore[type-arg]
    """A preset, a folder, an archive or a hub id; whether it exists is checked when it is loaded."""

    name = "model"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Presets, or else files and folders."""
        presets = [name for name in (*BUNDLED, *PRESETS) if name.startswith(incomplete)]
        return [CompletionItem(name) for name in presets] or [CompletionItem(incomplete, type="file")]


MODEL = ModelName()
