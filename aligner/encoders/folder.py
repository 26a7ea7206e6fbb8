"""Whether a checkpoint folder may be loaded: its small files are checked before anything is built from them.

A checkpoint may come from a stranger. It may bring Python code, ask for more memory than any machine has, or have a
tokenizer that never terminates. Does not: read weights (loading them compares their shapes).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..json_file import read_object, shortened
from ..models.hub import has_tokenizer
from .shape import check_numbers
from .tokenizer_file import check_special_tokens, check_tokenizer

CONFIG, WEIGHTS = "config.json", "model.safetensors"
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
_ADDED, _SPECIAL_MAP, _ADAPTER = "added_tokens.json", "special_tokens_map.json", "adapter_config.json"
_IMPLEMENTATIONS = ("attn_implementation", "_attn_implementation", "experts_implementation")


def check_folder(folder: Path, known: frozenset[str]) -> None:
    """Raise ModelError if something in a folder's small files is wrong.

    `known`: the values of `model_type` whose families have a file here.
    """
    if (folder / _ADAPTER).is_file():
        raise ModelError(
            f"{folder / _ADAPTER}: an adapter, not a model: merge it into its model, and save the result"
        )
    config = read_object(folder / CONFIG)
    kind = config.get("model_type")
    if not isinstance(kind, str):
        raise ModelError(
            f"{folder / CONFIG}: model_type is {shortened(kind)}; expected the name of a kind of model"
        )
    check_numbers(config, folder, folder / CONFIG, kind in known)
    if not has_tokenizer(folder) and not brings_code(folder):  # code that is trusted may read any file
        remedy = f"AutoTokenizer.from_pretrained(...).save_pretrained({str(folder)!r})"
        raise ModelError(f"{folder} has no tokenizer: also save it there, with {remedy}")
    if (folder / TOKENIZER).is_file():
        check_tokenizer(folder / TOKENIZER)
    for name in (TOKENIZER_CONFIG, _SPECIAL_MAP, _ADDED):
        if (folder / name).is_file():
            check_special_tokens(read_object(folder / name), folder / name)


def brings_code(folder: Path) -> bool:
    """Whether transformers would have to run Python code from the checkpoint, or named by it."""
    return any(True for _ in _code(folder))


def refuse_code(folder: Path) -> None:
    """Raise ModelError if the checkpoint brings code."""
    for path, key, value in _code(folder):
        raise ModelError(
            f"{path}: {key} is {shortened(value)}: the checkpoint brings Python code, which is not run; "
            "if you have read that code and trust it, give trust_remote_code",
            "trust_remote_code",
        )


def _code(folder: Path) -> Iterator[tuple[Path, str, Any]]:
    for name in (CONFIG, TOKENIZER_CONFIG):
        if (folder / name).is_file():
            yield from ((folder / name, key, value) for key, value in _code_in(read_object(folder / name)))


def _code_in(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """`auto_map` names classes in the checkpoint's own modules; an implementation with a "/" is code on the hub."""
    nested = [("", config)]
    while nested:
        before, each = nested.pop()
        for key, value in each.items():
            if key == "auto_map" or (key in _IMPLEMENTATIONS and "/" in shortened(value)):
                yield before + key, value
            elif isinstance(value, dict):
                nested.append((f"{before}{key}.", value))
