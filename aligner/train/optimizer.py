"""A learner's weights -> their optimizer: AdamW, or Muon for the weights that it is made for.

Muon (Jordan et al., 2024) makes all singular values of a matrix's momentum about 1 before each step, so that directions
with small gradients are learnt as fast as those with large ones. It is used for weight matrices; embeddings, biases,
normalisations and heads keep AdamW (Loshchilov and Hutter, 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from ..errors import DependencyError
from ..options import chosen
from .options import MUON_FACTOR, OptimizerChoice


def make_optimizer(
    learner: nn.Module, name: str, weight_decay: float, muon_factor: float = MUON_FACTOR
) -> Optimizer:
    """The optimizer of all weights that need a gradient; `set_rate` sets its rate.

    `muon_factor`: Muon's rate divided by AdamW's.

    Raises:
        OptionError: no such optimizer.
        DependencyError: this torch has no Muon.
    """
    choice = chosen("optimizer", name, OptimizerChoice)
    weights = [weight for weight in learner.parameters() if weight.requires_grad]
    if choice is OptimizerChoice.ADAMW:
        return _adamw(weights, weight_decay)
    if not hasattr(torch.optim, "Muon"):
        raise DependencyError(
            f"optimizer muon needs torch 2.9 or later; this is {torch.__version__}", "optimizer"
        )
    matrices = [
        module.weight
        for module in learner.get_submodule("model").modules()
        if isinstance(module, nn.Linear) and module.weight.requires_grad
    ]
    by_muon = {id(weight) for weight in matrices}
    muon = torch.optim.Muon(matrices, weight_decay=weight_decay)
    for group in muon.param_groups:
        group["factor"] = muon_factor
    return Several(_adamw([weight for weight in weights if id(weight) not in by_muon], weight_decay), muon)


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Set AdamW's learning rate to `rate`, and Muon's in proportion."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)


class Several(Optimizer):
    """Several optimizers of different weights as one."""

    def __init__(self, *parts: Optimizer) -> None:
        self.parts = parts
        super().__init__([group for part in parts for group in part.param_groups], {})

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for part in self.parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            factors = [group.get("factor", 1.0) for group in part.param_groups]
            part.load_state_dict(state)
            for group, factor in zip(part.param_groups, factors, strict=True):
                group["factor"] = factor  # an option of this run, not of the one that was saved
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def _adamw(weights: Iterable[Tensor], weight_decay: float) -> AdamW:
    return AdamW(weights, betas=(0.9, 0.98), weight_decay=weight_decay, fused=True)
