"""The files of a tokenizer, checked before it is built: it must terminate, and fit into the memory.

While a tokenizer is built, added subwords are read, normalised and compiled. Later every word of a text goes through
its normalizers and patterns. A few bytes in a file can make any of these take hours, or all memory.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..json_file import read_object, shortened
from .backtracking import backtracks

# The largest vocabularies have some thousands of added subwords, most of them reserved.
_MOST_ADDED = 100_000
# How much longer all replacements together may make a text.
_MOST_GROWTH = 256
_LONGEST_ENTRY = 64  # of a table of characters: Unicode's own normal forms have 18 characters at most
_MOST_STEPS = 1_000
_LONGEST_PATTERN = 20_000


def check_tokenizer(path: Path) -> None:
    """ModelError unless the tokenizer in `path` can be built and splits any text in reasonable time."""
    content = read_object(path)
    added = content.get("added_tokens") or []
    _check_count(len(added) if isinstance(added, list) else 0, path)
    growth = 1.0
    for step in _steps(content.get("normalizer"), path):
        growth *= _growth(step, path)
        if growth > _MOST_GROWTH:
            raise ModelError(
                f"{path}: its normalizers make a text more than {_MOST_GROWTH} times as long, the last of them by "
                f"{shortened(step)}"
            )
    for step in _steps(content.get("pre_tokenizer"), path):
        _check_pattern(step.get("pattern"), path)


def check_special_tokens(content: Mapping[str, Any], path: Path) -> None:
    """ModelError unless special and added subwords are in the form that transformers writes."""
    if path.name == "added_tokens.json":
        _check_count(len(content), path)
        return
    added = content.get("added_tokens_decoder") or {}
    _check_count(len(added) if isinstance(added, dict) else 0, path)
    for name, value in content.items():
        if name not in _SPECIAL:
            continue
        text = value.get("content") if isinstance(value, dict) else value
        if value is not None and not isinstance(text, str):
            raise ModelError(f"{path}: {name} is {shortened(value)}; expected a text")


_SPECIAL = frozenset(f"{name}_token" for name in ("bos", "eos", "cls", "sep", "pad", "unk", "mask"))


def _check_count(count: int, path: Path) -> None:
    if count > _MOST_ADDED:
        raise ModelError(f"{path}: {count:,} added subwords; at most {_MOST_ADDED:,} are read")


def _steps(part: object, path: Path) -> Iterator[dict[str, Any]]:
    """The steps of a normalizer or pre-tokenizer; sequences are flattened."""
    nested, count = [part], 0
    while nested:
        step = nested.pop()
        count += 1
        if count > _MOST_STEPS:
            raise ModelError(f"{path}: more than {_MOST_STEPS} steps in a normalizer or pre-tokenizer")
        if not isinstance(step, dict):
            continue  # nothing, or something that the library refuses
        inner = step.get("normalizers") or step.get("pretokenizers")
        if isinstance(inner, list):
            nested.extend(reversed(inner))
        else:
            yield step


def _growth(step: dict[str, Any], path: Path) -> float:
    """The factor by which a step of a normalizer can make a text longer, approximately."""
    if step.get("type") == "Replace":
        content, pattern = step.get("content"), step.get("pattern")
        length = len(content) if isinstance(content, str) else 0
        if isinstance(pattern, dict) and isinstance(pattern.get("String"), str):
            found = len(pattern["String"])
            return max(1.0, length / found) if found else 1.0 + length
        _check_pattern(pattern, path)
        return 1.0 + length  # it may match between any two characters
    if step.get("type") == "ByteLevel":
        return 2.0
    if step.get("type") == "Prepend":
        return 1.0 + len(str(step.get("prepend"))) / _LONGEST_ENTRY
    if step.get("type") == "Precompiled":
        _check_table(step.get("precompiled_charsmap"), path)
    return 1.0


def _check_table(encoded: object, path: Path) -> None:
    """Check a table of characters: a trie, then the replacements of its entries, each ended by NUL."""
    try:
        table = base64.b64decode(encoded if isinstance(encoded, str) else "")
    except ValueError:
        return  # the library refuses it, too
    longest = max(len(entry) for entry in table[4 + int.from_bytes(table[:4], "little") :].split(b"\0"))
    if longest > 4 * _LONGEST_ENTRY:
        raise ModelError(f"{path}: precompiled_charsmap makes {longest} bytes of a character")


def _check_pattern(pattern: object, path: Path) -> None:
    """ModelError for a regular expression that can take exponential time in the length of a word."""
    text = pattern.get("Regex") if isinstance(pattern, dict) else None
    if not isinstance(text, str):
        return
    if len(text) > _LONGEST_PATTERN:
        raise ModelError(
            f"{path}: a pattern of {len(text):,} characters; at most {_LONGEST_PATTERN:,} are read"
        )
    if backtracks(text):
        raise ModelError(
            f"{path}: the pattern {shortened(text)} can take for ever on a long word, since it repeats "
            "a part that can match in several ways"
        )
