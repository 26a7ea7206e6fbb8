"""The state of a run, and what is saved of an encoder, are whole at any moment of a kill."""

import os

import pytest
import torch
from safetensors.torch import load_file

from xalign.encoders.families import load_encoder
from xalign.errors import TrainingError
from xalign.models import resolve
from xalign.train.checkpoint import Finished, load_state, save_checkpoint, save_state


def learner(frozen=False):
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))
    model[0].requires_grad_(not frozen)
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad])
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return model, optimizer


def test_what_is_saved_comes_back(tmp_path):
    (model, optimizer), (other, other_optimizer) = learner(), learner()
    finished = Finished(7, 21, {"mean": 1.5})
    save_state(tmp_path, finished, model, optimizer)
    assert load_state(tmp_path, other, other_optimizer) == finished
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    moments, others = (each.state_dict()["state"] for each in (optimizer, other_optimizer))
    assert all(torch.equal(moments[k]["exp_avg"], others[k]["exp_avg"]) for k in moments)


def test_what_is_frozen_is_not_saved(tmp_path):
    model, optimizer = learner(frozen=True)
    save_state(tmp_path, Finished(7), model, optimizer)
    assert torch.load(tmp_path / "state" / "weights.pt").keys() == {"1.weight", "1.bias"}
    other, other_optimizer = learner(frozen=True)
    load_state(tmp_path, other, other_optimizer)
    assert torch.equal(model[1].weight, other[1].weight)


def test_the_state_of_another_run_is_refused(tmp_path):
    save_state(tmp_path, Finished(7), *learner(frozen=True))
    with pytest.raises(TrainingError, match="state of another run"):
        load_state(tmp_path, *learner())


def test_a_kill_between_the_renames_leaves_the_previous_state(tmp_path):
    save_state(tmp_path, Finished(7), *learner())
    (tmp_path / "state").rename(tmp_path / "state.old")
    assert load_state(tmp_path, *learner()).steps == 7


def test_the_only_state_stays_while_the_next_is_written(tmp_path, monkeypatch):
    save_state(tmp_path, Finished(7), *learner())
    (tmp_path / "state").rename(tmp_path / "state.old")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save_state(tmp_path, Finished(8), *learner())
    monkeypatch.undo()
    assert load_state(tmp_path, *learner()).steps == 7
    save_state(tmp_path, Finished(9), *learner())
    assert load_state(tmp_path, *learner()).steps == 9


def test_no_state_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(TrainingError, match="run without resume"):
        load_state(tmp_path, *learner())


@pytest.mark.parametrize("name", ["progress.json", "weights.pt", "optimizer.pt"])
@pytest.mark.parametrize(
    "content", [b"", b"[1", b'{"steps": 7, "other": 1}', b"\xff\xfe", b"PK\x03\x04", None]
)
def test_a_damaged_state_is_an_error_that_says_what_to_do(tmp_path, name, content):
    save_state(tmp_path, Finished(7), *learner())
    file = tmp_path / "state" / name
    file.write_bytes(file.read_bytes()[:-20] if content is None else content)
    with pytest.raises(TrainingError, match=f"{name} is damaged: remove .*state, and begin without resume"):
        load_state(tmp_path, *learner())


def test_a_kill_while_a_checkpoint_is_written_leaves_the_previous_one(tmp_path, start, monkeypatch):
    encoder = load_encoder(resolve(str(start)))
    save_checkpoint(encoder, encoder.preset, tmp_path)
    before = load_file(tmp_path / "model.safetensors")
    torch.nn.init.zeros_(encoder.model.embeddings.word_embeddings.weight)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(encoder.preset), "to_json", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(encoder, encoder.preset, tmp_path)
    monkeypatch.undo()
    assert all(
        torch.equal(before[name], now) for name, now in load_file(tmp_path / "model.safetensors").items()
    )
    load_encoder(resolve(str(tmp_path)))
    save_checkpoint(encoder, encoder.preset, tmp_path)
    assert not load_file(tmp_path / "model.safetensors")["embeddings.word_embeddings.weight"].any()
    assert not (tmp_path / ".new").exists()


@pytest.mark.parametrize("name", ["xlm-roberta", "preset"])
def test_everybody_may_read_what_the_owner_lets_them(tmp_path, encoder, name):
    before = os.umask(0o022)
    try:
        loaded = encoder(name)
        save_checkpoint(loaded, loaded.preset, tmp_path)
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o644}
