"""Which rule changes which weights, and that both can be stopped and gone on with."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from xalign.errors import OptionError
from xalign.train.optimizer import Several, make_optimizer, set_rate
from xalign.train.options import MUON_FACTOR


class Small(nn.Module):
    """Stands in for a learner: an encoder under `model`, heads beside it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.model = nn.Sequential(nn.Embedding(11, 8), nn.Linear(8, 16), nn.LayerNorm(16), nn.Linear(16, 8))
        self.head = nn.Linear(8, 2)

    def forward(self) -> torch.Tensor:
        return self.head(self.model(torch.arange(11))).square().mean()


def descend(learner: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> float:
    for _ in range(steps):
        set_rate(optimizer, 1e-3)
        loss = learner()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return loss.item()


def muon(learner: nn.Module) -> Several:
    optimizer = make_optimizer(learner, "muon", 0.01)
    assert isinstance(optimizer, Several)
    return optimizer


def test_muon_takes_the_matrices_of_the_encoder_and_adamw_all_else():
    learner = Small()
    adamw, matrices = muon(learner).parts
    names = {id(weight): name for name, weight in learner.named_parameters()}
    taken = {names[id(weight)] for group in matrices.param_groups for weight in group["params"]}
    left = {names[id(weight)] for group in adamw.param_groups for weight in group["params"]}
    assert taken == {"model.1.weight", "model.3.weight"}
    assert left == set(names.values()) - taken


def test_frozen_weights_are_nobodys():
    learner = Small()
    learner.model[1].weight.requires_grad_(False)
    weights = [weight for group in muon(learner).param_groups for weight in group["params"]]
    assert not any(weight is learner.model[1].weight for weight in weights)


def test_one_rate_sets_both_in_proportion():
    optimizer = muon(Small())
    set_rate(optimizer, 0.5)
    assert [group["lr"] for part in optimizer.parts for group in part.param_groups] == [
        0.5,
        0.5 * MUON_FACTOR,
    ]


def test_muons_rate_can_be_given():
    optimizer = make_optimizer(Small(), "muon", 0.01, muon_factor=3.0)
    set_rate(optimizer, 0.5)
    assert {group["lr"] for group in optimizer.param_groups} == {0.5, 1.5}


def test_a_step_of_muon_is_orthogonal_whatever_the_gradients_size():
    learner = Small()
    optimizer = make_optimizer(learner, "muon", 0.0)
    before = learner.model[1].weight.detach().clone()
    set_rate(optimizer, 1e-3)
    (1e-3 * learner()).backward()
    optimizer.step()
    values = torch.linalg.svdvals(learner.model[1].weight.detach() - before)
    expected = 1e-3 * MUON_FACTOR * 2**0.5  # 16 x 8: times the root of the ratio of its sides
    large = values[values > 0.2 * values.max()]
    assert len(large) >= 4  # the gradient of this loss has few directions
    assert torch.all((large > 0.5 * expected) & (large < 1.5 * expected))


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_the_loss_falls(name):
    learner = Small()
    optimizer = make_optimizer(learner, name, 0.01)
    before = learner().item()
    assert descend(learner, optimizer, 50) < 0.9 * before


def test_a_restored_optimizer_goes_on_as_if_it_had_never_stopped():
    whole, halves = Small(), Small()
    descend(whole, muon(whole), 6)
    first = muon(halves)
    descend(halves, first, 3)
    second = muon(halves)
    second.load_state_dict(first.state_dict())
    descend(halves, second, 3)
    for ours, theirs in zip(halves.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_restored_optimizer_keeps_the_factor_that_it_was_given():
    first, second = muon(Small()), make_optimizer(Small(), "muon", 0.01, muon_factor=3.0)
    second.load_state_dict(first.state_dict())
    set_rate(second, 0.5)
    assert {group["lr"] for group in second.param_groups} == {0.5, 1.5}


def test_an_unknown_name_is_an_error():
    with pytest.raises(OptionError, match="adamw, muon"):
        make_optimizer(Small(), "sgd", 0.01)
