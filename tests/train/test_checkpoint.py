"""The state of a run survives being killed at any moment."""

import pytest
import torch

from xalign.errors import TrainingError
from xalign.train.checkpoint import load_state, save_state


@pytest.fixture
def model():
    return torch.nn.Linear(3, 2)


@pytest.fixture
def optimizer(model):
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return optimizer


def fresh():
    model = torch.nn.Linear(3, 2)
    return model, torch.optim.AdamW(model.parameters())


def test_what_is_saved_comes_back(tmp_path, model, optimizer):
    save_state(tmp_path, 7, model, optimizer, {"mean": 1.5})
    other, other_optimizer = fresh()
    assert load_state(tmp_path, other, other_optimizer) == (7, {"mean": 1.5})
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    assert other_optimizer.state_dict()["state"].keys() == optimizer.state_dict()["state"].keys()


def test_a_kill_between_the_renames_leaves_the_previous_state(tmp_path, model, optimizer):
    save_state(tmp_path, 7, model, optimizer, {})
    (tmp_path / "state").rename(tmp_path / "state.old")
    assert load_state(tmp_path, *fresh())[0] == 7


def test_the_only_state_stays_while_the_next_is_written(tmp_path, model, optimizer, monkeypatch):
    save_state(tmp_path, 7, model, optimizer, {})
    (tmp_path / "state").rename(tmp_path / "state.old")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save_state(tmp_path, 8, model, optimizer, {})
    monkeypatch.undo()
    assert load_state(tmp_path, *fresh())[0] == 7
    save_state(tmp_path, 9, model, optimizer, {})
    assert load_state(tmp_path, *fresh())[0] == 9


def test_no_state_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(TrainingError, match="run without --resume"):
        load_state(tmp_path, *fresh())
