"""A checkpoint folder -> transformers' config, model and tokenizer, quietly, or one ModelError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from ..errors import DependencyError, ModelError, first_line

Family: TypeAlias = type[PreTrainedModel] | type[AutoModel]

# Always given to transformers, which otherwise asks on standard output whether code may be run.
_LOCALLY: dict[str, bool] = {"local_files_only": True, "trust_remote_code": False}
# Trusted code may be in another repository.
TRUSTING: dict[str, bool] = {"local_files_only": False, "trust_remote_code": True}
# Weights that a checkpoint may lack: no hidden state depends on them.
_DISPENSABLE = ("pooler.",)


def read_config(folder: str) -> PretrainedConfig:
    with _reading(folder):
        return AutoConfig.from_pretrained(folder, **_LOCALLY)


def read_tokenizer(folder: str, trust_remote_code: bool = False) -> PreTrainedTokenizerBase:
    with _reading(folder):
        return AutoTokenizer.from_pretrained(folder, **(TRUSTING if trust_remote_code else _LOCALLY))


def read_model(family: Family, folder: str, dtype: torch.dtype, **options: object) -> PreTrainedModel:
    """The model in a folder, as transformers' class `family`; ModelError if weights are missing."""
    model, _ = read_model_and_gaps(family, folder, dtype, (), **options)
    return model


def read_model_and_gaps(
    family: Family, folder: str, dtype: torch.dtype, dispensable: tuple[str, ...] = (), **options: object
) -> tuple[PreTrainedModel, list[str]]:
    """(model, names of missing weights); ModelError if one of these begins with none of `dispensable`."""
    with _reading(folder):
        model, report = family.from_pretrained(
            folder, dtype=dtype, output_loading_info=True, **{**_LOCALLY, **options}
        )
    gaps = sorted(report["missing_keys"])
    if missing := [name for name in gaps if not name.startswith((*_DISPENSABLE, *dispensable))]:
        raise ModelError(
            f"{folder}: {len(missing)} of the model's weights are missing, the first is {missing[0]}; "
            f"expected a checkpoint of {type(model).__name__}"
        )
    return model, gaps


@contextmanager
def _reading(checkpoint: str) -> Iterator[None]:
    """Read quietly; turn transformers' errors into one line."""
    try:
        with quietly():
            yield
    except ImportError as error:
        raise DependencyError(f"{checkpoint}: {first_line(error)}") from error
    except Exception as error:
        # These libraries raise all kinds of errors for damaged and foreign files.
        raise ModelError(f"{checkpoint}: cannot be read as a checkpoint: {first_line(error)}") from error


@contextmanager
def quietly() -> Iterator[None]:
    """Keep transformers from writing reports and progress bars to the terminal."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
