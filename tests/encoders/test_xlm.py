from dataclasses import replace

import pytest
import torch
from sameness import ENGLISH, GERMAN, assert_states_equal_transformers, pairs, sentences
from transformers import AutoModel, XLMModel

from xalign.encoder_input import EncoderInput
from xalign.encoders import xlm
from xalign.encoders.families import load_encoder
from xalign.errors import DependencyError, LanguageError
from xalign.models import resolve


def in_language(batch: EncoderInput, number: int) -> EncoderInput:
    return replace(batch, languages=torch.full_like(batch.ids, number))


def test_states_are_those_of_transformers(encoder, tiny):
    loaded = encoder("xlm-mlm")
    assert_states_equal_transformers(loaded, tiny("xlm-mlm"), sentences(loaded))
    assert_states_equal_transformers(loaded, tiny("xlm-mlm"), pairs(loaded))


@pytest.mark.parametrize("name", ["xlm-tlm-lang", "xlm-clm"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_language_embeddings_are_those_of_transformers(encoder, tiny, name, language):
    loaded = encoder(name)
    batch = in_language(sentences(loaded), loaded.language_id(language))
    assert_states_equal_transformers(loaded, tiny(name), batch, langs=batch.languages)


def test_the_language_changes_the_states(encoder):
    loaded = encoder("xlm-tlm-lang")
    batch = sentences(loaded)
    german, english = (
        loaded.encode(in_language(batch, loaded.language_id(code)), [0, 4]) for code in ("de", "en")
    )
    assert not torch.allclose(german[0], english[0]) and not torch.allclose(german[1], english[1])


def test_in_a_pair_each_side_has_its_own_language(encoder, tiny):
    loaded = encoder("xlm-tlm-lang")
    batch = pairs(loaded)
    batch = replace(
        batch, languages=torch.tensor([loaded.language_id("de"), loaded.language_id("en")])[batch.sides]
    )
    assert_states_equal_transformers(loaded, tiny("xlm-tlm-lang"), batch, langs=batch.languages)


def test_a_language_is_required_only_where_the_checkpoint_embeds_it(encoder):
    with_embeddings, without = encoder("xlm-tlm-lang"), encoder("xlm-mlm")
    assert with_embeddings.languages == ("de", "en", "zh")
    assert without.languages == ()
    without.encode(sentences(without), [1])
    with pytest.raises(LanguageError, match="each one of de, en, zh"):
        with_embeddings.encode(replace(sentences(with_embeddings), languages=None), [1])
    with pytest.raises(LanguageError, match="unknown language 'fr'"):
        with_embeddings.language_id("fr")


def test_positions_restart_where_the_preset_says_so(encoder, tiny):
    loaded = encoder("xlm-mlm", positions="restart")
    batch = pairs(loaded)
    assert_states_equal_transformers(loaded, tiny("xlm-mlm"), batch, position_ids=batch.restarting_positions)


def test_words_go_through_xlms_own_tokenizer(encoder):
    loaded = encoder("xlm-mlm")
    ids = loaded.subword_ids(["Haus", "the", "größ", "zu,"], "de")
    assert [loaded.tokenizer.convert_ids_to_tokens(each) for each in ids] == [
        ["haus</w>"],
        ["the</w>"],
        ["g", "r", "o", "ß</w>"],
        ["z", "u</w>", ",</w>"],
    ]


def test_the_pieces_of_a_sentence_are_those_of_its_words(encoder):
    loaded = encoder("xlm-mlm")
    whole = loaded.tokenizer._tokenize(" ".join(GERMAN), lang="de")
    assert [number for word in loaded.subword_ids(GERMAN, "de") for number in word] == (
        loaded.tokenizer.convert_tokens_to_ids(whole)
    )


def test_an_unknown_language_of_words_names_the_known_ones(encoder):
    with pytest.raises(LanguageError, match="de, en, zh"):
        encoder("xlm-mlm").subword_ids(["maison"], "fr")


@pytest.mark.parametrize(("language", "missing"), [("zh", "rjieba"), ("th", "pythainlp"), ("ja", "Mykytea")])
def test_what_splits_a_language_is_named_where_it_is_missing(encoder, monkeypatch, language, missing):
    loaded = encoder("xlm-mlm")
    loaded.known_languages = (language,)
    monkeypatch.setattr(xlm, "find_spec", lambda module: None)
    with pytest.raises(DependencyError, match=f"needs {missing}, which is not installed: pip install"):
        loaded.subword_ids(["x"], language)


def test_kyteas_model_is_named_where_only_that_is_missing(encoder, monkeypatch, tmp_path):
    loaded = encoder("xlm-mlm")
    loaded.known_languages = ("ja",)
    monkeypatch.setattr(xlm, "find_spec", lambda module: object())
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(DependencyError, match=r"KyTea's model, and .*model\.bin is missing"):
        loaded.subword_ids(["x"], "ja")


def test_chinese_words_are_split_by_jieba(encoder):
    ids = encoder("xlm-mlm").subword_ids(["房子"], "zh")
    assert len(ids) == 1 and ids[0]


def test_without_sacremoses_nothing_loads_and_the_remedy_is_named(tiny, monkeypatch):
    monkeypatch.setattr(xlm, "find_spec", lambda module: None)
    with pytest.raises(
        DependencyError, match="needs sacremoses, which is not installed: pip install sacremoses"
    ):
        load_encoder(resolve(str(tiny("xlm-mlm"))))


def test_clm_states_do_not_depend_on_later_positions(encoder):
    loaded = encoder("xlm-clm")
    batch = in_language(sentences(loaded, (ENGLISH,)), 1)
    changed = batch.ids.clone()
    changed[:, 6:] = changed[:, 6:].flip(1)
    other = replace(batch, ids=changed)
    states, others = loaded.encode(batch, range(5)), loaded.encode(other, range(5))
    assert torch.equal(states[:, :, :6], others[:, :, :6])
    assert not torch.allclose(states[:, :, 6:], others[:, :, 6:])


def test_mlm_states_do_depend_on_later_positions(encoder):
    loaded = encoder("xlm-mlm")
    batch = sentences(loaded, (ENGLISH,))
    changed = batch.ids.clone()
    changed[:, 6:] = changed[:, 6:].flip(1)
    states, others = loaded.encode(batch, [4]), loaded.encode(replace(batch, ids=changed), [4])
    assert not torch.allclose(states[:, :, :6], others[:, :, :6])


def test_the_prediction_head_may_be_missing(encoder, tiny, tmp_path):
    XLMModel.from_pretrained(tiny("xlm-clm")).save_pretrained(tmp_path)
    encoder("xlm-clm").tokenizer.save_pretrained(tmp_path)
    headless = load_encoder(resolve(str(tmp_path)))
    batch = in_language(sentences(headless), 1)
    assert torch.equal(headless.encode(batch, [4]), encoder("xlm-clm").encode(batch, [4]))


def test_saving_needs_nothing_special(encoder, tiny, tmp_path):
    encoder("xlm-mlm").model.save_pretrained(tmp_path)
    saved, original = AutoModel.from_pretrained(tmp_path), AutoModel.from_pretrained(tiny("xlm-mlm"))
    assert saved.state_dict().keys() == original.state_dict().keys()
