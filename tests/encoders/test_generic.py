import pytest
import torch
from sameness import GERMAN, assert_states_equal_transformers, pairs, sentences
from transformers import AutoModel

from xalign.encoders.families import load_encoder, load_for_aligning
from xalign.errors import ModelError, OptionError
from xalign.models import resolve


@pytest.mark.parametrize("name", ["distilbert", "roberta"])
def test_states_are_those_of_transformers(encoder, tiny, name):
    loaded = encoder(name)
    assert_states_equal_transformers(loaded, tiny(name), sentences(loaded))
    assert_states_equal_transformers(loaded, tiny(name), pairs(loaded))


def test_of_an_encoder_and_a_decoder_the_encoder_is_taken(encoder, tiny):
    loaded = encoder("m2m100")
    batch = sentences(loaded)
    half = AutoModel.from_pretrained(tiny("m2m100")).eval().get_encoder()
    expected = half(
        input_ids=batch.ids, attention_mask=batch.mask.long(), output_hidden_states=True
    ).hidden_states
    states = loaded.encode(batch, range(loaded.layers + 1))
    torch.testing.assert_close(
        states[:, batch.mask], torch.stack(expected)[:, batch.mask], atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("name", ["distilbert", "roberta"])
def test_a_pair_is_put_together_as_the_tokenizer_does(encoder, name):
    loaded = encoder(name)
    by_tokenizer = loaded.tokenizer(["house", "is"], ["the", "garden"], is_split_into_words=True)["input_ids"]
    if name == "distilbert":
        assert pairs(loaded, ((["house", "is"], ["the", "garden"]),)).ids.tolist() == [by_tokenizer]
    before, between, after = loaded.specials
    assert (before, after) == ((by_tokenizer[0],), (by_tokenizer[-1],))
    assert len(between) == {"distilbert": 1, "roberta": 2}[name]


def test_byte_level_words_begin_with_their_space(encoder):
    loaded = encoder("roberta")
    pieces = [loaded.tokenizer.convert_ids_to_tokens(ids) for ids in loaded.subword_ids(["hous", "", "us"])]
    assert pieces == [["Ġho", "us"], [], ["Ġ", "us"]]


@pytest.mark.parametrize("name", ["distilbert", "roberta", "m2m100"])
def test_the_longest_sentence_within_the_limit_is_encoded(encoder, name):
    loaded = encoder(name)
    subwords = len(loaded.subword_ids(["!"])[0])
    batch = sentences(loaded, (["!"] * (loaded.limit // subwords),))
    assert batch.ids.shape[1] > loaded.limit - subwords
    assert loaded.encode(batch, [loaded.layers]).isfinite().all()


def test_a_model_without_a_list_of_layers_is_refused(tmp_path, tiny):
    """ALBERT runs one and the same layer again and again."""
    from transformers import AlbertConfig, AlbertModel

    config = AlbertConfig(
        vocab_size=300,
        embedding_size=8,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
    )
    AlbertModel(config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny("bert") / name).read_bytes())
    with pytest.raises(ModelError, match="cannot tell the 3 layers of AlbertModel apart"):
        load_encoder(resolve(str(tmp_path)))


def test_weights_in_an_old_bin_file_load(tiny, tmp_path):
    model = AutoModel.from_pretrained(tiny("distilbert"))
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    for file in tiny("distilbert").iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    loaded = load_encoder(resolve(str(tmp_path)))
    assert_states_equal_transformers(loaded, tiny("distilbert"), sentences(loaded, (GERMAN,)))


def test_int8_is_refused(tiny):
    with pytest.raises(
        OptionError, match=r"dtype int8 is for models like BERT and XLM-R, not for .*; use auto"
    ):
        load_for_aligning(resolve(str(tiny("distilbert"))), dtype=torch.int8)
