import os
import pickle
import tarfile
from pathlib import Path

import pytest
import sentencepiece
import torch
from fairseq_archive import save_fairseq
from sameness import ENGLISH, GERMAN, assert_states_equal_transformers, pairs, sentences

from xalign.encoders.families import load_encoder
from xalign.errors import ModelError
from xalign.models import resolve


def archive(folder: Path, path: Path) -> Path:
    """As published: the files in a folder of their own inside a .tar.gz."""
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, arcname="xlmr.base")
    return path


@pytest.mark.parametrize("prefix", ["decoder", "encoder"])
@pytest.mark.parametrize("fused", [True, False])
def test_states_are_those_of_the_hugging_face_copy(tiny, tmp_path, prefix, fused):
    save_fairseq(tiny("xlm-roberta"), tmp_path, prefix=prefix, fused=fused)
    loaded = load_encoder(resolve(str(tmp_path)))
    assert_states_equal_transformers(loaded, tiny("xlm-roberta"), sentences(loaded))
    assert_states_equal_transformers(loaded, tiny("xlm-roberta"), pairs(loaded))


def test_subwords_are_those_of_the_hugging_face_copy(encoder):
    words = [*GERMAN, *ENGLISH, "房子", "Дом", "unbekannte", "</s>", "<pad>", ""]
    assert encoder("fairseq").subword_ids(words) == encoder("xlm-roberta").subword_ids(words)


def test_the_dictionarys_ids_are_sentencepieces_plus_one(encoder, tiny):
    tokenizer = encoder("fairseq").tokenizer
    assert tokenizer.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]
    assert tokenizer.convert_tokens_to_ids("<mask>") == len(tokenizer) - 1
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tiny("fairseq") / "sentencepiece.bpe.model"))
    for number in range(3, len(pieces)):
        assert tokenizer.convert_tokens_to_ids(pieces.id_to_piece(number)) == number + 1


@pytest.mark.parametrize("text", ["Das Haus ist klein , aber groß .", "Hello world !", "房子 很 小"])
def test_text_survives_encoding_and_decoding(encoder, text):
    tokenizer = encoder("fairseq").tokenizer
    ids = tokenizer.encode(text)
    assert ids[0] == 0 and ids[-1] == 2
    assert tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False) == text


def test_it_loads_from_inside_the_archive_and_from_model_pt(tiny, tmp_path):
    packed = archive(tiny("fairseq"), tmp_path / "xlmr.base.tar.gz")
    expected = load_encoder(resolve(str(tiny("fairseq"))))
    batch = sentences(expected)
    for place in (packed, tiny("fairseq") / "model.pt"):
        loaded = load_encoder(resolve(str(place)))
        assert torch.equal(loaded.encode(batch, [0, 4]), expected.encode(batch, [0, 4]))


def test_it_takes_the_place_of_a_presets_checkpoint(tiny):
    preset = resolve(f"xlmr-base={tiny('fairseq')}")
    assert (preset.method.layer, preset.checkpoint.family) == (8, "fairseq")
    assert load_encoder(preset).layers == 4


def test_it_is_saved_as_an_ordinary_checkpoint(encoder, tmp_path):
    loaded = encoder("fairseq")
    loaded.model.save_pretrained(tmp_path)
    loaded.tokenizer.save_pretrained(tmp_path)
    batch = sentences(loaded)
    again = load_encoder(resolve(str(tmp_path)))
    assert again.subword_ids(GERMAN) == loaded.subword_ids(GERMAN)
    assert torch.equal(again.encode(batch, [4]), loaded.encode(batch, [4]))


def test_half_precision_and_the_file_format_of_2019_load(encoder, tiny, tmp_path):
    for file in tiny("fairseq").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    content = torch.load(tmp_path / "model.pt", weights_only=False)
    content["model"] = {name: weight.half() for name, weight in content["model"].items()}
    torch.save(content, tmp_path / "model.pt", _use_new_zipfile_serialization=False)
    loaded, expected = load_encoder(resolve(str(tmp_path))), encoder("fairseq")
    assert loaded.dtype == torch.float32
    states = loaded.encode(sentences(loaded), [0])
    torch.testing.assert_close(states, expected.encode(sentences(loaded), [0]), atol=2e-3, rtol=2e-2)


class Intruder:
    """What a hostile pickle would hold."""

    def __reduce__(self):
        return os.getcwd, ()


def test_a_pickle_that_holds_anything_else_is_not_loaded(tiny, tmp_path):
    for file in tiny("fairseq").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({"args": Intruder(), "model": {}}, tmp_path / "model.pt", pickle_module=pickle)
    with pytest.raises(ModelError, match="more than tensors"):
        load_encoder(resolve(str(tmp_path)))


@pytest.mark.parametrize("name", ["model.pt", "dict.txt", "sentencepiece.bpe.model"])
def test_a_missing_file_is_named(tiny, tmp_path, name):
    folder = tmp_path / "xlmr"
    folder.mkdir()
    for file in tiny("fairseq").iterdir():
        if file.name != name:
            (folder / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelError, match=f"{name} is missing"):
        load_encoder(resolve(str(archive(folder, tmp_path / "xlmr.tar.gz"))))


def test_a_truncated_archive_or_checkpoint_is_a_model_error(tiny, tmp_path):
    packed = archive(tiny("fairseq"), tmp_path / "xlmr.tar.gz")
    packed.write_bytes(packed.read_bytes()[:2000])
    with pytest.raises(ModelError, match=r"xlmr\.tar\.gz"):
        load_encoder(resolve(str(packed)))
    for file in tiny("fairseq").iterdir():
        (tmp_path / file.name).write_bytes(
            file.read_bytes()[:2000] if file.name == "model.pt" else file.read_bytes()
        )
    with pytest.raises(ModelError, match=r"model\.pt"):
        load_encoder(resolve(str(tmp_path)))


def test_a_dictionary_of_another_vocabulary_is_refused(tiny, tmp_path):
    for file in tiny("fairseq").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    lines = (tmp_path / "dict.txt").read_text(encoding="utf-8").splitlines()
    (tmp_path / "dict.txt").write_text("\n".join(reversed(lines)) + "\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"dict\.txt does not list the pieces"):
        load_encoder(resolve(str(tmp_path)))
