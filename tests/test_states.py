from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from sameness import sentences

from xalign.errors import LanguageError, LayerError, OptionError
from xalign.states import SUFFIXES, check_suffix, hidden_states

TEXT = (["Das", "Haus", "ist", "klein"], [], ["Hello", "world", "!"], ["", "the"])


def test_each_subword_has_the_state_of_its_sentence_alone(encoder):
    loaded = encoder("xlm-roberta")
    states = hidden_states(loaded, TEXT, [2, 4])
    for number, words in enumerate(TEXT):
        start, end = states.sentence_offsets[number : number + 2]
        if words:
            expected = loaded.encode(sentences(loaded, (words,)), [2, 4])[:, 0, 1:-1].detach().numpy()
            assert end - start == expected.shape[1]
            for layer, rows in zip([2, 4], expected, strict=True):
                np.testing.assert_allclose(states.layers[layer][start:end], rows, atol=1e-5, rtol=1e-5)
        else:
            assert start == end


def test_word_index_counts_words_in_their_sentence(encoder):
    loaded = encoder("xlm-roberta")
    states = hidden_states(loaded, TEXT, [0])
    expected = [
        word for words in TEXT for word, ids in enumerate(loaded.subword_ids(words)) for _ in range(len(ids))
    ]
    assert states.word_index.tolist() == expected
    assert len(states.layers[0]) == len(expected) == states.sentence_offsets[-1]


def test_small_batches_give_the_same_states(encoder):
    loaded = encoder("bert")
    large, small = (hidden_states(loaded, TEXT * 3, [3], batch_tokens=size) for size in (4096, 8))
    np.testing.assert_allclose(large.layers[3], small.layers[3], atol=1e-5, rtol=1e-5)


def test_windows_of_a_long_sentence_stay_within_the_batch(encoder, monkeypatch):
    loaded = encoder("bert")
    sentence = ["the", "house", "is", "small"] * 50
    expected = hidden_states(loaded, [sentence], [3])
    encode, asked = loaded.encode, []

    def counting(batch, layers):
        asked.append(batch.ids.numel())
        return encode(batch, layers)

    monkeypatch.setattr(loaded, "encode", counting)
    found = hidden_states(loaded, [sentence], [3], batch_tokens=150)
    assert len(asked) > 1 and max(asked) <= 150
    np.testing.assert_allclose(found.layers[3], expected.layers[3], atol=1e-5, rtol=1e-5)


def test_a_sentence_beyond_the_limit_is_not_cut(encoder):
    loaded = encoder("xlm-roberta")
    words = ["the", "house", "is", "small"] * 20
    states = hidden_states(loaded, [words], [4])
    assert len(states.layers[4]) == sum(map(len, loaded.subword_ids(words))) > loaded.limit
    assert np.abs(states.layers[4]).sum(axis=1).min() > 0


def test_the_language_reaches_the_encoder(encoder):
    loaded = encoder("xmod")
    states = hidden_states(loaded, [TEXT[0]], [4], language="de")
    batch = sentences(loaded, (TEXT[0],))
    batch = replace(batch, languages=torch.full_like(batch.ids, loaded.language_id("de_DE")))
    expected = loaded.encode(batch, [4])[0, 0, 1:-1].detach().numpy()
    np.testing.assert_allclose(states.layers[4], expected, atol=1e-5, rtol=1e-5)
    with pytest.raises(LanguageError):
        hidden_states(loaded, [TEXT[0]], [4])


@pytest.mark.parametrize("name", ["states.safetensors", "states.npz"])
def test_a_file_holds_it_all(encoder, tmp_path, name):
    states = hidden_states(encoder("bert"), TEXT, [1, 3])
    states.save(tmp_path / name)
    arrays = load_file(tmp_path / name) if name.endswith(".safetensors") else dict(np.load(tmp_path / name))
    assert sorted(arrays) == ["layer_1", "layer_3", "sentence_offsets", "word_index"]
    assert np.array_equal(arrays["layer_3"], states.layers[3])
    assert np.array_equal(arrays["word_index"], states.word_index)
    assert arrays["layer_1"].dtype == np.float32


def test_other_names_and_layers_are_refused(encoder, tmp_path):
    with pytest.raises(OptionError, match=r"\.safetensors or \.npz"):
        check_suffix(tmp_path / "states.txt")
    with pytest.raises(OptionError, match="there is no folder"):
        check_suffix(tmp_path / "no" / "states.npz")
    for suffix in SUFFIXES:
        (tmp_path / f"folder{suffix}").mkdir()
        with pytest.raises(OptionError, match="cannot be written"):
            hidden_states(encoder("bert"), TEXT, [1]).save(tmp_path / f"folder{suffix}")
    with pytest.raises(LayerError):
        hidden_states(encoder("bert"), TEXT, [9])
