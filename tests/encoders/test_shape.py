"""Sizes in config.json that cannot be are refused before anything is allocated."""

import math

import pytest
from refusals import change, refusal

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
