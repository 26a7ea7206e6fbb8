"""Sides -> sequences: in either order, whole sentences in a row, cut where they are too long, sides exchanged."""

import numpy as np
import pytest
import torch
from teaching import PAIRS, example, examples

from xalign.layout import alone, joined, laid_out
from xalign.train.collate import collate


@pytest.fixture
def bert(encoder):
    return encoder("bert")


@pytest.fixture
def batch(bert):
    return collate(examples(bert), bert, "word")


def sentence(side, row):
    return side.ids[row][side.mask[row]].tolist()


def row_of(layout, row):
    return layout.input.ids[row][layout.input.mask[row]].tolist()


def test_the_target_can_come_first(encoder, batch):
    bert = encoder("bert", encode="pair")
    [layout] = laid_out((batch.target, batch.source), bert)
    cls, sep = bert.tokenizer.cls_token_id, bert.tokenizer.sep_token_id
    for row in range(len(PAIRS)):
        target, source = sentence(batch.target, row), sentence(batch.source, row)
        assert row_of(layout, row) == [cls, *target, sep, *source, sep]
        first = len(target) + 2
        assert layout.input.sides[row][: first + len(source) + 1].tolist() == [0] * first + [1] * (
            len(source) + 1
        )


def test_whole_sentences_in_a_row(bert, batch):
    layout = joined(batch.source, batch.target, bert)
    cls, sep = bert.tokenizer.cls_token_id, bert.tokenizer.sep_token_id
    for row in range(len(PAIRS)):
        source, target = sentence(batch.source, row), sentence(batch.target, row)
        assert row_of(layout, row) == [cls, *source, sep, cls, *target, sep]


def test_what_is_placed_can_be_picked_again(bert, batch):
    layout = joined(batch.source, batch.target, bert)
    for k, side in enumerate((batch.source, batch.target)):
        placed = layout.place(k, side.ids)
        assert (placed >= 0).sum() == side.mask.sum()
        picked, mask = layout.pick(k, placed[:, :, None].float())
        assert torch.equal(mask, side.mask)
        assert torch.equal(picked[:, :, 0][mask].long(), side.ids[mask])


@pytest.mark.parametrize(("encode", "specials"), [("pair", 3), ("separate", 4)])
def test_sentences_too_long_for_one_sequence_are_cut_to_halves(encoder, encode, specials):
    bert = encoder("bert", encode=encode)
    long = " ".join(["Haus"] * 40), " ".join(["house"] * 35)
    batch = collate([example(bert, long)], bert, "word")
    layout = joined(batch.source, batch.target, bert)
    half = (bert.model.config.max_position_embeddings - specials) // 2
    assert layout.input.ids.shape == (1, 2 * half + specials)
    assert layout.columns[0].shape == layout.columns[1].shape == (1, half)
    assert (layout.place(0, batch.source.numbers) >= 0).sum() == half
    bert.encode(layout.input, [1])


def test_restarting_positions_leave_room_for_each_side(encoder):
    loaded = encoder("preset")
    long = " ".join(["Haus"] * 20), " ".join(["house"] * 15)
    batch = collate([example(loaded, long)], loaded, "word")
    assert max(batch.source.sizes[0], batch.target.sizes[0]) <= loaded.limit < batch.subwords
    layout = joined(batch.source, batch.target, loaded)
    assert [columns.shape[1] for columns in layout.columns] == [*batch.source.sizes, *batch.target.sizes]


def test_sentences_that_fit_are_not_cut(bert):
    pair = " ".join(["Haus"] * 40), " ".join(["house"] * 20)
    batch = collate([example(bert, pair)], bert, "word")
    layout = joined(batch.source, batch.target, bert)
    assert [columns.shape[1] for columns in layout.columns] == [40, 20]


def test_sentences_of_both_sides_can_be_mixed(bert, batch):
    everything = batch.source.followed_by(batch.target)
    picked = everything.pick(np.array([4, 0]))
    assert sentence(picked, 0) == sentence(batch.target, 1)
    assert sentence(picked, 1) == sentence(batch.source, 0)
    assert picked.sizes.tolist() == picked.mask.sum(1).tolist()
    layout = alone(picked, bert)
    cls, sep = bert.tokenizer.cls_token_id, bert.tokenizer.sep_token_id
    assert row_of(layout, 0) == [cls, *sentence(batch.target, 1), sep]


def test_languages_go_with_their_sentences(encoder):
    xmod = encoder("xmod", encode="pair")
    batch = collate(examples(xmod, ("de_DE", "en_XX")), xmod, "word")
    english, german = (xmod.languages.index(code) for code in ("en_XX", "de_DE"))
    [layout] = laid_out((batch.target, batch.source), xmod)
    for languages, sides, mask in zip(
        layout.input.languages, layout.input.sides, layout.input.mask, strict=True
    ):
        assert set(languages[mask & (sides == 0)].tolist()) == {english}
        assert set(languages[mask & (sides == 1)].tolist()) == {german}


def test_parts_of_sentences_are_sentences(bert, batch):
    side = batch.source
    parts = side.windows(np.array([1, 0, 1]), np.array([0, 2, 1]), np.array([2, 3, 1]))
    assert [sentence(parts, row) for row in range(3)] == [
        sentence(side, 1)[:2],
        sentence(side, 0)[2:5],
        sentence(side, 1)[1:2],
    ]
    assert parts.words[1][:3].tolist() == side.words[0][2:5].tolist()
    assert parts.sizes.tolist() == parts.mask.sum(1).tolist() == [2, 3, 1]


def test_a_short_sentence_of_a_long_side_is_laid_out_as_alone(bert):
    long, short = example(bert, (" ".join(["Haus"] * 30), "the")), example(bert, ("das Haus", "the house"))
    [picked, expected] = (
        alone(side, bert)
        for side in (
            collate([long, short], bert, "word").source.pick(np.array([1])),
            collate([short], bert, "word").source,
        )
    )
    assert torch.equal(picked.input.ids, expected.input.ids) and not picked.input.padded
    assert torch.equal(picked.place(0, picked.sides[0].words), expected.place(0, expected.sides[0].words))
