import shutil
import weakref

import pytest
import torch
from sameness import ENGLISH, GERMAN, assert_states_equal_transformers, pairs, sentences
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from xalign.encoders.aligning import AligningEncoder
from xalign.encoders.families import load_encoder, load_for_aligning
from xalign.errors import LanguageError, LayerError, ModelError, OptionError
from xalign.models import is_cached, resolve
from xalign.models.preset import Preset

FAMILIES = [
    "xlm-roberta",
    "xlm-roberta-xl",
    "bert",
    "xmod",
    "xmod-prenorm",
    "xlm-mlm",
    "xlm-tlm-lang",
    "xlm-clm",
    "fairseq",
    "distilbert",
    "roberta",
    "m2m100",
]
PACKED = set(FAMILIES) - {"xlm-clm", "distilbert", "roberta", "m2m100"}


@pytest.mark.parametrize("name", FAMILIES)
def test_layers_come_in_the_order_asked_for(encoder, name):
    loaded = encoder(name)
    batch = sentences(loaded)
    every = loaded.encode(batch, range(loaded.layers + 1))
    assert every.shape == (loaded.layers + 1, *batch.ids.shape, loaded.width)
    assert torch.equal(loaded.encode(batch, [3, 0, 3]), every[[3, 0, 3]])
    assert torch.equal(loaded.encode(batch, [loaded.layers, 1]), every[[loaded.layers, 1]])


@pytest.mark.parametrize("name", FAMILIES)
def test_no_block_above_the_highest_layer_is_run(encoder, name):
    loaded = encoder(name)
    run: list[int] = []
    for number, block in enumerate(loaded.blocks, start=1):
        block.register_forward_hook(lambda *_, number=number: run.append(number))
    loaded.encode(sentences(loaded), [2, 1])
    assert run == [1, 2]


@pytest.mark.parametrize("name", FAMILIES)
def test_dropped_blocks_do_not_change_the_layers_below(encoder, tiny, name):
    batch = sentences(encoder(name))
    cut = load_for_aligning(resolve(str(tiny(name))), highest=2)
    assert (cut.layers, cut.highest) == (4, 2)
    with pytest.raises(LayerError, match="layer 3 was dropped"):
        cut.encode(batch, [3])
    with torch.inference_mode():
        found, whole = (each.encode(batch, [0, 1, 2])[:, batch.mask] for each in (cut, encoder(name)))
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_dropped_blocks_take_no_memory(encoder, name):
    whole = encoder(name)
    dropped = [weakref.ref(each) for each in whole.blocks[3].parameters()]
    cut = AligningEncoder(whole, torch.device("cpu"), highest=3)
    assert cut.highest == 3 and dropped and not any(each() is not None for each in dropped)


def test_a_layer_that_is_not_there_cannot_be_the_highest(packed):
    with pytest.raises(LayerError, match=r"layers 0 \(embeddings\) to 4"):
        packed("bert", highest=5)


@pytest.mark.parametrize("name", FAMILIES)
def test_without_padding_no_mask_is_needed(encoder, name):
    loaded = encoder(name)
    alone, together = sentences(loaded, (GERMAN,)), sentences(loaded)
    assert not alone.padded and together.padded
    length = alone.ids.shape[1]
    torch.testing.assert_close(
        loaded.encode(alone, [2, 4]), loaded.encode(together, [2, 4])[:, :1, :length], atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("layer", [2, 4])
def test_states_carry_gradients_to_the_embeddings(encoder, name, layer):
    loaded = encoder(name)
    loaded.encode(sentences(loaded), [layer]).square().sum().backward()
    assert loaded.model.get_input_embeddings().weight.grad.abs().sum() > 0


@pytest.mark.parametrize("name", FAMILIES)
def test_text_that_looks_special_is_text(encoder, name):
    loaded = encoder(name)
    specials = loaded.vocabulary.specials - {loaded.vocabulary.unknown}
    for ids in loaded.subword_ids([*loaded.pieces(sorted(specials)), "a</s>b", "[SEP]x"]):
        assert ids and specials.isdisjoint(ids)


def test_a_word_that_the_tokenizer_drops_gives_no_subwords(encoder):
    loaded = encoder("xlm-roberta")
    assert loaded.subword_ids(["Haus", "", "Haus"])[1] == []
    assert loaded.subword_ids([]) == []


@pytest.mark.parametrize("name", ["xlm-roberta", "preset", "bert", "distilbert", "xmod"])
def test_words_are_not_padded_nor_cut_whatever_the_tokenizer_says(encoder, tiny, tmp_path, name):
    """Checkpoints of sentence encoders pad every text to 128 subwords."""
    shutil.copytree(tiny(name), tmp_path / name)
    file = tmp_path / name / "tokenizer.json"
    stored = Tokenizer.from_file(str(file))
    stored.enable_padding(length=16)
    stored.enable_truncation(max_length=3)
    stored.save(str(file))
    loaded = load_encoder(resolve(str(tmp_path / name)))
    words = [*GERMAN, "Donaudampfschifffahrt"]
    assert loaded.subword_ids(words) == encoder(name).subword_ids(words)


@pytest.mark.parametrize("name", ["fairseq", "distilbert", "xlm-mlm", "xlm-roberta"])
def test_segments_need_two_token_types(tiny, name):
    preset = resolve(str(tiny(name))).changed(segments=True, encode="pair")
    with pytest.raises(ModelError, match="segments need a model with two token types"):
        load_encoder(preset)


def test_positions_restart_only_where_the_family_can(tiny):
    preset = resolve(str(tiny("bert"))).changed(positions="restart")
    with pytest.raises(ModelError, match="positions cannot restart"):
        load_encoder(preset)


def test_a_layer_out_of_range_names_the_range(encoder):
    loaded = encoder("xlm-roberta")
    for layers in ([5], [-1], [1, 9]):
        with pytest.raises(LayerError, match=r"layers 0 \(embeddings\) to 4"):
            loaded.encode(sentences(loaded), layers)
    with pytest.raises(LayerError):
        loaded.encode(sentences(loaded), [])


def test_what_a_family_has_not_is_refused_with_a_reason(encoder):
    loaded = encoder("xlm-roberta")
    assert loaded.languages == ()
    with pytest.raises(LanguageError, match="takes no language"):
        loaded.language_id("de")
    with pytest.raises(OptionError, match="X-MOD"):
        loaded.freeze_for_finetuning()


@pytest.mark.parametrize("damage", ["model.safetensors", "config.json", "tokenizer.json"])
def test_an_unreadable_checkpoint_is_one_clear_line(tiny, tmp_path, damage):
    for file in tiny("xlm-roberta").iterdir():
        (tmp_path / file.name).write_bytes(
            file.read_bytes()[:100] if file.name == damage else file.read_bytes()
        )
    with pytest.raises(ModelError, match=str(tmp_path)) as caught:
        load_encoder(resolve(str(tmp_path)))
    assert "\n" not in str(caught.value)


def test_weights_that_were_never_fetched_are_one_clear_line(tiny, tmp_path):
    """What git leaves of a large file where git-lfs is missing."""
    for file in tiny("bert").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").unlink()
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (tmp_path / "pytorch_model.bin").write_text(pointer, encoding="utf-8")
    with pytest.raises(ModelError, match=str(tmp_path)) as caught:
        load_encoder(resolve(str(tmp_path)))
    assert "\n" not in str(caught.value)


def test_an_empty_folder_and_an_unknown_id_are_model_errors(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for checkpoint in (str(tmp_path), "no-such-owner/no-such-model"):
        with pytest.raises(ModelError, match=checkpoint):
            load_encoder(resolve(checkpoint))


def test_missing_weights_are_an_error_not_random_numbers(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    for file in tiny("bert").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="1 of the model's weights are missing"):
        load_encoder(resolve(str(tmp_path)))


def test_loading_says_nothing(tiny, capfd):
    load_encoder(resolve(str(tiny("xlm-roberta"))))
    load_encoder(resolve(str(tiny("bert"))))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", FAMILIES)
def test_packing_changes_no_state(encoder, packed, name):
    plain, packed = encoder(name), packed(name)
    assert packed.concurrent == (name in PACKED)
    together = pairs(plain, ((GERMAN, ENGLISH), (ENGLISH, ["Hello"])))
    for batch in (sentences(plain), sentences(plain, (GERMAN,)), together):
        with torch.inference_mode():
            expected, found = (each.encode(batch, range(each.layers + 1)) for each in (plain, packed))
            torch.testing.assert_close(found[:, batch.mask], expected[:, batch.mask], atol=1e-5, rtol=1e-5)
            assert torch.equal(packed.encode(batch, [2])[:, batch.mask], found[2:3, batch.mask])


@pytest.mark.parametrize("name", ["bert", "xlm-roberta", "xlm-roberta-xl"])
def test_packed_in_bfloat16_states_are_near_those_in_float32(encoder, tiny, name):
    plain = encoder(name)
    packed = load_for_aligning(resolve(str(tiny(name))), dtype=torch.bfloat16)
    batch = pairs(plain, ((GERMAN, ENGLISH), (ENGLISH, ["Hello"]), (ENGLISH, GERMAN)))
    with torch.inference_mode():
        expected, found = (each.encode(batch, [plain.layers])[0][batch.mask] for each in (plain, packed))
    error = (found.float() - expected).norm() / expected.norm()
    assert found.dtype == torch.bfloat16 and 0 < error < 0.05


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "m2m100"])  # half a model
def test_what_is_saved_is_loaded_by_transformers(encoder, tmp_path, name):
    loaded = encoder(name)
    with torch.no_grad():
        loaded.model.get_input_embeddings().weight.mul_(1.5)
    loaded.save(tmp_path)
    batch = sentences(loaded)
    again = load_encoder(loaded.preset.changed(place=str(tmp_path), family="auto"))
    assert torch.equal(again.encode(batch, [3]), loaded.encode(batch, [3]))
    assert AutoTokenizer.from_pretrained(tmp_path).convert_ids_to_tokens(range(20)) == loaded.pieces(
        range(20)
    )
    if not loaded.languages or loaded.default_language:
        assert_states_equal_transformers(loaded, tmp_path, batch)


def test_dtype_is_what_was_asked_for(tiny):
    loaded = load_encoder(resolve(str(tiny("bert"))), dtype=torch.bfloat16)
    assert loaded.dtype == torch.bfloat16
    assert loaded.encode(sentences(loaded), [2]).dtype == torch.bfloat16


def test_a_preset_names_its_family():
    preset = Preset.of("x", "/nowhere/at/all", family="bert")
    with pytest.raises(ModelError, match="/nowhere/at/all"):
        load_encoder(preset)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_hub_id_takes_the_same_way_as_a_folder(encoder, tiny, hub_cache, name):
    hub_cache(f"owner/{name}", tiny(name))
    preset = resolve(f"owner/{name}")
    assert is_cached(preset)
    loaded = load_encoder(preset)
    batch = sentences(loaded)
    assert torch.equal(loaded.encode(batch, [4]), encoder(name).encode(batch, [4]))


@pytest.mark.parametrize("what", ["save", "export", "to", "model", "freeze_for_finetuning"])
@pytest.mark.parametrize("highest", [None, 2])
def test_an_encoder_that_only_aligns_says_what_can_be_saved_and_trained(packed, what, highest):
    with pytest.raises(AttributeError, match=f"no '{what}': it only aligns; what load_encoder gives can be"):
        getattr(packed("bert", highest=highest), what)


def test_an_encoder_without_its_decoder_is_not_saved(encoder, tmp_path):
    with pytest.raises(ModelError, match="an encoder without its decoder"):
        encoder("m2m100").save(tmp_path)
    assert not list(tmp_path.iterdir())
