"""The bundled models align as their cards say, and their vocabularies read words as corpora write them."""

from pathlib import Path

import pytest

from xalign import Aligner
from xalign.encoders.families import load_encoder
from xalign.formats import read_alignments
from xalign.input_shape import InputShape
from xalign.method import Method
from xalign.models import BUNDLED, resolve
from xalign.score.aer import count, total
from xalign.text.sentences import read_files

EVAL_DATA = Path(__file__).resolve().parent.parent / "eval_data"


@pytest.fixture(scope="module")
def mini():
    return load_encoder(resolve("mini"))


def test_its_preset_is_what_the_card_says():
    preset = resolve("mini")
    assert preset.input == InputShape(encode="pair", positions="restart", segments=True, window=256)
    assert preset.method == Method(
        layer=3, similarity="dot", extract="agreement-grow", threshold=0.45, level="word", punctuation="apart"
    )
    assert len(preset.about.languages) == 35


def test_the_preset_of_small_is_what_the_card_says():
    preset = resolve("small")
    assert preset.input == InputShape(encode="pair", window=256)
    assert preset.method == Method(
        layer=8,
        similarity="dot",
        extract="agreement-grow",
        threshold=0.5,
        level="word",
        punctuation="apart",
    )
    assert len(preset.about.languages) >= 90


@pytest.mark.parametrize("model", BUNDLED)
@pytest.mark.parametrize(("pair", "most"), [("de-en", 12), ("fr-en", 15), ("es-en", 16), ("zh-en", 28)])
def test_it_aligns_the_sets_that_come_with_it(model, pair, most):
    """Within a few points of what it reaches; along the diagonal AER is above 40."""
    folder = EVAL_DATA / pair
    pairs = list(read_files(folder / f"test.{pair[:2]}", folder / "test.en"))
    found = Aligner.load(model, device="cpu", dtype="float32").align(pairs)
    counts = total(map(count, found, read_alignments(folder / "gold.txt")))
    assert 100 * counts.aer < most


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("of_course", ["of", "course"]),  # words of one unit, as some gold sets join them
        ("till_att_börja_med", ["till", "att", "börja", "med"]),
        ("&quot;", ['"']),  # as Moses' tokenizer escapes them
        ("&apos;s", ["'s"]),
        ("R&amp;D", ["R&D"]),
        ("@-@", ["-"]),
        ("می\u200cخواهم", ["ميخواهم"]),  # Persian, with its own letters and a non-joiner or with Arabic's
        ("کتاب", ["كتاب"]),
        ("Țară", ["Ţară"]),  # Romanian, with commas or cedillas
        ("și", ["şi"]),
        ("co\u00adop", ["coop"]),
    ],
)
def test_what_corpora_write_for_it_is_split_like_plain_text(mini, written, words):
    assert mini.subword_ids([written]) == [[number for ids in mini.subword_ids(words) for number in ids]]


@pytest.mark.parametrize(
    ("written", "words"),
    [("of_course", ["of", "course"]), ("&quot;", ['"']), ("@-@", ["-"]), ("co\u00adop", ["coop"])],
)
def test_small_reads_them_so_too(written, words):
    small = load_encoder(resolve("small"))
    assert small.subword_ids([written]) == [[number for ids in small.subword_ids(words) for number in ids]]


@pytest.mark.parametrize("word", ["_", "__init__", "a_", "_a", "@", "&", "&nbsp"])
def test_what_only_looks_like_it_keeps_its_characters(mini, word):
    assert "".join(mini.pieces(mini.subword_ids([word])[0])).replace("▁", "") == word
