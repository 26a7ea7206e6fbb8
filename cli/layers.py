"""`--layers all`, or `--layers 7,8,9` -> numbers of layers."""

from __future__ import annotations

from xalign.errors import OptionError


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
