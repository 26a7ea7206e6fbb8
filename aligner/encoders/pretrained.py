"""A checkpoint folder or hub id -> transformers' config, model and tokenizer, quietly, or one ModelError."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from pickle import UnpicklingError
from typing import TypeAlias, TypeVar

import torch
from huggingface_hub.errors import HFValidationError
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from xalign.errors import DependencyError, ModelError

Family: TypeAlias = type[PreTrainedModel] | type[AutoModel]
Loaded = TypeVar("Loaded")

# What transformers, safetensors, tokenizers and torch raise for missing, truncated or foreign files.
_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    TypeError,
    EOFError,
    UnpicklingError,
    SafetensorError,
    HFValidationError,
)
# A checkpoint without this is whole: no hidden state is computed from it.
_DISPENSABLE = ("pooler.",)


def read_config(checkpoint: str) -> PretrainedConfig:
    with _reading(checkpoint):
        return _cached_first(AutoConfig.from_pretrained, checkpoint)


def read_tokenizer(checkpoint: str) -> PreTrainedTokenizerBase:
    with _reading(checkpoint):
        return _cached_first(AutoTokenizer.from_pretrained, checkpoint)


def read_model(family: Family, checkpoint: str, dtype: torch.dtype, **options: object) -> PreTrainedModel:
    """The checkpoint's model as transformers' class `family`; ModelError where it lacks weights."""
    model, _ = read_model_and_gaps(family, checkpoint, dtype, (), **options)
    return model


def read_model_and_gaps(
    family: Family, checkpoint: str, dtype: torch.dtype, dispensable: tuple[str, ...] = (), **options: object
) -> tuple[PreTrainedModel, list[str]]:
    """The model, and which weights it lacks; ModelError unless all of those begin as `dispensable` says."""
    with _reading(checkpoint):
        model, report = _cached_first(
            family.from_pretrained, checkpoint, dtype=dtype, output_loading_info=True, **options
        )
    gaps = sorted(report["missing_keys"])
    if missing := [name for name in gaps if not name.startswith((*_DISPENSABLE, *dispensable))]:
        raise ModelError(
            f"{checkpoint}: {len(missing)} of the model's weights are missing, the first is {missing[0]}; "
            f"expected a checkpoint of {type(model).__name__}"
        )
    return model, gaps


def _cached_first(load: Callable[..., Loaded], checkpoint: str, **options: object) -> Loaded:
    """Ask the hub only for what is not in its cache: a model that is there starts without the network."""
    if not Path(checkpoint).exists():
        with suppress(OSError):
            return load(checkpoint, local_files_only=True, **options)
    return load(checkpoint, **options)


@contextmanager
def _reading(checkpoint: str) -> Iterator[None]:
    """Read quietly; turn transformers' errors into one line."""
    try:
        with quietly():
            yield
    except ImportError as error:
        raise DependencyError(f"{checkpoint}: {_first_line(error)}") from error
    except _UNREADABLE as error:
        raise ModelError(f"{checkpoint}: cannot be read as a checkpoint: {_first_line(error)}") from error


@contextmanager
def quietly() -> Iterator[None]:
    """Keep transformers' reports and bars off the user's terminal."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
