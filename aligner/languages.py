"""Codes of languages, such as de, de_DE and pt-BR -> the language that each names, and whether a model has it.

Case does not matter, nor whether - or _ is between the parts of a code.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache

from .errors import LanguageError

logger = logging.getLogger("xalign")


def primary(code: str) -> str:
    """The language of a code, without its country or script: its part of ISO 639.

    >>> primary("pt-BR"), primary("TR")
    ('pt', 'tr')
    """
    return code.replace("-", "_").partition("_")[0].lower()


def find_language(code: str, valid: Sequence[str]) -> str:
    """The code in `valid` that `code` names: the same one; or, if one of the two is a language alone, its only variant.

    So de means de_DE, and de_AT means de. But de_AT does not mean de_DE.

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
        matches = [each for each in valid if primary(each) == wanted]
    if not matches:
        matches = [each for each in valid if each.lower() == primary(code)]
    if len(matches) > 1:
        raise LanguageError(f"language {code!r} can mean {' or '.join(matches)}: give one of these")
    if not matches:
        raise LanguageError(f"unknown language {code!r}: this model knows {', '.join(valid)}")
    return matches[0]


@cache  # warned of once
def warn_of_language(model: str, language: str) -> None:
    """Tell the logger "xalign" that a model does not list a language."""
    logger.warning(
        "%s does not list the language %r: expect worse links (xalign models show %s)", model, language, model
    )
