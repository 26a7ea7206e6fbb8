"""A language as the user types it -> the checkpoint's code for it."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import LanguageError


def find_language(code: str, valid: Sequence[str]) -> str:
    """The code in `valid` that `code` names: the same one, or the only one with the same ISO 639-1 part.

    >>> find_language("de", ["en_XX", "de_DE"])
    'de_DE'
    >>> find_language("pt-br", ["pt_BR", "pt_PT"])
    'pt_BR'
    >>> find_language("de_AT", ["de", "en"])
    'de'
    """
    wanted = code.replace("-", "_").lower()
    matches = [each for each in valid if each.lower() == wanted]
    if not matches and "_" not in wanted:
        matches = [each for each in valid if each.lower().partition("_")[0] == wanted]
    if not matches:
        matches = [each for each in valid if each.lower() == wanted.partition("_")[0]]
    if len(matches) > 1:
        raise LanguageError(f"language {code!r} can mean {' or '.join(matches)}: give one of these")
    if not matches:
        raise LanguageError(f"unknown language {code!r}: this model knows {', '.join(valid)}")
    return matches[0]
