"""Examples -> a batch: the sequences are those of aligning, units and links are where they belong."""

import numpy as np
import pytest
import torch
from teaching import LINKS, PAIRS, example, examples

from xalign.batches import Geometry, build, plan
from xalign.errors import LanguageError
from xalign.subwords import Splitter
from xalign.train.collate import collate

CASES = [(encode, level) for encode in ("pair", "separate") for level in ("word", "subword")]


@pytest.mark.parametrize("name", ["bert", "xlm-roberta", "preset", "xlm-mlm", "distilbert"])
@pytest.mark.parametrize("encode", ["pair", "separate"])
def test_the_encoder_reads_what_it_reads_when_aligning(encoder, name, encode):
    loaded = encoder(name, encode=encode)
    pairs = PAIRS[:2]
    split = Splitter(loaded)
    source, target = (split([pair[k].split() for pair in pairs]) for k in (0, 1))
    geometry = Geometry.of(loaded, loaded.input)
    [order] = plan(source, target, geometry, 10_000)
    expected = build(source, target, order, geometry)
    batch = collate([example(loaded, pairs[k]) for k in order], loaded, "subword")
    assert len(batch.inputs) == len(expected.inputs)
    for ours, theirs in zip(batch.inputs, expected.inputs, strict=True):
        assert torch.equal(ours.ids, theirs.ids)
        assert torch.equal(ours.mask, theirs.mask)
        assert torch.equal(ours.sides, theirs.sides)
        assert ours.padded == theirs.padded
    sides = zip((batch.units[0], batch.units[1]), (expected.source, expected.target), strict=True)
    for (units, side), width in zip(sides, (batch.inputs[0], batch.inputs[-1]), strict=True):
        columns = side.places % width.ids.shape[1]
        for row in range(len(pairs)):
            count = int(side.mask[row].sum())
            found = [int((units[row] == k).nonzero()) for k in range(count)]
            assert found == columns[row, :count].tolist()


@pytest.mark.parametrize(("encode", "level"), CASES)
def test_units_are_words_or_subwords(encoder, encode, level):
    loaded = encoder("xlm-roberta", encode=encode)
    batch = collate(examples(loaded), loaded, level)
    for units, inputs, side in zip(
        batch.units, (batch.inputs[0], batch.inputs[-1]), (batch.source, batch.target), strict=True
    ):
        for row in range(len(PAIRS)):
            here = units[row] >= 0
            assert torch.equal(inputs.ids[row][here], side.ids[row][side.mask[row]])
            expected = side.words[row][side.mask[row]]
            if level == "subword":
                expected = torch.arange(len(expected))
            assert torch.equal(units[row][here], expected)


@pytest.mark.parametrize("encode", ["pair", "separate"])
def test_links_of_words_are_where_the_example_has_them(encoder, encode):
    loaded = encoder("xlm-roberta", encode=encode)
    batch = collate(examples(loaded), loaded, "word")
    for row, links in enumerate(LINKS):
        assert sorted(map(tuple, batch.links[row].nonzero().tolist())) == sorted(links)
    assert set(batch.links.unique().tolist()) == {0, 1}


def test_links_of_words_become_links_of_all_their_subwords(encoder):
    loaded = encoder("xlm-roberta")
    weighted = example(loaded, PAIRS[0], [(0, 0), (1, 1), (1, 3)], [1.0, 0.5, 0.25])
    longer = example(loaded, PAIRS[2], [(0, 0)])
    batch = collate([weighted, longer], loaded, "subword")
    by_word = {(0, 0): 1.0, (1, 1): 0.5, (1, 3): 0.25}
    expected = torch.zeros(batch.links.shape[1:])
    for i, source in enumerate(weighted.source_words.tolist()):
        for j, target in enumerate(weighted.target_words.tolist()):
            expected[i, j] = by_word.get((source, target), 0)
    assert torch.equal(batch.links[0], expected)
    assert (weighted.source_words == 1).sum() > 1  # a word of several subwords is among them


def test_pairs_without_links_have_none(encoder):
    loaded = encoder("bert")
    assert collate([example(loaded, PAIRS[0])], loaded, "word").links.sum() == 0


def test_each_pair_has_its_own_languages(encoder):
    loaded = encoder("xmod", encode="pair")
    german = example(loaded, PAIRS[0], languages=("de_DE", "en_XX"))
    turned = example(loaded, PAIRS[1][::-1], languages=("en_XX", "de_DE"))
    batch = collate([german, turned], loaded, "word")
    english, germans = (loaded.languages.index(code) for code in ("en_XX", "de_DE"))
    for row, (first, second) in enumerate([(germans, english), (english, germans)]):
        mask, sides = batch.inputs[0].mask[row], batch.inputs[0].sides[row]
        assert set(batch.inputs[0].languages[row][mask & (sides == 0)].tolist()) == {first}
        assert set(batch.inputs[0].languages[row][mask & (sides == 1)].tolist()) == {second}


def test_a_missing_language_is_named(encoder):
    loaded = encoder("xmod")
    with pytest.raises(LanguageError, match="give source_language"):
        collate([example(loaded, PAIRS[0])], loaded, "word")


def test_real_subwords_are_counted(encoder):
    loaded = encoder("bert")
    batch = collate(examples(loaded), loaded, "word")
    assert batch.subwords == sum(len(each.source) + len(each.target) for each in examples(loaded))


def test_a_batch_moves_as_a_whole(encoder):
    loaded = encoder("xmod")
    batch = collate(examples(loaded, ("de_DE", "en_XX")), loaded, "word").to(torch.device("meta"))
    tensors = [*batch.units, batch.links, batch.source.ids, batch.source.words, batch.source.languages]
    for each in batch.inputs:
        tensors += [each.ids, each.mask, each.sides, each.languages]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert isinstance(batch.source.sizes, np.ndarray)
