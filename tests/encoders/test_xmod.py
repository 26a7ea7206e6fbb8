from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from sameness import ENGLISH, GERMAN, assert_states_equal_transformers, pairs, sentences
from transformers import AutoModel, XmodForSequenceClassification

from xalign.encoder_input import EncoderInput
from xalign.encoders.families import load_encoder
from xalign.errors import LanguageError
from xalign.models import resolve


def by_sides(encoder, batch: EncoderInput, source: str, target: str) -> EncoderInput:
    """The batch with the source side in one language and the target side in another."""
    ids = torch.tensor([encoder.language_id(source), encoder.language_id(target)])
    return replace(batch, languages=ids[batch.sides])


@pytest.mark.parametrize("name", ["xmod", "xmod-prenorm"])
@pytest.mark.parametrize("language", ["en_XX", "de_DE", "zh_TW"])
def test_states_are_those_of_transformers(encoder, tiny, name, language):
    loaded = encoder(name)
    batch = by_sides(loaded, sentences(loaded), language, language)
    assert_states_equal_transformers(loaded, tiny(name), batch, lang_ids=batch.languages)


@pytest.mark.parametrize("name", ["xmod", "xmod-prenorm"])
def test_in_a_pair_each_side_has_its_own_adapter(encoder, tiny, name):
    loaded = encoder(name)
    batch = pairs(loaded, ((GERMAN, ENGLISH), (["Hello", "world"], GERMAN)))
    batch = by_sides(loaded, batch, "de", "en")
    assert_states_equal_transformers(loaded, tiny(name), batch, lang_ids=batch.languages)
    swapped = loaded.encode(by_sides(loaded, batch, "en", "de"), [4])
    assert not torch.allclose(loaded.encode(batch, [4]), swapped)


def test_the_sentences_of_a_batch_may_be_of_different_languages(encoder, tiny):
    loaded = encoder("xmod")
    batch = sentences(loaded, (GERMAN, ENGLISH, GERMAN))
    ids = torch.tensor([loaded.language_id(code) for code in ("de", "en", "zh_CN")])
    mixed = replace(batch, languages=ids[:, None].expand_as(batch.ids))
    assert_states_equal_transformers(loaded, tiny("xmod"), mixed, lang_ids=mixed.languages)
    states = loaded.encode(mixed, [2])[0]
    alone = sentences(loaded, (GERMAN,))
    for row, language in enumerate(["de_DE", None, "zh_CN"]):
        if language:
            expected = loaded.encode(by_sides(loaded, alone, language, language), [2])[0, 0]
            torch.testing.assert_close(states[row, : len(expected)], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["xmod", "xmod-prenorm"])
def test_packed_blocks_keep_the_languages_apart(encoder, packed, name):
    plain, packed = encoder(name), packed(name)
    batch = pairs(plain, ((GERMAN, ENGLISH), (["Hello"], GERMAN), (ENGLISH, ["Haus"])))
    languages = by_sides(plain, batch, "de", "en").languages.clone()
    languages[1] = plain.language_id("zh_CN")
    batch = replace(batch, languages=languages)
    assert batch.padded
    with torch.inference_mode():
        expected, found = (each.encode(batch, [2, 4])[:, batch.mask] for each in (plain, packed))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_codes_are_iso_639_1_or_the_models_own(encoder):
    loaded = encoder("xmod")
    assert loaded.languages == ("en_XX", "de_DE", "zh_CN", "zh_TW", "fr_XX")
    assert [loaded.language_id(code) for code in ("de", "de_DE", "de-de", "DE")] == [1, 1, 1, 1]
    assert loaded.language_id("zh-tw") == 3


def test_an_ambiguous_or_unknown_code_names_the_valid_ones(encoder):
    loaded = encoder("xmod")
    with pytest.raises(LanguageError, match="'zh' can mean zh_CN or zh_TW"):
        loaded.language_id("zh")
    with pytest.raises(LanguageError, match=r"unknown language 'xx': .*en_XX, de_DE, zh_CN, zh_TW, fr_XX"):
        loaded.language_id("xx")
    with pytest.raises(LanguageError, match="unknown language 'de_AT'"):
        loaded.language_id("de_AT")


def test_without_a_default_a_language_is_required(encoder):
    loaded = encoder("xmod")
    with pytest.raises(LanguageError, match="give source_language and target_language, each one of en_XX"):
        loaded.language_id(None)
    with pytest.raises(LanguageError, match="source_language"):
        loaded.encode(replace(sentences(loaded), languages=None), [1])


def test_the_checkpoints_default_language_holds_where_none_is_given(encoder, tiny):
    loaded = encoder("xmod-prenorm")
    assert loaded.language_id(None) == 0
    assert_states_equal_transformers(loaded, tiny("xmod-prenorm"), sentences(loaded))


@pytest.mark.parametrize("name", ["xmod", "xmod-prenorm"])
def test_fine_tuning_freezes_what_transformers_task_heads_freeze(encoder, tiny, name):
    task = XmodForSequenceClassification.from_pretrained(tiny(name))
    task.freeze_embeddings_and_language_adapters()
    expected = {name for name, parameter in task.roberta.named_parameters() if not parameter.requires_grad}
    loaded = encoder(name)
    loaded.freeze_for_finetuning()
    frozen = {name for name, parameter in loaded.model.named_parameters() if not parameter.requires_grad}
    assert expected and frozen == expected


def test_fine_tuned_in_one_language_it_aligns_in_another(encoder, tiny, tmp_path):
    """A step of training through German's adapter changes what French sees, but no adapter."""
    loaded = encoder("xmod")
    loaded.freeze_for_finetuning()
    french = by_sides(loaded, sentences(loaded), "fr", "fr")
    before = loaded.encode(french, [4]).detach()
    optimizer = torch.optim.SGD([p for p in loaded.model.parameters() if p.requires_grad], lr=0.01)
    loaded.encode(by_sides(loaded, sentences(loaded), "de", "de"), [4]).square().mean().backward()
    optimizer.step()

    loaded.model.save_pretrained(tmp_path)
    loaded.tokenizer.save_pretrained(tmp_path)
    tuned = load_encoder(resolve(str(tmp_path)))
    after = tuned.encode(french, [4])
    assert after.isfinite().all() and not torch.allclose(before, after)
    original = AutoModel.from_pretrained(tiny("xmod")).state_dict()
    for name, weight in tuned.model.state_dict().items():
        if "adapter_modules" in name or name.startswith("embeddings"):
            assert torch.equal(weight, original[name])


def test_only_the_adapters_of_the_batch_are_run(encoder):
    loaded = encoder("xmod")
    run = []
    for name, adapter in loaded.blocks[0].output.adapter_modules.items():
        adapter.register_forward_hook(lambda *_, name=name: run.append(name))
    loaded.encode(by_sides(loaded, sentences(loaded), "de", "de"), [1])
    loaded.encode(by_sides(loaded, pairs(loaded), "zh_CN", "fr"), [1])
    assert run == ["de_DE", "zh_CN", "fr_XX"]


def test_two_languages_in_a_sequence_train_under_autocast(encoder):
    loaded = encoder("xmod")
    batch = by_sides(loaded, pairs(loaded), "de", "en")
    with torch.autocast("cpu", torch.bfloat16):
        states = loaded.encode(batch, [4])
    states.square().sum().backward()
    for language in ("de_DE", "en_XX"):
        assert loaded.blocks[0].output.adapter_modules[language].dense1.weight.grad.abs().sum() > 0


def test_the_method_of_the_bare_model_still_fails_in_transformers(tiny):
    """Why `freeze_for_finetuning` is our own: when this fails, transformers has mended it."""
    model = AutoModel.from_pretrained(tiny("xmod"))
    with pytest.raises(AttributeError):
        model.freeze_embeddings_and_language_adapters()
    type(model).freeze_embeddings_and_language_adapters(SimpleNamespace(roberta=model))
