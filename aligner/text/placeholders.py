"""Parts of a text that a translation copies unchanged: {user}, %s, ${name}, <b>, &nbsp;, addresses.

Each of them is one word, whatever characters it consists of. Does not: find pairs of tags (project/markup.py does).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Every pattern gives up after a bounded number of characters, since text may be hostile.
TAG = (
    r"""</?[A-Za-z][\w:.-]{0,100}(?:\s(?:[^<>"']|"[^"]{0,5000}"|'[^']{0,5000}'){0,5000}|/)?>"""
    r"|<!--.{0,1000}?-->|<\?.{0,300}?\?>|<!\[CDATA\[.{0,1000}?\]\]>"
)
VARIABLE = (
    r"\{\{[^{}]*\}\}|\$?\{[^{}\s]*\}"  # {{ name }}, {0}, ${name}
    r"|(?<![\d%])%(?:\(\w+\)|\d+\$)?[-+0#]*\d*(?:\.\d+)?(?:ll|l|h)?[sdifgxXeEuco@](?!\w)"  # printf and Python
    r"|(?<![\w%])%\w+%"  # Windows and Symfony
    r"|(?<!\w)\$\w*[A-Za-z_]\w*\$?"  # shell; $i$ of a formula
    r"|(?<!\w)\$\([A-Za-z_]\w*\)"  # make
)
ENTITY = r"&(?:#\d{1,7}|#x[\da-fA-F]{1,6}|[A-Za-z]\w{1,30});"
_ADDRESS = r"(?:https?|ftp)://[^\s<>]*[\w/]|(?<!\w)www\.[^\s<>]*[\w/]|(?<![\w.+-])[\w.+-]{1,100}@\w[\w-]*(?:\.\w[\w-]*)+"

PLACEHOLDER = re.compile(f"{TAG}|{VARIABLE}")
_PROTECTED = re.compile(f"{TAG}|{VARIABLE}|{ENTITY}|{_ADDRESS}")
_SIGN = re.compile(r"[<{%$&@]|://|www\.")  # a quick test, since most text has none


def protected(text: str) -> Iterator[re.Match[str]]:
    """Placeholders, tags, entities, web and mail addresses in a text."""
    return _PROTECTED.finditer(text) if _SIGN.search(text) else iter(())


def is_placeholder(word: str) -> bool:
    """Whether a word is a placeholder and nothing else.

    >>> [is_placeholder(word) for word in ("{user}", "%1$s", "<br/>", "%", "100%", "{", "US$")]
    [True, True, True, False, False, False, False]
    """
    return PLACEHOLDER.fullmatch(word) is not None


def placeholders_in(word: str) -> list[str]:
    """The placeholders that a word contains.

    >>> placeholders_in("{user}'s"), placeholders_in("Mr.{name}/{id}")
    (['{user}'], ['{name}', '{id}'])
    """
    return [match[0] for match in PLACEHOLDER.finditer(word)]
