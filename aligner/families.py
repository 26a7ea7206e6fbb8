"""A preset -> its encoder: which file in encoders/ reads a checkpoint, and whether it may be read at all."""

from __future__ import annotations

import importlib
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from .encoder import Encoder, WholeEncoder
from .encoders.aligning import AligningEncoder
from .encoders.folder import CONFIG, TOKENIZER, WEIGHTS, brings_code, check_folder, refuse_code
from .errors import ModelError
from .hub import checkpoint_folder
from .json_file import read_object
from .models import BUNDLED, Preset, holds_fairseq

# family -> (module, class): most of them import transformers, which takes seconds, so only the one in use is imported.
_FAMILIES = {
    "prenorm": (".encoders.prenorm", "PrenormEncoder"),
    "postnorm": (".encoders.postnorm", "PostnormEncoder"),
    "roberta": (".encoders.roberta", "RobertaEncoder"),
    "xmod": (".encoders.xmod", "XmodEncoder"),
    "xlm": (".encoders.xlm", "XlmEncoder"),
    "bert": (".encoders.bert", "BertEncoder"),
    "fairseq": (".encoders.fairseq", "FairseqEncoder"),
    "generic": (".encoders.generic", "GenericEncoder"),
    "foreign": (".encoders.generic", "ForeignEncoder"),  # brings its own code, and is trusted
}
# transformers' model_type -> family; every other type is generic.
_FAMILY_OF_TYPE = {
    "xlm-roberta": "roberta",
    "xlm-roberta-xl": "roberta",
    "xmod": "xmod",
    "xlm": "xlm",
    "bert": "bert",
}


def load_encoder(
    preset: Preset,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    trust_remote_code: bool = False,
) -> WholeEncoder:
    """The encoder that `preset` names, in evaluation mode.

    Args:
        trust_remote_code: run the Python code that the checkpoint brings, if it brings any.

    Raises:
        ModelError: the checkpoint cannot be read, or brings code that is not trusted.
    """
    folder = checkpoint_folder(preset.checkpoint)
    if trust_remote_code and brings_code(folder):
        folder = checkpoint_folder(preset.checkpoint, with_code=True)
    preset = replace(preset, checkpoint=str(folder))
    module, name = _FAMILIES[_family(preset, folder, trust_remote_code)]
    family: type[WholeEncoder] = getattr(importlib.import_module(module, __package__), name)
    encoder = family.load(preset, dtype)
    if folder not in BUNDLED.values():
        _check_usable(encoder, folder)
    encoder.model.eval()
    encoder.to(device)
    return encoder


def load_for_aligning(
    preset: Preset,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    highest: int | None = None,
    trust_remote_code: bool = False,
) -> Encoder:
    """As `load_encoder`, one that only aligns; `highest` leaves out the blocks above that layer.

    Raises:
        LayerError: the encoder has no such layer.
        ModelError: as of `load_encoder`.
    """
    whole = load_encoder(preset, "cpu", dtype, trust_remote_code)
    return AligningEncoder(whole, torch.device(device), highest)


def _family(preset: Preset, folder: Path, trusts: bool) -> str:
    """Which family reads the checkpoint; ModelError unless it may be read at all."""
    if preset.family == "fairseq" or (preset.family == "auto" and holds_fairseq(folder)):
        return "fairseq"
    if not folder.is_dir():
        raise ModelError(f"{folder}: a file, where {preset.name} needs a folder with {CONFIG} and weights")
    if folder not in BUNDLED.values():  # what comes with the package is no safer than the package
        if not trusts:
            refuse_code(folder)
        check_folder(folder, frozenset(_FAMILY_OF_TYPE))
        if trusts and brings_code(folder):
            return "foreign"
    if preset.family != "auto":
        return preset.family
    config = read_object(folder / CONFIG)
    if _is_prenorm(folder, config):
        return "prenorm"
    return _FAMILY_OF_TYPE.get(config["model_type"], "generic")


def _is_prenorm(folder: Path, config: dict[str, Any]) -> bool:
    """Whether it is an XLM-RoBERTa-XL, as `mini` is, in the files that can be read without transformers."""
    return (
        config["model_type"] == "xlm-roberta-xl"
        and config.get("hidden_act", "gelu") == "gelu"
        and all((folder / name).is_file() for name in (WEIGHTS, TOKENIZER))
    )


def _check_usable(encoder: WholeEncoder, folder: Path) -> None:
    """ModelError for what only a loaded model shows."""
    if encoder.limit < 1:
        raise ModelError(f"{folder / CONFIG}: max_position_embeddings leaves no room for a word")
    rows = getattr(encoder.model.config, "vocab_size", None)
    words = encoder.vocabulary.size - len(encoder.vocabulary.specials)
    if isinstance(rows, int) and words > rows:
        raise ModelError(
            f"{folder / CONFIG}: vocab_size is {rows}, but the tokenizer beside it has {words} subwords and more"
        )
    for name, weight in chain(encoder.model.named_parameters(), encoder.model.named_buffers()):
        # A sum is quick, and not finite where one of them is not; where it is merely too large, they are looked at.
        if not weight.detach().sum().isfinite() and not weight.detach().isfinite().all():
            dtype = str(weight.dtype).removeprefix("torch.")
            raise ModelError(
                f"{folder}: {name} holds weights that are not finite numbers, read as {dtype}: the file is damaged, "
                "or has numbers too large for that --dtype"
            )
