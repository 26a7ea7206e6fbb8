"""What is trained, for every family: all weights, LoRA, or what X-MOD's languages share; the result is ordinary."""

import sys

import pytest
import torch
from safetensors.torch import load_file

from xalign.aligner import Aligner
from xalign.encoders.families import load_encoder
from xalign.errors import DependencyError, OptionError
from xalign.models import resolve
from xalign.text.sentences import read_files
from xalign.train.corpus import CorpusFiles
from xalign.train.options import TrainOptions
from xalign.train.run import Plan, run
from xalign.train.tune import merged_weights, prepare, usual_rate

OPTIONS = TrainOptions(steps=3, batch_subwords=300, learning_rate=1e-2, warmup_steps=0)
LANGUAGES = {"xmod": ("de", "en"), "xlm-tlm-lang": ("de", "en")}
FAMILIES = (
    "preset",
    "xlm-roberta",
    "bert",
    "xmod",
    "xlm-mlm",
    "xlm-tlm-lang",
    "fairseq",
    "distilbert",
    "roberta",
)


@pytest.fixture
def trained(tiny, corpus, tmp_path):
    """`trained("xmod", "lora", method)`: the folder that a short run leaves."""

    def train(family, tuning="all", **method):
        files = CorpusFiles(corpus.source, corpus.target, corpus.links, *LANGUAGES.get(family, ()))
        out = tmp_path / "out"
        plan = Plan(str(tiny(family)), [files], out, tuning=tuning, method={"layer": 3, **method})
        run(plan, OPTIONS)
        return out

    return train


@pytest.mark.parametrize("tuning", ["all", "lora"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_leaves_a_checkpoint_of_its_own_kind(trained, tiny, corpus, family, tuning):
    out = trained(family, tuning, encode="pair", level="subword", similarity="dot", extract="softmax")
    preset = resolve(str(out))
    assert (preset.method.layer, preset.input.encode, preset.method.extract) == (3, "pair", "softmax")
    languages = dict(zip(("source_language", "target_language"), LANGUAGES.get(family, ()), strict=False))
    aligner = Aligner.load(str(out), device="cpu", dtype="float32", **languages)
    assert len(list(aligner.align(read_files(corpus.source, corpus.target)))) == 24
    weights, old = (load_encoder(resolve(str(folder))).model.state_dict() for folder in (out, tiny(family)))
    assert {name: tensor.shape for name, tensor in weights.items()} == {
        name: tensor.shape for name, tensor in old.items()
    }
    changed = {name for name, tensor in weights.items() if not torch.equal(tensor, old[name])}
    assert changed
    if tuning == "lora":
        assert all("att" in name for name in changed)


@pytest.mark.parametrize(
    ("encode", "level"), [("pair", "word"), ("separate", "word"), ("separate", "subword")]
)
def test_every_encoding_and_level_can_be_trained(trained, corpus, encode, level):
    out = trained("bert", encode=encode, level=level)
    preset = resolve(str(out))
    assert (preset.input.encode, preset.method.level) == (encode, level)
    assert (
        len(list(Aligner.load(str(out), device="cpu").align(read_files(corpus.source, corpus.target)))) == 24
    )


def test_what_languages_share_is_trained_and_nothing_else(trained, tiny):
    old, new = (
        load_file(folder / "model.safetensors") for folder in (tiny("xmod"), trained("xmod", "shared"))
    )
    changed = {name for name, tensor in new.items() if not torch.equal(tensor, old[name])}
    assert changed
    assert not any("adapter" in name or name.startswith("embeddings") for name in changed)


def test_only_xmod_has_something_shared(trained):
    with pytest.raises(OptionError, match="only X-MOD"):
        trained("bert", "shared")


def test_merging_gives_the_states_that_training_saw(encoder, tiny):
    ours = encoder("xlm-roberta")
    torch.manual_seed(1)
    prepare(ours, "lora")
    for name, weight in ours.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    ids = torch.arange(5, 15)[None]
    expected = ours.model(input_ids=ids).last_hidden_state
    plain = encoder("xlm-roberta")
    assert not torch.allclose(plain.model(input_ids=ids).last_hidden_state, expected, atol=1e-2)
    plain.model.load_state_dict(merged_weights(ours.model))
    torch.testing.assert_close(plain.model(input_ids=ids).last_hidden_state, expected, atol=1e-5, rtol=1e-5)


def test_half_of_an_encoder_and_decoder_cannot_be_saved(trained):
    with pytest.raises(OptionError, match="part of a checkpoint"):
        trained("m2m100")


def test_without_peft_the_error_says_what_to_install(trained, monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(DependencyError, match="pip install peft"):
        trained("bert", "lora")


def test_the_usual_rate_is_that_of_the_size_and_of_what_is_trained():
    with torch.device("meta"):
        small, large = (
            torch.nn.Linear(2, 2),
            torch.nn.Sequential(torch.nn.Linear(8_000, 8_000), torch.nn.Linear(8_000, 2)),
        )
    assert usual_rate(small) == 5e-4
    assert usual_rate(large) == 2e-5
    large[0].requires_grad_(False)
    assert usual_rate(large) == 2e-4
