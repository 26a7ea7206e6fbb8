"""XLM-RoBERTa-XL in torch alone gives what transformers' own gives, and needs nothing of it."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from sameness import ENGLISH, GERMAN, SENTENCES, assert_states_equal_transformers, pairs, sentences
from transformers import AutoModel, XLMRobertaXLConfig, XLMRobertaXLForMaskedLM

from xalign.encoders.families import load_encoder
from xalign.encoders.prenorm import PrenormEncoder
from xalign.errors import ModelError
from xalign.models import BUNDLED, resolve

SOME_PAIRS = ((GERMAN, ENGLISH), (ENGLISH, ["Hello", "world"]))


def copy(folder, to, *, without=()):
    for file in folder.iterdir():
        if file.name not in without:
            (to / file.name).write_bytes(file.read_bytes())


@pytest.mark.parametrize("name", ["xlm-roberta-xl", "preset"])
def test_a_folder_of_it_is_read_without_transformers(encoder, name):
    assert type(encoder(name)) is PrenormEncoder


def test_states_are_those_of_transformers(encoder, tiny):
    loaded = encoder("xlm-roberta-xl")
    for batch in (sentences(loaded), sentences(loaded, (GERMAN,)), pairs(loaded, SOME_PAIRS)):
        assert_states_equal_transformers(loaded, tiny("xlm-roberta-xl"), batch)


def test_restarting_positions_and_segments_reach_the_model(encoder, tiny):
    loaded = encoder("preset")
    batch = pairs(loaded, SOME_PAIRS)
    first = loaded.pad_id + 1
    positions = batch.restarting_positions + first
    for row, (sides, mask) in enumerate(zip(batch.sides, batch.mask, strict=True)):
        assert positions[row, (sides == 1) & mask].tolist()[0] == first
    inputs = {"position_ids": positions, "token_type_ids": batch.sides}
    assert_states_equal_transformers(loaded, tiny("preset"), batch, **inputs)


def test_restarting_positions_do_not_depend_on_padding(encoder):
    loaded = encoder("preset")
    alone = pairs(loaded, ((GERMAN, ENGLISH),))
    together = pairs(loaded, ((GERMAN, ENGLISH), (ENGLISH * 2, GERMAN * 2)))
    length = alone.ids.shape[1]
    torch.testing.assert_close(
        loaded.encode(together, [4])[:, :1, :length], loaded.encode(alone, [4]), atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("name", ["xlm-roberta-xl", "preset"])
def test_the_longest_pair_within_the_limit_is_encoded(encoder, name):
    loaded = encoder(name)
    words = ["!"] * (loaded.limit // len(loaded.subword_ids(["!"])[0]))
    batch = pairs(loaded, ((words, words),)) if name == "preset" else sentences(loaded, (words,))
    assert loaded.encode(batch, [loaded.layers]).isfinite().all()


def test_ids_and_specials_are_those_of_transformers_tokenizer(encoder):
    ours, theirs = encoder("xlm-roberta-xl"), encoder("xlm-roberta-xl", family="roberta")
    words = [word for sentence in SENTENCES for word in sentence] + ["房子", "Дом", "", "</s>", "unbekannte"]
    assert ours.subword_ids(words) == theirs.subword_ids(words)
    assert ours.vocabulary == theirs.vocabulary
    for name in ("specials", "limit", "layers", "width"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_gradients_and_dropout_are_those_of_transformers(encoder, tiny):
    ours = encoder("xlm-roberta-xl")
    theirs = AutoModel.from_pretrained(tiny("xlm-roberta-xl")).eval()
    batch = sentences(ours)
    ours.encode(batch, [4])[0][batch.mask].square().sum().backward()
    theirs(batch.ids, batch.mask.long()).last_hidden_state[batch.mask].square().sum().backward()
    expected = {name: weight.grad for name, weight in theirs.named_parameters() if weight.grad is not None}
    for name, weight in ours.model.named_parameters():
        torch.testing.assert_close(weight.grad, expected[name], atol=1e-3, rtol=1e-4)
    ours.model.train()
    one, other = (ours.encode(batch, [4]) for _ in range(2))
    assert ours.model.config.hidden_dropout_prob > 0 and not torch.equal(one, other)


def test_training_attends_as_transformers_does(tiny, tmp_path):
    """Training on a processor takes another way through attention; without dropout both give the same."""
    copy(tiny("xlm-roberta-xl"), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(
        json.dumps({**config, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    )
    ours = load_encoder(resolve(str(tmp_path)))
    theirs = AutoModel.from_pretrained(tmp_path).train()
    ours.model.train()
    batch = sentences(ours)
    assert batch.padded
    found = ours.encode(batch, [4])[0][batch.mask]
    expected = theirs(batch.ids, batch.mask.long()).last_hidden_state[batch.mask]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    found.square().sum().backward()
    expected.square().sum().backward()
    gradients = {name: weight.grad for name, weight in theirs.named_parameters() if weight.grad is not None}
    for name, weight in ours.model.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[name], atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_checkpoint_in_half_precision_computes_in_any(tiny, tmp_path, dtype):
    half = load_encoder(resolve(str(tiny("preset"))), dtype=dtype)
    half.save(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == str(dtype).removeprefix("torch.")
    whole = load_encoder(resolve(str(tmp_path)))
    batch = sentences(whole)
    assert whole.encode(batch, [4]).dtype == torch.float32
    torch.testing.assert_close(half.encode(batch, [4]).float(), whole.encode(batch, [4]), atol=0.5, rtol=0.1)


def test_a_checkpoint_with_a_head_is_read_as_transformers_reads_it(tiny, tmp_path):
    copy(tiny("xlm-roberta-xl"), tmp_path, without=("model.safetensors",))
    config = XLMRobertaXLConfig.from_pretrained(tmp_path)
    XLMRobertaXLForMaskedLM(config).eval().save_pretrained(tmp_path)
    loaded = load_encoder(resolve(str(tmp_path)))
    assert type(loaded) is PrenormEncoder
    assert_states_equal_transformers(loaded, tmp_path, sentences(loaded))


def test_other_weights_can_be_saved_than_the_models_own(encoder, tmp_path):
    loaded = encoder("xlm-roberta-xl")
    weights = {name: torch.zeros_like(weight) for name, weight in loaded.model.state_dict().items()}
    loaded.save(tmp_path, weights)
    assert not any(weight.any() for weight in load_file(tmp_path / "model.safetensors").values())


@pytest.mark.parametrize("damage", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_file_is_one_clear_line(tiny, tmp_path, damage):
    copy(tiny("preset"), tmp_path)
    (tmp_path / damage).write_bytes((tmp_path / damage).read_bytes()[:100])
    with pytest.raises(ModelError, match=str(tmp_path)) as caught:
        load_encoder(resolve(str(tmp_path)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda weights: weights.pop("encoder.LayerNorm.bias"), "1 of the model's weights are missing"),
        (
            lambda weights: weights.update({"encoder.LayerNorm.bias": torch.zeros(7)}),
            r"encoder.LayerNorm.bias has the shape \(7,\)",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(tiny, tmp_path, change, complaint):
    copy(tiny("preset"), tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    change(weights)
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match=complaint):
        load_encoder(resolve(str(tmp_path)))


def test_a_special_subword_that_is_not_in_the_vocabulary_is_named(tiny, tmp_path):
    copy(tiny("preset"), tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"sep_token": "[SEP]"}', encoding="utf-8")
    with pytest.raises(ModelError, match=r"no '\[SEP\]', which tokenizer_config.json calls its sep_token"):
        load_encoder(resolve(str(tmp_path)))


@pytest.mark.parametrize("name", BUNDLED)
def test_aligning_with_a_bundled_model_imports_no_transformers(name):
    code = (
        "import sys\nfrom xalign.aligner import Aligner\n"
        f"assert next(Aligner.load({name!r}).align([('das Haus', 'the house')])).links\n"
        "sys.exit(' '.join({'transformers', 'scipy', 'huggingface_hub', 'sentencepiece'} & set(sys.modules)) or 0)"
    )
    assert (BUNDLED[name] / "model.safetensors").is_file()
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
