"""BERT in torch alone gives what transformers' own gives; word embeddings at four bits are what they unpack to."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from sameness import ENGLISH, GERMAN, assert_states_equal_transformers, pairs, sentences
from tiny_checkpoints import save_sentencepiece_tokenizer, sizes

from xalign.encoders.aligning import AligningEncoder
from xalign.encoders.bert import BertEncoder
from xalign.encoders.families import load_encoder
from xalign.encoders.fourbit import FourBitEmbedding, pack, unpack
from xalign.encoders.postnorm import PostnormEncoder
from xalign.models import resolve

SOME_PAIRS = ((GERMAN, ENGLISH), (ENGLISH, ["Hello", "world"]))
WORDS = "embeddings.word_embeddings"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny BERT with a sentencepiece vocabulary, as transformers writes it."""
    from transformers import BertConfig, BertModel

    path = tmp_path_factory.mktemp("bert")
    tokenizer = save_sentencepiece_tokenizer(path)
    torch.manual_seed(2)
    config = BertConfig(**sizes(len(tokenizer)), max_position_embeddings=64, pad_token_id=1)
    BertModel(config, add_pooling_layer=False).eval().save_pretrained(path)
    return path


@pytest.fixture
def four_bit_folder(folder, tmp_path):
    """The same with its word embeddings at four bits."""
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights[f"{WORDS}.packed"], weights[f"{WORDS}.scales"] = pack(weights.pop(f"{WORDS}.weight"))
    save_file(weights, tmp_path / "model.safetensors")
    return tmp_path


def load(folder, **values):
    return load_encoder(resolve(str(folder)).changed(family="postnorm", **values))


def test_states_are_those_of_transformers(folder):
    loaded = load(folder)
    assert type(loaded) is PostnormEncoder
    for batch in (sentences(loaded), sentences(loaded, (GERMAN,)), pairs(loaded, SOME_PAIRS)):
        assert_states_equal_transformers(loaded, folder, batch)


def test_segments_and_restarting_positions_reach_the_model(folder):
    loaded = load(folder, segments=True, positions="restart", encode="pair")
    batch = pairs(loaded, SOME_PAIRS)
    inputs = {"position_ids": batch.restarting_positions, "token_type_ids": batch.sides}
    assert_states_equal_transformers(loaded, folder, batch, **inputs)


@pytest.mark.parametrize("positions", ["continuous", "restart"])
def test_the_longest_pair_within_the_limit_is_encoded(folder, positions):
    loaded = load(folder, positions=positions, encode="pair")
    words = ["!"] * (loaded.limit // len(loaded.subword_ids(["!"])[0]))
    batch = pairs(loaded, ((words, words),)) if positions == "restart" else sentences(loaded, (words,))
    assert loaded.encode(batch, [loaded.layers]).isfinite().all()


def test_packed_it_gives_the_same_states(folder):
    loaded, packed = load(folder), AligningEncoder(load(folder), torch.device("cpu"))
    batch = pairs(loaded, SOME_PAIRS)
    with torch.inference_mode():
        found, expected = (each.encode(batch, [0, 2, 4])[:, batch.mask] for each in (packed, loaded))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_embeddings_at_four_bits_give_the_states_of_what_they_unpack_to(folder, four_bit_folder, tmp_path):
    short = load(four_bit_folder)
    assert isinstance(short.word_embeddings, FourBitEmbedding)
    long = load(folder)
    with torch.no_grad():
        long.word_embeddings.weight.copy_(short.word_embeddings.weight)
    batch = pairs(long, SOME_PAIRS)
    assert torch.equal(short.encode(batch, [0, 4]), long.encode(batch, [0, 4]))


def test_what_is_at_four_bits_is_saved_so(four_bit_folder, tmp_path_factory):
    loaded, saved = load(four_bit_folder), tmp_path_factory.mktemp("saved")
    loaded.save(saved)
    for name, weight in load_file(four_bit_folder / "model.safetensors").items():
        assert torch.equal(load_file(saved / "model.safetensors")[name], weight)
    assert json.loads((saved / "config.json").read_text())["dtype"] == "float32"


def test_embeddings_at_four_bits_are_not_trained(four_bit_folder):
    loaded = load(four_bit_folder)
    assert not any(name.startswith(WORDS) for name, _ in loaded.model.named_parameters())


def test_packing_again_loses_nothing():
    torch.manual_seed(1)
    table = torch.randn(50, 96) * torch.rand(50, 1)
    table[7] = 0
    packed, scales = pack(table)
    assert packed.shape == (50, 48) and scales.shape == (50, 3)
    again = pack(unpack(packed, scales))
    assert torch.equal(unpack(*again), unpack(packed, scales))


def test_packing_errs_by_half_a_step_but_at_the_far_end_by_one():
    torch.manual_seed(1)
    table = torch.randn(50, 64)
    packed, scales = pack(table)
    steps = scales.float().abs().repeat_interleave(32, dim=1)
    error = (unpack(packed, scales) - table).abs()
    assert (error <= 1.01 * steps).all() and (error <= 0.51 * steps).float().mean() > 0.95


def test_what_is_exported_is_read_by_transformers_and_gives_the_same_states(
    four_bit_folder, tmp_path_factory
):
    loaded, exported = load(four_bit_folder), tmp_path_factory.mktemp("exported")
    loaded.export(exported)
    again = load_encoder(resolve(str(exported)).changed(encode="pair"))
    assert type(again) is BertEncoder
    batch = pairs(loaded, SOME_PAIRS)
    assert again.subword_ids(GERMAN) == loaded.subword_ids(GERMAN)
    found, expected = (each.encode(batch, [0, 4])[:, batch.mask] for each in (again, loaded))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
