"""A checkpoint folder or hub id -> transformers' config, model and tokenizer, quietly, or one ModelError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from huggingface_hub.errors import HFValidationError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from xalign.errors import DependencyError, ModelError

# What transformers, safetensors, tokenizers and torch raise for missing, truncated or foreign files.
_UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, TypeError, EOFError, SafetensorError, HFValidationError)
# A checkpoint without these is whole: no hidden state is computed from them.
_DISPENSABLE = ("pooler.", "position_ids")


def read_config(checkpoint: str) -> PretrainedConfig:
    with _reading(checkpoint):
        return AutoConfig.from_pretrained(checkpoint)


def read_tokenizer(checkpoint: str, **options: Any) -> PreTrainedTokenizerBase:
    with _reading(checkpoint):
        return AutoTokenizer.from_pretrained(checkpoint, **options)


def read_model(
    family: type[PreTrainedModel], checkpoint: str, dtype: torch.dtype, dispensable: tuple[str, ...] = (), **options: Any
) -> PreTrainedModel:
    """The checkpoint's model; ModelError where weights are missing, but for those named `dispensable`."""
    with _reading(checkpoint):
        model, report = family.from_pretrained(checkpoint, dtype=dtype, output_loading_info=True, **options)
    missing = [
        name for name in sorted(report["missing_keys"]) if not any(part in name for part in (*_DISPENSABLE, *dispensable))
    ]
    if missing:
        raise ModelError(
            f"{checkpoint}: {len(missing)} of the model's weights are missing (the first is {missing[0]}); "
            f"expected a checkpoint of {family.__name__}"
        )
    return model


@contextmanager
def _reading(checkpoint: str) -> Iterator[None]:
    """Keep transformers' reports and bars off the user's terminal; turn its errors into one line."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    except ImportError as error:
        raise DependencyError(f"{checkpoint}: {_first_line(error)}") from error
    except _UNREADABLE as error:
        raise ModelError(f"{checkpoint}: cannot be read as a checkpoint: {_first_line(error)}") from error
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
