"""A tokenizer that would not terminate, or fill the memory, is refused before it is built."""

import base64
import json
from pathlib import Path

import pytest
from refusals import change, refusal

from xalign.encoders.folder import check_folder
from xalign.models import resolve

# A table of characters: the size of a trie, the trie, what characters become.
LONG_ENTRY = base64.b64encode(b"\4\0\0\0" + bytes(4) + b"a\0" + b"b" * 1000 + b"\0").decode()


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
