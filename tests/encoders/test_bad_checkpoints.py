"""A checkpoint folder that cannot be used is one clear line, before anything is allocated or run."""

import base64
import io
import json
import math
import shutil
import subprocess
import sys
import tarfile
from argparse import Namespace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from xalign.cli import main
from xalign.encoders.families import load_encoder
from xalign.encoders.folder import check_folder
from xalign.errors import ModelError
from xalign.models import resolve

# A table of characters: the size of a trie, the trie, what characters become.
LONG_ENTRY = base64.b64encode(b"\4\0\0\0" + bytes(4) + b"a\0" + b"b" * 1000 + b"\0").decode()


@pytest.fixture
def folder(tiny, tmp_path):
    """`folder("bert")`: a copy of a tiny checkpoint, to be spoilt."""

    def copy(name):
        return Path(shutil.copytree(tiny(name), tmp_path / name))

    return copy


def change(path, **values):
    """Set keys of a JSON file."""
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**content, **values}), encoding="utf-8")


def refusal(checkpoint):
    """The one line that says why a checkpoint is not loaded."""
    with pytest.raises(ModelError) as caught:
        load_encoder(resolve(str(checkpoint)))
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    return message


def nested(depth):
    return '{"a":' * depth + "1" + "}" * depth


NUMBERS = [
    ("vocab_size", 10**9),
    ("vocab_size", -1),
    ("hidden_size", 10**12),
    ("hidden_size", 0),
    ("hidden_size", "32"),
    ("hidden_size", 32.5),
    ("hidden_size", True),
    ("hidden_size", [32]),
    ("num_hidden_layers", 100_000),
    ("num_hidden_layers", -1),
    ("num_hidden_layers", None),
    ("num_attention_heads", 0),
    ("num_attention_heads", 3),
    ("intermediate_size", 10**9),
    ("max_position_embeddings", 10**9),
    ("max_position_embeddings", -1),
    ("type_vocab_size", 10**9),
    ("pad_token_id", 10**6),
    ("pad_token_id", -5),
    ("pad_token_id", None),
    ("pad_token_id", "1"),
    ("layer_norm_eps", "a"),
    ("layer_norm_eps", -1.0),
    ("layer_norm_eps", math.nan),
    ("layer_norm_eps", 10**400),
    ("hidden_dropout_prob", 7),
    ("hidden_dropout_prob", "0.1"),
    ("attention_probs_dropout_prob", math.inf),
]
XLM_NAMES = {
    "hidden_size": "emb_dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "hidden_dropout_prob": "dropout",
    "attention_probs_dropout_prob": "attention_dropout",
}


@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert", "xmod", "xlm-mlm"])
@pytest.mark.parametrize(("key", "value"), NUMBERS)
def test_a_number_out_of_bounds_is_named_with_its_file(folder, name, key, value):
    key = XLM_NAMES.get(key, key) if name == "xlm-mlm" else key
    config = folder(name) / "config.json"
    change(config, **{key: value})
    assert refusal(config.parent).startswith(f"{config}: {key} is {repr(value)[:40]}")


@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert", "xmod"])
@pytest.mark.parametrize(
    "sizes",
    [
        {"vocab_size": 9_999_999},
        {"hidden_size": 65_536},
        {"num_hidden_layers": 999},
        {"intermediate_size": 999_999},
        {"max_position_embeddings": 9_999_999},
    ],
)
def test_sizes_that_the_files_of_weights_cannot_hold_are_refused_before_any_memory_is_taken(
    folder, monkeypatch, name, sizes
):
    config = folder(name) / "config.json"
    change(config, **sizes)
    monkeypatch.setattr("torch.nn.Embedding.__init__", lambda *_, **__: pytest.fail("a model is being made"))
    assert refusal(config.parent).startswith(f"{config}: its sizes make a model of ")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("distilbert", {"dim": 10**9}),
        ("distilbert", {"n_layers": 100_000}),
        ("distilbert", {"n_heads": 0}),
        ("distilbert", {"dropout": 7}),
        ("distilbert", {"vocab_size": 9_999_999, "dim": 99_999}),
        ("roberta", {"layer_norm_eps": "a"}),
        ("roberta", {"hidden_size": -1}),
        ("m2m100", {"d_model": 10**12}),
        ("m2m100", {"encoder_layers": 10**5}),
    ],
)
def test_families_without_a_file_of_their_own_are_checked_by_their_own_names(folder, name, values):
    config = folder(name) / "config.json"
    change(config, **values)
    assert refusal(config.parent).startswith(f"{config}: ")


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"languages": None}, "languages is None"),
        ({"languages": "en_XX"}, "languages is 'en_XX'"),
        ({"languages": ["en_XX"] * 5}, "languages is ['en_XX', "),
        ({"languages": [f"l{n}" for n in range(10_000)]}, "languages is a list of 10000 members"),
        ({"default_language": "xx_XX"}, "default_language is 'xx_XX'"),
        ({"default_language": ["en_XX"]}, "default_language is ['en_XX']"),
        ({"adapter_reduction_factor": 0}, "adapter_reduction_factor is 0"),
    ],
)
def test_the_languages_of_xmod_are_checked(folder, values, complaint):
    config = folder("xmod") / "config.json"
    change(config, **values)
    assert refusal(config.parent).startswith(f"{config}: {complaint}")


def test_the_languages_of_xlm_are_counted(folder):
    config = folder("xlm-tlm-lang") / "config.json"
    change(config, n_langs=10**9)
    assert refusal(config.parent).startswith(f"{config}: n_langs is 1000000000")


@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert", "distilbert"])
@pytest.mark.parametrize("positions", [1, 2, 3])
def test_positions_that_leave_no_room_for_a_word_are_refused(folder, name, positions):
    config = folder(name) / "config.json"
    change(config, max_position_embeddings=positions)
    assert str(config.parent) in refusal(config.parent)


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


def step_of_tokenizer(path, part, step):
    """Put a normalizer or a pre-tokenizer before those that a tokenizer.json has."""
    content = json.loads(path.read_text(encoding="utf-8"))
    key = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers"}[part]
    steps = [step, content[part]] if content[part] else [step]
    content[part] = {"type": "Sequence", key: steps}
    path.write_text(json.dumps(content), encoding="utf-8")


def split(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def replace(pattern, content):
    return {"type": "Replace", "pattern": pattern, "content": content}


@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert", "distilbert"])
@pytest.mark.parametrize(
    ("part", "step", "complaint"),
    [
        ("pre_tokenizer", split("(a+)+$"), "the pattern '(a+)+$' can take for ever"),
        ("pre_tokenizer", split("a?" * 30 + "a" * 30), "the pattern 'a?a?"),
        ("normalizer", replace({"Regex": "(a|a)*$"}, ""), "the pattern '(a|a)*$' can take for ever"),
        (
            "normalizer",
            replace({"String": "a"}, "a" * 1000),
            "its normalizers make a text more than 256 times",
        ),
        (
            "normalizer",
            replace({"String": ""}, "a" * 1000),
            "its normalizers make a text more than 256 times",
        ),
        (
            "normalizer",
            {"type": "Sequence", "normalizers": [replace({"String": "a"}, "aa")] * 40},
            "its normalizers make a text more than 256 times",
        ),
        (
            "normalizer",
            {"type": "Sequence", "normalizers": [replace({"Regex": "(?=.)"}, "a")] * 40},
            "its normalizers make a text more than 256 times",
        ),
        ("normalizer", {"type": "Sequence", "normalizers": [{"type": "NFC"}] * 5000}, "more than 1000 steps"),
        (
            "normalizer",
            {"type": "Precompiled", "precompiled_charsmap": LONG_ENTRY},
            "precompiled_charsmap makes ",
        ),
    ],
)
def test_a_tokenizer_that_never_ends_is_refused_before_it_is_built(folder, name, part, step, complaint):
    path = folder(name) / "tokenizer.json"
    step_of_tokenizer(path, part, step)
    assert refusal(path.parent).startswith(f"{path}: {complaint}")


@pytest.mark.parametrize("name", ["preset", "bert"])
def test_added_subwords_are_counted_before_they_are_added(folder, name):
    path = folder(name) / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    [first, *_] = content["added_tokens"]
    content["added_tokens"] += [{**first, "id": 500 + n, "content": f"w{n}"} for n in range(100_001)]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert refusal(path.parent).startswith(f"{path}: 100,0")


@pytest.mark.parametrize("file", ["added_tokens.json", "tokenizer_config.json"])
def test_subwords_added_in_other_files_are_counted_too(folder, file):
    path = folder("bert") / file
    words = {f"{n}": {"content": f"w{n}"} for n in range(100_001)}
    change(path, **(words if file == "added_tokens.json" else {"added_tokens_decoder": words}))
    assert refusal(path.parent).startswith(f"{path}: 100,001 added subwords")


def test_what_is_refused_of_foreign_tokenizers_is_not_found_in_the_bundled_one():
    check_folder(Path(resolve("mini").checkpoint.place), frozenset({"xlm-roberta-xl"}))


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


@pytest.mark.parametrize(
    "content", [[], "text", 7, None, {}, {"model": [], "args": Namespace()}, {"model": {}, "args": {}}]
)
def test_a_model_pt_that_holds_something_else_is_named(folder, content):
    path = folder("fairseq") / "model.pt"
    torch.save(content, path)
    assert refusal(path.parent).startswith(f"{path}: expected ")


def without(weights, part):
    return {name: each for name, each in weights.items() if part not in name}


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda weights: without(weights, "embed_tokens"), "word_embeddings.weight is missing"),
        (lambda weights: without(weights, "embed_positions"), "position_embeddings.weight is missing"),
        (lambda weights: without(weights, "layers."), "intermediate.dense.weight is missing"),
        (lambda weights: without(weights, "layers.1.fc2"), "Missing key"),
        (lambda weights: {name: each.flatten() for name, each in weights.items()}, "no table"),
        (
            lambda weights: {name: each.expand(10**6, *each.shape) for name, each in weights.items()},
            "its sizes make",
        ),
        (
            lambda weights: {**weights, "decoder.sentence_encoder.layers.0.what.weight": torch.zeros(1)},
            "'what'",
        ),
        (lambda weights: {name: [1] for name in weights}, "tensors by their names"),
    ],
)
def test_a_model_pt_of_another_model_is_named(folder, spoil, complaint):
    path = folder("fairseq") / "model.pt"
    content = torch.load(path, weights_only=False)
    torch.save({**content, "model": spoil(content["model"])}, path)
    message = refusal(path.parent)
    assert message.startswith(f"{path}: ") and complaint in message


@pytest.mark.parametrize("heads", [0, 3, -1, "4", None, 10**9])
def test_the_heads_that_a_model_pt_names_are_checked(folder, heads):
    path = folder("fairseq") / "model.pt"
    content = torch.load(path, weights_only=False)
    torch.save({**content, "args": Namespace(encoder_attention_heads=heads)}, path)
    assert refusal(path.parent).startswith(f"{path}: num_attention_heads is ")


@pytest.mark.parametrize("file", ["dict.txt", "sentencepiece.bpe.model"])
def test_a_vocabulary_of_fairseqs_that_cannot_be_read_is_named(folder, file):
    path = folder("fairseq") / file
    path.write_bytes(b"\xff\xfe\x00")
    message = refusal(path.parent)
    assert message.startswith(f"{path.parent}: ") and file in message


@pytest.mark.parametrize("mode", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("file", ["model.pt", "unrelated.bin"])
def test_an_archive_is_unpacked_within_bounds(tmp_path, mode, file):
    path = tmp_path / f"xlmr.tar.{mode}"
    with tarfile.open(path, f"w:{mode}") as tar:
        member = tarfile.TarInfo(f"xlmr/{file}")
        member.size = (1 << 26) + 1
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    assert refusal(path).startswith(f"{path}: unpacks to more than 67,108,864 bytes")


MODULE = """
from pathlib import Path
Path(RAN).touch()
from transformers import BertConfig, BertModel
class OwnConfig(BertConfig):
    model_type = "own"
class OwnModel(BertModel):
    config_class = OwnConfig
"""


@pytest.fixture
def bringing_code(folder, tmp_path, monkeypatch):
    """A checkpoint that brings a module, which leaves a file `ran` beside itself when it is imported."""
    path = folder("bert")
    (path / "own.py").write_text(f"RAN = {str(path / 'ran')!r}\n{MODULE}", encoding="utf-8")
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    change(
        path / "config.json",
        model_type="own",
        auto_map={"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"},
    )
    change(path / "tokenizer_config.json", tokenizer_class="BertTokenizer")
    return path


def test_code_that_a_checkpoint_brings_is_refused(bringing_code):
    message = refusal(bringing_code)
    assert message.startswith(f"{bringing_code / 'config.json'}: auto_map is ")
    assert "give trust_remote_code" in message
    assert not (bringing_code / "ran").exists()


@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert", "xmod", "xlm-mlm", "distilbert"])
@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"auto_map": {"AutoModel": "own.OwnModel"}}),
        ("config.json", {"auto_map": {"AutoModel": "somebody/elses--own.OwnModel"}}),
        ("config.json", {"text_config": {"auto_map": {"AutoModel": "own.OwnModel"}}}),
        ("config.json", {"attn_implementation": "somebody/kernel"}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": [None, "own.OwnTokenizer"]}}),
    ],
)
def test_wherever_code_is_named_it_is_refused(folder, name, file, values):
    path = folder(name) / file
    change(path, **values)
    assert refusal(path.parent).startswith(f"{path}: ")
    assert "Python code" in refusal(path.parent)


def test_code_runs_where_its_user_trusts_it(bringing_code, encoder):
    loaded = load_encoder(resolve(str(bringing_code)), trust_remote_code=True)
    assert type(loaded.model).__name__ == "OwnModel"
    assert loaded.subword_ids(["Haus"]) == encoder("bert").subword_ids(["Haus"])
    assert (bringing_code / "ran").exists()


def align(*arguments, given="ja ||| yes\n"):
    return CliRunner().invoke(main, ["align", *map(str, arguments)], input=given)


def assert_refused(run, *said):
    assert run.exit_code == 2 and run.stdout == ""
    assert "Traceback" not in run.stderr and len(run.stderr.splitlines()) == 1
    assert all(each in run.stderr for each in said)


@pytest.mark.parametrize("given", ["y\n", "1\n"])
def test_nothing_on_standard_input_answers_for_the_user(bringing_code, tmp_path, given):
    (tmp_path / "text").write_text("ja\n", encoding="utf-8")
    arguments = ["align", "--model", bringing_code, "--layer", "1", tmp_path / "text", tmp_path / "text"]
    run = subprocess.run(
        [sys.executable, "-m", "xalign.cli", *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert "--trust-remote-code" in run.stderr and len(run.stderr.splitlines()) == 1
    assert not (bringing_code / "ran").exists()


def test_the_command_runs_code_where_it_is_told_to(bringing_code):
    run = align("--model", bringing_code, "--layer", 1, "--trust-remote-code")
    assert (run.exit_code, run.stdout) == (0, "0-0\n")
    assert (bringing_code / "ran").exists()


@pytest.mark.parametrize(
    ("file", "values"),
    [("config.json", {"num_attention_heads": 3}), ("tokenizer_config.json", {"cls_token": [1]})],
)
def test_the_command_prints_one_line_and_nothing_else(folder, file, values):
    path = folder("preset") / file
    change(path, **values)
    assert_refused(align("--model", path.parent), f"{path}: {next(iter(values))} is ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "~zzznobody/x"), "unknown model '~zzznobody/x'"),
        (("--model", "x" * 5000), "unknown model 'xxx"),
        (("--model", "mini=~zzznobody/x"), "'~zzznobody/x': no such folder"),
        (("--device", "hpu"), "--device hpu cannot be used here"),
        (("--device", "meta"), "--device meta cannot be used here"),
    ],
)
def test_a_model_or_a_device_that_cannot_be_is_one_line(arguments, said):
    assert_refused(align(*arguments), said)
