"""Values of options as they are typed -> what they mean: layers, columns, the name of a model."""

from __future__ import annotations

import re

import click
from click.shell_completion import CompletionItem

from xalign.errors import OptionError
from xalign.models import BUNDLED
from xalign.models.published import PRESETS
from xalign.text.sentences import Columns


def layer_list(text: str, highest: int) -> list[int]:
    """The layers that `text` names, each once and in order, of an encoder with layers 0 to `highest`.

    >>> layer_list("all", 3), layer_list("2,1", 3)
    ([0, 1, 2, 3], [1, 2])
    """
    if text == "all":
        return list(range(highest + 1))
    try:
        return sorted({int(layer) for layer in text.split(",")})
    except ValueError:
        raise OptionError(f'--layers is {text!r}: expected "all" or numbers such as 8,9') from None


def two_numbers(text: str) -> tuple[int, int] | None:
    """Two different numbers from 1, with a comma between them.

    >>> two_numbers("2,3"), two_numbers("2,2"), two_numbers("0,1")
    ((2, 3), None, None)
    """
    match = re.fullmatch(r"([1-9]\d{0,5}),([1-9]\d{0,5})", text, re.ASCII)
    return None if match is None or match[1] == match[2] else (int(match[1]), int(match[2]))


def columns_of(text: str, form: str | None) -> Columns:
    """Two numbers; or two names, if the form is jsonl or not known. OptionError for anything else.

    >>> columns_of("2,3", "tsv"), columns_of("de,en", "jsonl"), columns_of("de,en", None)
    ((2, 3), ('de', 'en'), ('de', 'en'))
    """
    numbers = two_numbers(text)
    if numbers is not None and form != "jsonl":
        return numbers
    names = tuple(text.split(","))
    if form != "tsv" and numbers is None and len(names) == 2 and all(names) and names[0] != names[1]:
        return names[0], names[1]
    expected = "two names, such as de,en" if form == "jsonl" else "two numbers from 1, such as 2,3"
    raise OptionError(f"--columns is {text[:40]!r}: expected {expected}")


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
