"""A preset -> its encoder: which file beside this one reads a checkpoint, and whether it may be read at all."""

from __future__ import annotations

import importlib
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from ..device import choose_dtype
from ..errors import ModelError
from ..json_file import read_object
from ..models import BUNDLED, holds_fairseq
from ..models.hub import checkpoint_folder
from ..models.preset import Family, Preset
from .aligning import AligningEncoder
from .base import Encoder, WholeEncoder
from .folder import CONFIG, TOKENIZER, WEIGHTS, brings_code, check_folder, refuse_code

_FOREIGN = ".generic", "ForeignEncoder"  # for a checkpoint that brings its own code, and is trusted
# transformers' model_type -> family; every other type is generic.
_FAMILY_OF_TYPE = {
    "xlm-roberta": Family.ROBERTA,
    "xlm-roberta-xl": Family.ROBERTA,
    "xmod": Family.XMOD,
    "xlm": Family.XLM,
    "bert": Family.BERT,
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
    folder = checkpoint_folder(preset.checkpoint.place)
    if trust_remote_code and brings_code(folder):
        folder = checkpoint_folder(preset.checkpoint.place, with_code=True)
    preset = preset.changed(place=str(folder))
    # Most modules import transformers, which takes seconds, so only the one in use is imported.
    module, name = _class(preset, folder, trust_remote_code)
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
    """As `load_encoder`, but an encoder that only aligns; `highest` drops the blocks above that layer.

    `torch.int8` is for linear layers; everything else is computed in the dtype that "auto" takes.

    Raises:
        LayerError: the encoder has no such layer.
        ModelError: as of `load_encoder`.
        OptionError: models of this kind cannot be computed in int8.
    """
    place = torch.device(device)
    int8 = dtype == torch.int8
    read_in = choose_dtype("auto", place) if int8 else dtype
    whole = load_encoder(preset, "cpu", read_in, trust_remote_code)
    return AligningEncoder(whole, place, highest, int8)


def _class(preset: Preset, folder: Path, trusts: bool) -> tuple[str, str]:
    """The module and the class that read the checkpoint; ModelError unless it may be read at all."""
    family = preset.checkpoint.family
    if family is Family.AUTO and holds_fairseq(folder):
        family = Family.FAIRSEQ
    if family is not Family.FAIRSEQ:
        _check_readable(preset, folder, trusts)
        if trusts and folder not in BUNDLED.values() and brings_code(folder):
            return _FOREIGN
    if family is Family.AUTO:
        config = read_object(folder / CONFIG)
        usual = _FAMILY_OF_TYPE.get(config["model_type"], Family.GENERIC)
        family = Family.PRENORM if _is_prenorm(folder, config) else usual
    return f".{family}", f"{family.capitalize()}Encoder"


def _check_readable(preset: Preset, folder: Path, trusts: bool) -> None:
    if not folder.is_dir():
        raise ModelError(f"{folder}: a file, where {preset.name} needs a folder with {CONFIG} and weights")
    if folder not in BUNDLED.values():  # bundled checkpoints are as safe as the package itself
        if not trusts:
            refuse_code(folder)
        check_folder(folder, frozenset(_FAMILY_OF_TYPE))


def _is_prenorm(folder: Path, config: dict[str, Any]) -> bool:
    """Whether it is an XLM-RoBERTa-XL, as `mini` is, in the files that can be read without transformers."""
    return (
        config["model_type"] == "xlm-roberta-xl"
        and config.get("hidden_act", "gelu") == "gelu"
        and all((folder / name).is_file() for name in (WEIGHTS, TOKENIZER))
    )


def _check_usable(encoder: WholeEncoder, folder: Path) -> None:
    """Raise ModelError for faults that only a loaded model shows."""
    if encoder.limit < 1:
        raise ModelError(f"{folder / CONFIG}: max_position_embeddings leaves no room for a word")
    rows = getattr(encoder.model.config, "vocab_size", None)
    words = encoder.vocabulary.size - len(encoder.vocabulary.specials)
    if isinstance(rows, int) and words > rows:
        raise ModelError(
            f"{folder / CONFIG}: vocab_size is {rows}, but the tokenizer beside it has {words} subwords and more"
        )
    for name, weight in chain(encoder.model.named_parameters(), encoder.model.named_buffers()):
        # A sum is quick, and is not finite if one of them is not. If only the sum overflows, the weights are checked.
        if not weight.detach().sum().isfinite() and not weight.detach().isfinite().all():
            dtype = str(weight.dtype).removeprefix("torch.")
            raise ModelError(
                f"{folder}: {name} holds weights that are not finite numbers, read as {dtype}: the file is damaged, "
                "or has numbers too large for that dtype",
                "dtype",
            )
