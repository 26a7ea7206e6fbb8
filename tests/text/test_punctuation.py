"""Punctuation is told from words in every script, and is linked to punctuation alone where that is wanted."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xalign.aligner import Aligner
from xalign.batch_links import Links, apart
from xalign.links import Alignment
from xalign.text.punctuation import is_punctuation
from xalign.text.sentences import SentencePair

PUNCTUATION = [
    ".",
    ",",
    "?!",
    "...",
    "«",
    "”",
    "–",
    "。",
    "、",
    "「",
    "।",
    "؟",
    "·",
    "'",
    "&quot;",
    "&apos;",
    "@-@",
    "|",
    "``",
    "´",
    "&#124;",
    "-LRB-",
    "-RSB-",
]
WORDS = [
    "a",
    "7",
    "%",
    "&",
    "&amp;",
    "§",
    "#",
    "*",
    "€",
    "+",
    "=",
    "o'clock",
    "3.5",
    "ー",
    "々",
    "Mr.",
    "-1",
    "",
    "&",
]
PAIR = SentencePair(
    ("Das", "Haus", ",", "klein", "!", "ist", "%"),
    ("The", ",", "house", "is", "small", "...", "percent", "."),
)


@pytest.mark.parametrize("word", PUNCTUATION)
def test_punctuation(word):
    assert is_punctuation(word)


@pytest.mark.parametrize("word", WORDS)
def test_words(word):
    assert not is_punctuation(word)


@given(source=st.lists(st.booleans(), min_size=1), target=st.lists(st.booleans(), min_size=1))
def test_links_of_like_with_like_are_kept(source, target):
    shape = (1, len(source), len(target))
    links = Links(torch.rand(shape) < 0.7, torch.rand(shape))
    kept = apart(links, torch.tensor([source]), torch.tensor([target]))
    assert torch.equal(kept.scores, links.scores)
    for i, of_source in enumerate(source):
        for j, of_target in enumerate(target):
            assert kept.links[0, i, j] == (links.links[0, i, j] and of_source == of_target)


def crossing(alignment: Alignment):
    return [
        link
        for link in alignment.links
        if is_punctuation(PAIR.source[link[0]]) != is_punctuation(PAIR.target[link[1]])
    ]


@pytest.mark.parametrize("level", ["subword", "word"])
@pytest.mark.parametrize(
    "options",
    [
        {"extract": "union"},
        {"extract": "softmax", "threshold": 0.0},
        {"extract": "sinkhorn", "threshold": 0.0},
        {"extract": "softmax", "threshold": 0.0, "symmetrize": "grow-diag-final"},
        {"extract": "argmax", "symmetrize": "union"},
    ],
)
def test_no_link_between_punctuation_and_words_is_left(tiny, level, options):
    free, held_apart = (
        next(load(tiny, level=level, punctuation=punctuation, **options).align([PAIR]))
        for punctuation in ("free", "apart")
    )
    assert crossing(free)
    assert not crossing(held_apart)
    if "symmetrize" not in options:
        assert set(held_apart.links) == set(free.links) - set(crossing(free))


def test_nor_with_a_lexicon(tiny):
    options = {"lexicon": True, "threshold": 0.0}
    free, held_apart = (
        next(load(tiny, punctuation=punctuation, **options).align([PAIR]))
        for punctuation in ("free", "apart")
    )
    assert crossing(free)
    assert held_apart.links and not crossing(held_apart)


def test_nor_in_what_explains_it(tiny):
    explained = load(tiny, extract="softmax", threshold=0.0, level="word", punctuation="apart").explain(PAIR)
    for direction in (explained.forward, explained.backward):
        found = Alignment.of(zip(*(each.tolist() for each in direction.nonzero()), strict=True))
        assert found.links and not crossing(found)


def load(tiny, **options):
    return Aligner.load(str(tiny("preset")), device="cpu", dtype="float32", **options)


def test_an_escape_of_any_length_is_read():
    assert not is_punctuation("&#" + "1" * 5_000 + ";")
