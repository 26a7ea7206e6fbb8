"""The bundled model's vocabulary reads words as corpora write them."""

import pytest

from xalign.encoder import load_encoder
from xalign.models import resolve


@pytest.fixture(scope="module")
def mini():
    return load_encoder(resolve("mini"))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("of_course", ["of", "course"]),  # words of one unit, as some gold sets join them
        ("till_att_börja_med", ["till", "att", "börja", "med"]),
        ("&quot;", ['"']),  # as Moses' tokenizer escapes them
        ("&apos;s", ["'s"]),
        ("R&amp;D", ["R&D"]),
        ("@-@", ["-"]),
    ],
)
def test_what_corpora_write_for_it_is_split_like_plain_text(mini, written, words):
    assert mini.subword_ids([written]) == [[number for ids in mini.subword_ids(words) for number in ids]]


@pytest.mark.parametrize("word", ["_", "__init__", "a_", "_a", "@", "&", "&nbsp"])
def test_what_only_looks_like_it_keeps_its_characters(mini, word):
    assert "".join(mini.pieces(mini.subword_ids([word])[0])).replace("▁", "") == word
