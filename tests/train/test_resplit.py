"""Words written in other subwords are still the same words, in every kind of vocabulary."""

import itertools

import numpy as np
import pytest

from xalign.encoders.families import load_encoder
from xalign.errors import OptionError
from xalign.models import resolve
from xalign.train.collate import Example
from xalign.train.corpus import read_corpus
from xalign.train.mixture import Mixture
from xalign.train.options import TrainOptions
from xalign.train.resplit import Resplitter, halves

FAMILIES = ["xlm-roberta", "preset", "bert", "xlm-mlm"]


def spelled(encoder, subwords):
    """The text of subwords; WordPiece's mark of a subword that goes on, and the others' marks, left out."""
    pieces = encoder.pieces(subwords.tolist())
    return "".join(
        piece.removeprefix("##").replace("▁", " ").replace("</w>", " ") for piece in pieces
    ).strip()


def pair_of(source, target):
    """Every subword a word of its own, nothing linked."""
    links = np.empty((0, 2), dtype=np.int32), np.empty(0, dtype=np.float32)
    return Example(source, np.arange(len(source)), target, np.arange(len(target)), *links)


def every_subword(encoder):
    """Each subword as a word of its own."""
    ids = [k for k in range(encoder.vocabulary.size) if k not in encoder.vocabulary.specials]
    return np.array(ids, dtype=np.int32), np.arange(len(ids), dtype=np.int32)


@pytest.mark.parametrize("family", FAMILIES)
def test_halves_spell_what_the_whole_does(encoder, family):
    loaded = encoder(family)
    subwords, words = every_subword(loaded)
    resplitter = Resplitter(loaded, rate=0.9)
    split, split_words = resplitter.split(subwords, words, np.random.default_rng(1))
    assert len(split) > len(subwords)
    assert not loaded.vocabulary.specials & set(split.tolist())
    for word in words:
        assert spelled(loaded, split[split_words == word]) == spelled(loaded, subwords[words == word])


def test_wordpiece_marks_the_second_half_and_keeps_the_mark_of_the_first(encoder):
    loaded = encoder("bert")
    pieces = loaded.pieces(range(loaded.vocabulary.size))
    table = halves(pieces, loaded.vocabulary.specials)
    split = np.flatnonzero(table[:, 0] >= 0)
    assert len(split)
    for whole, (left, right) in zip(split, table[split], strict=True):
        assert pieces[left].startswith("##") == pieces[whole].startswith("##")
        assert pieces[right].startswith("##")


def test_the_most_frequent_halves_are_taken():
    pieces = ["a", "b", "abc", "c", "ab", "bc"]
    assert halves(pieces)[2].tolist() == [0, 5]  # 1 x 6 is less than 5 x 4
    assert halves(["ab", "c", *pieces[:3]])[4].tolist() == [0, 1]


def test_specials_are_neither_halves_nor_halved():
    assert (halves(["a", "b", "ab"], frozenset({0})) == -1).all()
    assert (halves(["a", "b", "ab"], frozenset({2})) == -1).all()


def test_as_many_as_the_rate_says_in_each_of_two_passes(encoder):
    loaded = encoder("preset")
    subwords, words = every_subword(loaded)
    table = halves(loaded.pieces(range(loaded.vocabulary.size)), loaded.vocabulary.specials)
    once = (table[:, 0] >= 0) & (table[table] < 0).all(axis=(1, 2))  # whose halves have none
    wholes = np.tile(np.flatnonzero(once), 500)
    split, _ = Resplitter(loaded, 0.2).split(wholes, wholes, np.random.default_rng(1))
    assert (once[split].sum() / len(wholes)) == pytest.approx(0.8**2, abs=0.03)  # spared in both rounds
    same, same_words = Resplitter(loaded, 0.0).split(subwords, words, np.random.default_rng(1))
    assert (same == subwords).all()
    assert (same_words == words).all()


@pytest.mark.parametrize(("family", "encode"), [("preset", "pair"), ("bert", "pair"), ("bert", "separate")])
def test_a_pair_stays_where_the_encoder_would_not_take_it_in_one_piece(encoder, family, encode):
    """However unequal its sides are: both count together, unless each has positions or a sequence of its own."""
    loaded = encoder(family, encode=encode)
    together = encode == "pair" and loaded.input.positions == "continuous"
    resplit = Resplitter(loaded, 3 / loaded.limit)
    table = halves(loaded.pieces(range(loaded.vocabulary.size)), loaded.vocabulary.specials)
    [first, *_] = np.flatnonzero(table[:, 0] >= 0)
    outcomes = set()
    for source in range(1, loaded.limit - 1):
        target = max(1, loaded.limit - source - 3) if together else 1
        example = pair_of(*(np.full(size, first, dtype=np.int32) for size in (source, target)))
        for seed in range(3):
            split = resplit(example, np.random.default_rng(seed))
            sizes = len(split.source), len(split.target)
            assert (sum(sizes) if together else max(sizes)) <= loaded.limit
            assert spelled(loaded, split.source) == spelled(loaded, example.source)
            outcomes.add(split is example)
    assert outcomes == {True, False}


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_rate_is_a_share(rate):
    with pytest.raises(OptionError, match=r"split_rate is .*: it must be a number from 0 and below 1"):
        TrainOptions(split_rate=rate)


def test_a_resumed_run_sees_the_same_subwords(start, corpus):
    loaded = load_encoder(resolve(str(start)))
    read = read_corpus(corpus, loaded)
    plain, mixed = (
        Mixture([read], 200, loaded.input, 1.5, 1, resplitter)
        for resplitter in (None, Resplitter(loaded, 0.3))
    )
    whole = first(12, mixed)
    assert first(7, mixed, 5) == whole[5:]
    assert whole != first(12, plain)


def first(count, mixture, skip=0):
    batches = itertools.islice(mixture.batches(skip), count)
    return [[(each.source.tolist(), each.target_words.tolist()) for each in batch] for batch in batches]
