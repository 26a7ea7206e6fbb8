"""What the objectives share: what is encoded and compared, losses, gradients, options."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from teaching import LINKS, PAIRS, batch_of, example, examples

from xalign.aligner import Aligner
from xalign.errors import LayerError, OptionError
from xalign.method import Similarity
from xalign.train.bootstrap import bootstrapped
from xalign.train.learner import psi_pairs
from xalign.train.objectives import guided, self_training
from xalign.train.options import Objective

CASES = [(encode, level) for encode in ("pair", "separate") for level in ("word", "subword")]
EVERY = dict.fromkeys(Objective, 1.0)


@pytest.fixture
def calls(monkeypatch):
    """Every pass of an encoder: (layers, whether with gradient)."""
    from xalign.encoders.base import Encoder

    seen, encode = [], Encoder.encode

    def recorded(self, batch, layers):
        seen.append((list(layers), torch.is_grad_enabled()))
        return encode(self, batch, layers)

    monkeypatch.setattr(Encoder, "encode", recorded)
    return seen


@pytest.mark.parametrize("measure", ["dot", "cosine"])
@pytest.mark.parametrize(("encode", "level"), CASES)
@pytest.mark.parametrize("name", ["bert", "preset"])
def test_guided_sees_the_similarity_of_aligning(learner, name, encode, level, measure):
    teacher = learner({"guided": 1.0}, name, encode=encode, level=level, similarity=measure)
    aligner = Aligner(teacher.encoder)
    for pair, links in zip(PAIRS, LINKS, strict=True):
        batch = batch_of(teacher, [example(teacher.encoder, pair, links)])
        seen = torch.from_numpy(aligner.explain(pair).similarity)[None]
        masks = [torch.ones(1, size, dtype=torch.bool) for size in seen.shape[1:]]
        expected = guided(seen * Similarity(measure).scale, batch.links, *masks)
        torch.testing.assert_close(teacher(batch)["guided"], expected, rtol=1e-4, atol=1e-4)


def test_bootstrapping_counts_in_what_the_model_says(learner):
    teacher = learner({"guided": 1.0}, "preset", {"bootstrap": 0.5}, encode="pair", level="word")
    for pair, links in zip(PAIRS, LINKS, strict=True):
        batch = batch_of(teacher, [example(teacher.encoder, pair, links)])
        seen = torch.from_numpy(Aligner(teacher.encoder).explain(pair).similarity)[None]
        masks = [torch.ones(1, size, dtype=torch.bool) for size in seen.shape[1:]]
        expected = guided(seen, bootstrapped(seen, batch.links, *masks, share=0.5), *masks)
        torch.testing.assert_close(teacher(batch)["guided"], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_the_models_share_leaves_some_to_the_links(learner, share):
    with pytest.raises(OptionError, match="bootstrap"):
        learner({"guided": 1.0}, options={"bootstrap": share})


@pytest.mark.parametrize("extract", ["argmax", "softmax", "xlm-align"])
@pytest.mark.parametrize(("encode", "level"), CASES)
def test_self_training_learns_the_links_that_aligning_gives(learner, encode, level, extract):
    teacher = learner({"so": 1.0}, "xlm-roberta", encode=encode, level=level, extract=extract)
    aligner = Aligner(teacher.encoder)
    for pair in PAIRS:
        explained = aligner.explain(pair)
        found = example(teacher.encoder, pair, explained.alignment.links)
        batch = batch_of(teacher, [found])
        seen = torch.from_numpy(explained.similarity)[None]
        masks = [torch.ones(1, size, dtype=torch.bool) for size in seen.shape[1:]]
        expected = self_training(seen, batch.links, *masks)
        torch.testing.assert_close(teacher(batch)["so"], expected, rtol=1e-4, atol=1e-4)


def test_a_batch_is_the_mean_of_its_pairs(learner):
    teacher = learner({"so": 1.0, "co": 1.0}, "preset", encode="pair", level="word")
    whole = teacher(batch_of(teacher))
    alone = [teacher(batch_of(teacher, [each])) for each in examples(teacher.encoder)]
    for name in ("so", "co"):
        torch.testing.assert_close(whole[name], torch.stack([each[name] for each in alone]).mean())


WITH, WITHOUT = True, False


@pytest.mark.parametrize(
    ("objectives", "encode", "passes"),
    [
        (["guided"], "pair", [([3], WITH)]),
        (["guided"], "separate", [([3], WITH)] * 2),
        (["guided", "co"], "pair", [([3], WITH)]),
        (["so", "co"], "pair", [([3], WITH), ([3], WITHOUT)]),
        (["mlm"], "pair", [([4], WITH)] * 2),
        (["tlm"], "pair", [([4], WITH)] * 2),
        (["dwa"], "pair", [([4], WITH), ([3], WITHOUT)]),
        (["tlm", "dwa"], "pair", [([4], WITH), ([4], WITH), ([3], WITHOUT)]),
        (["psi"], "separate", [([4], WITH)]),
    ],
)
def test_only_what_is_wanted_is_encoded(learner, calls, objectives, encode, passes):
    teacher = learner(dict.fromkeys(objectives, 1.0), encode=encode)
    losses = teacher(batch_of(teacher))
    assert calls == passes
    assert losses.keys() == {*objectives, "loss"}


def test_masking_each_side_takes_a_pass_each(learner, calls):
    teacher = learner({"tlm": 1.0, "dwa": 1.0}, options={"masked_sides": "each"})
    teacher(batch_of(teacher))
    assert calls == [([4], WITH)] * 4 + [([3], WITHOUT)]


@pytest.mark.parametrize(
    ("objective", "heads"),
    [
        ("guided", set()),
        ("so", set()),
        ("co", set()),
        ("mlm", {"vocabulary"}),
        ("tlm", {"vocabulary"}),
        ("psi", {"pair"}),
        ("dwa", {"pointer"}),
    ],
)
def test_heads_are_made_for_who_asks(learner, objective, heads):
    assert set(learner({objective: 1.0}).heads) == heads


def test_the_loss_is_the_weighted_sum(learner):
    weights = {name: 0.5 + k for k, name in enumerate(Objective)}
    teacher = learner(weights)
    torch.manual_seed(1)
    losses = teacher(batch_of(teacher))
    expected = sum(weight * losses[name].item() for name, weight in weights.items())
    assert losses["loss"].item() == pytest.approx(expected, rel=1e-5)
    assert all(loss.dim() == 0 for loss in losses.values())


FAMILIES = [
    "bert",
    "xlm-roberta",
    "preset",
    "xmod",
    "xlm-mlm",
    "xlm-tlm-lang",
    "fairseq",
    "distilbert",
    "m2m100",
]


@pytest.mark.parametrize("encode", ["pair", "separate"])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_can_learn_every_objective(learner, name, encode):
    teacher = learner(EVERY, name, encode=encode)
    torch.manual_seed(1)
    losses = teacher(batch_of(teacher))
    losses["loss"].backward()
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert all(parameter.grad is not None for parameter in teacher.heads.parameters())
    assert all(
        torch.isfinite(parameter.grad).all()
        for parameter in teacher.parameters()
        if parameter.grad is not None
    )


def moved(module):
    return {
        name for name, weight in module.named_parameters() if weight.grad is not None and weight.grad.any()
    }


@pytest.mark.parametrize("objective", ["guided", "so", "co"])
def test_gradients_of_similarity_reach_all_blocks_up_to_the_layer(learner, objective):
    teacher = learner({objective: 1.0}, "xlm-roberta")
    teacher(batch_of(teacher))["loss"].backward()
    blocks = {int(name.split(".")[2]) for name in moved(teacher.model) if name.startswith("encoder.layer.")}
    assert blocks == {0, 1, 2}
    assert "embeddings.word_embeddings.weight" in moved(teacher.model)


@pytest.mark.parametrize("objective", ["mlm", "tlm", "dwa", "psi"])
def test_gradients_of_heads_reach_the_heads_and_all_blocks(learner, objective):
    teacher = learner({objective: 1.0}, "xlm-roberta", options={"mask_rate": 0.5})
    torch.manual_seed(1)
    teacher(batch_of(teacher))["loss"].backward()
    blocks = {int(name.split(".")[2]) for name in moved(teacher.model) if name.startswith("encoder.layer.")}
    assert blocks == {0, 1, 2, 3}
    # Adding the same to all of a query's scores changes no share, so that a pointer's key bias learns nothing.
    assert {name for name, _ in teacher.heads.named_parameters()} - moved(teacher.heads) <= {
        "pointer.key.bias"
    }


@pytest.mark.parametrize("objective", ["so", "dwa"])
def test_gradients_arrive_under_autocast_after_a_pass_without(learner, objective):
    teacher = learner({objective: 1.0}, "xlm-roberta", options={"mask_rate": 0.5})
    torch.manual_seed(1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        teacher.labels(batch_of(teacher))
        loss = teacher(batch_of(teacher))["loss"]
    loss.backward()
    assert "encoder.layer.0.attention.self.query.weight" in moved(teacher.model)


def test_similarities_are_compared_in_full_precision_under_autocast(learner):
    teacher = learner(
        {"guided": 1.0}, encode="separate", layer=0
    )  # layer 0 is computed in float32 all the same
    batch = batch_of(teacher)
    expected = teacher(batch)["guided"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(teacher(batch)["guided"], expected)


@pytest.mark.parametrize("objective", ["mlm", "tlm", "dwa", "psi"])
def test_a_seed_repeats_what_is_random(learner, objective):
    teacher = learner({objective: 1.0}, options={"mask_rate": 0.4})
    batch = batch_of(teacher)
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        losses.append(teacher(batch)["loss"].item())
    assert losses[0] == losses[1] != losses[2]


def test_torn_pairs_keep_one_side():
    torch.manual_seed(1)
    first, second, parallel = psi_pairs(500)
    assert len(first) == len(second) == 1000
    assert parallel.tolist() == [1] * 500 + [0] * 500
    sentences = np.stack([first, second])
    assert ((sentences >= 500).sum(0) == 1).all()  # one of each side
    pairs = sentences % 500
    rows = np.arange(500)
    assert (pairs[:, :500] == rows).all()
    torn = pairs[:, 500:]
    assert ((torn == rows).sum(0) == 1).all()
    for turned in ((first < 500)[:500], (first < 500)[500:], (torn == rows)[0]):
        assert 200 < turned.sum() < 300


def test_a_single_pair_is_not_torn():
    first, second, parallel = psi_pairs(1)
    assert parallel.tolist() == [1] and {*first.tolist(), *second.tolist()} == {0, 1}


def test_no_weight_is_saved_twice(learner, tmp_path):
    teacher = learner(EVERY)
    save_file(teacher.state_dict(), tmp_path / "weights.safetensors")  # refuses tensors that share memory
    pointers = [weight.data_ptr() for weight in teacher.parameters()]
    assert len(set(pointers)) == len(pointers)


@pytest.mark.parametrize(
    ("objectives", "options", "message"),
    [
        ({"dwa": 1.0}, {"label_extract": "guess"}, "label_extract is 'guess': choose one of argmax"),
        ({"tlm": 1.0}, {"masked_sides": "none"}, "masked_sides is 'none': choose one of both, each"),
        ({"tlm": 1.0}, {"mask_rate": 1.5}, "mask_rate is 1.5: it must be a number above 0 and below 1"),
        ({"dwa": 1.0}, {"label_layer": 9}, "layer 9 does not exist"),
    ],
)
def test_wrong_options_are_named(learner, objectives, options, message):
    with pytest.raises(OptionError, match=message):
        learner(objectives, options=options)


def test_a_preset_without_layer_asks_for_one(learner):
    with pytest.raises(LayerError, match="give layer"):
        learner({"guided": 1.0}, layer=None)
