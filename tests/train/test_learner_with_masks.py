"""What DWA points to."""

import numpy as np
import pytest
import torch
from teaching import PAIRS, batch_of, example

from xalign.aligner import Aligner
from xalign.extract import EXTRACTORS


@pytest.mark.parametrize("extract", ["argmax", "itermax", "xlm-align"])
def test_labels_of_dwa_are_the_extractors(learner, extract):
    teacher = learner({"dwa": 1.0}, "preset", options={"label_layer": 2, "label_extract": extract})
    batch = batch_of(teacher)
    labels = teacher.labels(batch)
    aligner = Aligner(teacher.encoder, layer=2, level="subword", extract=extract)
    for row, pair in enumerate(PAIRS):
        seen = torch.from_numpy(aligner.explain(pair).similarity)[None]
        masks = [torch.ones(1, size, dtype=torch.bool) for size in seen.shape[1:]]
        expected = EXTRACTORS[extract](seen, *masks).links[0]
        assert torch.equal(labels[row, : seen.shape[1], : seen.shape[2]], expected)
        assert labels[row].sum() == expected.sum() > 0


def test_labels_come_without_dropout_and_leave_it_as_it_was(learner):
    teacher = learner({"dwa": 1.0})
    assert teacher.model.config.hidden_dropout_prob > 0
    teacher.train()
    batch = batch_of(teacher)
    once, again = teacher.labels(batch), teacher.labels(batch)
    assert torch.equal(once, again)
    assert all(module.training for module in teacher.modules())
    teacher.eval()
    assert torch.equal(teacher.labels(batch), once)
    assert not any(module.training for module in teacher.modules())


@pytest.mark.parametrize("masked_sides", ["both", "each"])
def test_dwa_learns(learner, masked_sides):
    options = {"mask_rate": 0.3, "masked_sides": masked_sides, "label_layer": 1}
    torch.manual_seed(1)
    teacher = learner({"dwa": 1.0}, "preset", options=options)
    batch = batch_of(teacher)
    optimizer = torch.optim.AdamW(teacher.parameters(), lr=3e-3)
    losses = []
    for step in range(100):
        torch.manual_seed(step)
        optimizer.zero_grad()
        loss = teacher(batch)["loss"]
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:10])


def test_dwa_of_cut_sentences(learner):
    teacher = learner({"dwa": 1.0, "tlm": 1.0}, encode="separate")
    long = example(teacher.encoder, (" ".join(["Haus"] * 40), " ".join(["house"] * 30)))
    torch.manual_seed(1)
    assert torch.isfinite(teacher(batch_of(teacher, [long]))["loss"])
    assert teacher.labels(batch_of(teacher, [long])).shape == (1, 30, 30)
