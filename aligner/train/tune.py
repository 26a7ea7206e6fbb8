"""Which weights are trained: all of them, low-rank updates of attention, or those that all languages share.

LoRA (Hu et al., 2022) adds a product of two thin matrices to each projection of attention, and trains nothing else.
When the encoder is saved, the products are added to the projections, so that the result is an ordinary checkpoint.
`shared` follows the authors of X-MOD (Pfeiffer et al., 2022): embeddings and language adapters are frozen, so that the
trained model still works for languages that it was not trained on.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ..encoders.base import WholeEncoder
from ..errors import DependencyError, OptionError
from ..options import chosen
from .options import Tuning

RANK = 16  # of a LoRA product
SCALE = 2.0  # what the product is multiplied by; LoRA's alpha / rank
SMALL = 50_000_000  # weights; published encoders have more

_ATTENTION = re.compile("attention|attn", re.IGNORECASE)


def prepare(encoder: WholeEncoder, tuning: str) -> None:
    """Freeze the weights that are not trained, and add those of LoRA.

    Raises:
        OptionError: the tuning is unknown, or does not exist for the encoder's family.
        DependencyError: LoRA needs peft.
    """
    choice = chosen("tuning", tuning, Tuning)
    if choice is Tuning.SHARED:
        encoder.freeze_for_finetuning()
    if choice is Tuning.LORA:
        _add_lora(encoder)


def usual_rate(model: nn.Module) -> float:
    """The default learning rate for a model of this size, for all its weights or for LoRA."""
    weights = sum(weight.numel() for weight in model.parameters())
    if weights <= SMALL:
        return 5e-4
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    return 2e-4 if trained < weights / 20 else 2e-5


def _add_lora(encoder: WholeEncoder) -> None:
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise DependencyError("lora needs peft, which is not installed: pip install peft") from error
    projections = [
        name
        for name, module in encoder.model.named_modules()
        if isinstance(module, nn.Linear) and _ATTENTION.search(name)
    ]
    if not projections:
        raise OptionError(f"tuning lora: found no attention in {type(encoder.model).__name__}", "tuning")
    config = LoraConfig(r=RANK, lora_alpha=SCALE * RANK, target_modules=projections)
    inject_adapter_in_model(config, encoder.model)  # freezes everything else


def merged_weights(model: nn.Module) -> dict[str, Tensor]:
    """The state dict with the checkpoint's own names and LoRA's products added; the model is not changed."""
    weights = {
        name.replace(".base_layer.", "."): tensor
        for name, tensor in model.state_dict().items()
        if ".lora_" not in name
    }
    for name, module in model.named_modules():
        if hasattr(module, "get_delta_weight"):
            [adapter] = module.active_adapters
            with torch.no_grad():
                weights[f"{name}.weight"] = module.weight + module.get_delta_weight(adapter)
    return weights
