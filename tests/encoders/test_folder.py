"""A checkpoint folder that cannot be used is one clear line."""

import math

import pytest
import torch
from refusals import change, refusal
from safetensors.torch import load_file, save_file
from tiny_checkpoints import MAKERS

from xalign.encoders.families import load_encoder
from xalign.errors import ModelError
from xalign.models import resolve


def nested(depth):
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize("name", ["preset", "bert", "xlm-mlm", "distilbert"])
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "expected an object"),
        (b"7", "expected an object, found 7"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (nested(100_000).encode(), "nested too deeply"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "not JSON"),
        (b"{}", "model_type is None"),
        (b'{"model_type": ["bert"]}', "model_type is ['bert']"),
    ],
)
@pytest.mark.parametrize("file", ["config.json"])
def test_a_config_that_is_no_object_is_named(folder, name, content, complaint, file):
    path = folder(name) / file
    path.write_bytes(content)
    assert refusal(path.parent).startswith(f"{path}: {complaint}")


@pytest.mark.parametrize("name", sorted(set(MAKERS) - {"fairseq"}))
@pytest.mark.parametrize("files", [("config.json",), ("config.json", "tokenizer_config.json")])
def test_a_model_that_was_saved_without_its_tokenizer_is_refused(folder, name, files):
    path = folder(name)
    for file in path.iterdir():
        if file.name not in ("model.safetensors", "xalign.json", *files):
            file.unlink()
    remedy = f"also save it there, with AutoTokenizer.from_pretrained(...).save_pretrained({str(path)!r})"
    assert refusal(path) == f"{path} has no tokenizer: {remedy}"


@pytest.mark.parametrize("name", ["preset", "bert"])
@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"])
@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", nested(100_000).encode()])
def test_files_of_a_tokenizer_that_are_no_objects_are_named(folder, name, file, content):
    path = folder(name) / file
    path.write_bytes(content)
    assert refusal(path.parent).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (nested(100_000).encode(), "nested too deeply"),
        (b'{"name": "x", "threshold": 1' + b"0" * 400 + b"}", "threshold is 1000"),
        (b'{"name": "x", "threshold": 1e400}', "threshold is inf"),
        (b'{"name": "x", "threshold": NaN}', "threshold is nan"),
        (b'{"name": "x", "threshold": true}', "threshold is True"),
        (b'{"name": "x", "layer": true}', "layer is True"),
        (b'{"name": "x", "layer": 1' + b"0" * 400 + b"}", "layer is 1000"),
        (b'{"name": "x", "extract": ["argmax"]}', "extract is ['argmax']"),
        (b'{"name": "x", "segments": "no"}', "segments is 'no'"),
        (b'{"name": "x", "languages": [1]}', "languages is [1]"),
        (b'{"name": "x", "languages": {"de": 1}}', "languages is {'de': 1}"),
        (b'{"name": "x", "checksums": [1]}', "checksums is [1]"),
        (b'{"name": "x", "checksums": {"a": 1}}', "checksums is {'a': 1}"),
        (b'{"name": "x", "description": 7}', "description is 7"),
        (b'{"name": 7}', "name is 7"),
        (b'{"name": ["x"]}', "name is ['x']"),
    ],
)
def test_a_preset_file_that_is_wrong_is_named(folder, content, complaint):
    path = folder("preset") / "xalign.json"
    path.write_bytes(content)
    assert refusal(path.parent).startswith(f"{path}: {complaint}")


@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert", "xlm-mlm", "distilbert"])
@pytest.mark.parametrize("file", ["tokenizer_config.json", "special_tokens_map.json"])
@pytest.mark.parametrize("value", [["</s>"], 7, True, {"content": 7}, {}])
def test_a_special_subword_that_is_no_text_is_named(folder, name, file, value):
    path = folder(name) / file
    change(path, sep_token=value)
    assert refusal(path.parent).startswith(f"{path}: sep_token is ")


@pytest.mark.parametrize("name", ["bert", "xlm-roberta", "xlm-mlm"])
def test_a_special_subword_that_the_tokenizer_lacks_is_named(folder, name):
    path = folder(name) / "tokenizer_config.json"
    change(path, sep_token=None)
    message = refusal(path.parent)
    assert str(path.parent) in message and "sep_token" in message


@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert", "xmod", "xlm-mlm", "distilbert"])
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers_are_refused(folder, name, wrong):
    path = folder(name) / "model.safetensors"
    weights = load_file(path)
    [spoilt] = [
        key
        for key in weights
        if key.endswith(("layer.1.output.dense.bias", "ffns.1.lin2.bias", "layer.1.ffn.lin2.bias"))
    ]
    weights[spoilt][3] = wrong
    save_file(weights, path, metadata={"format": "pt"})
    message = refusal(path.parent)
    assert message.startswith(f"{path.parent}: ") and "not finite numbers" in message


def test_weights_too_large_for_the_precision_asked_for_are_refused(folder):
    path = folder("preset") / "model.safetensors"
    weights = load_file(path)
    weights["embeddings.word_embeddings.weight"][5, 5] = 1e30
    save_file(weights, path, metadata={"format": "pt"})
    load_encoder(resolve(str(path.parent)))
    with pytest.raises(ModelError, match="read as float16"):
        load_encoder(resolve(str(path.parent)), dtype=torch.float16)


@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert"])
def test_a_tokenizer_of_another_model_is_refused(folder, tiny, name):
    path = folder(name)
    config, weights = path / "config.json", load_file(path / "model.safetensors")
    weights["embeddings.word_embeddings.weight"] = weights["embeddings.word_embeddings.weight"][:50].clone()
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    change(config, vocab_size=50)
    assert refusal(path).startswith(f"{config}: vocab_size is 50")


def test_an_adapter_is_no_model(folder):
    path = folder("bert") / "adapter_config.json"
    change(path, base_model_name_or_path="owner/name")
    assert refusal(path.parent).startswith(f"{path}: an adapter")


def test_a_file_that_is_far_too_large_is_not_read(folder):
    path = folder("bert") / "tokenizer.json"
    with path.open("r+b") as file:
        file.truncate(10**12)  # a sparse file
    assert refusal(path.parent).startswith(f"{path}: more than 100,000,000 bytes")


@pytest.mark.parametrize("name", ["roberta", "m2m100"])
def test_a_model_that_its_config_keeps_from_running_is_refused_when_it_is_loaded(folder, name):
    path = folder(name)
    change(path / "config.json", pad_token_id=None)
    message = refusal(path)
    assert message.startswith(f"{path}: ") and "cannot be run with this config.json" in message
