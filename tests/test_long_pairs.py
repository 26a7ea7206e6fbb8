"""Sentences beyond the encoder's limit go through in windows and are aligned to their last word."""

import pytest
import torch
from aligning import BACKWARD, FORWARD, LONG

from xalign.blocks import Limits
from xalign.encoder_input import EncoderInput
from xalign.text.sentences import SentencePair

ENCODINGS = pytest.mark.parametrize(
    ("name", "options"),
    [
        ("preset", {"encode": "pair"}),  # positions restart on the target side
        ("preset", {"encode": "separate"}),
        ("xlm-roberta", {"encode": "pair", "layer": 3}),  # positions go on
        ("xlm-roberta", {"encode": "separate", "layer": 3}),
        ("bert", {"encode": "pair", "layer": 3}),
    ],
)


@ENCODINGS
def test_a_long_sentence_is_aligned_to_its_last_word(load, name, options):
    [forward] = load(name, **options, **FORWARD).align([LONG])
    [backward] = load(name, **options, **BACKWARD).align([LONG])
    assert {link.source for link in forward.links} == set(range(150))
    assert {link.target for link in backward.links} == set(range(110))


@pytest.mark.parametrize("name", ["preset", "xlm-roberta"])
def test_a_long_sentence_aligned_with_itself_gives_the_diagonal(load, name):
    aligner = load(name, encode="separate", layer=3, similarity="cosine")
    [alignment] = aligner.align([SentencePair(LONG.source, LONG.source)])
    assert {(number, number) for number in range(150)} <= set(alignment.links)


@ENCODINGS
def test_states_of_a_long_pair_are_those_of_its_windows_encoded_alone(load, name, options):
    """Each row of the input on its own, without padding; where a subword's row is, test_batches.py checks."""
    aligner = load(name, **options)
    block = aligner.engine.prepare([LONG])
    [(_, batch)] = block.batches
    [(source, target)] = aligner.engine.encode(batch, [3])
    for units, side, text, each in (
        (source, batch.source, block.source, batch.inputs[0]),
        (target, batch.target, block.target, batch.inputs[-1]),
    ):
        assert len(each.ids) > 1
        alone = [encode_row(aligner.encoder, each, row) for row in range(len(each.ids))]
        for position, place in enumerate(side.places[0].tolist()):
            row, column = divmod(place, each.ids.shape[1])
            assert each.ids[row, column] == text.ids[position]
            torch.testing.assert_close(units.states[0, position], alone[row][column], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def encode_row(encoder, inputs, row):
    """Layer 3 of one row. Shape: (subwords, width)."""
    real = inputs.mask[row]
    ids, mask, sides = (each[row, real][None] for each in (inputs.ids, inputs.mask, inputs.sides))
    return encoder.encode(EncoderInput(ids, mask, sides, padded=False), [3])[0, 0]


@ENCODINGS
def test_a_short_pair_is_the_same_beside_a_long_one(load, name, options):
    aligner = load(name, **options, limits=Limits(workers=1))  # else they are batches of their own
    short = SentencePair.of("Das Haus ist klein", "The house is small")
    assert len(aligner.engine.prepare([short, LONG]).batches) == 1
    [beside, _] = aligner.align([short, LONG])
    [alone] = aligner.align([short])
    assert beside.links == alone.links
    assert beside.scores == pytest.approx(alone.scores, rel=1e-4)


def test_a_short_side_stays_whole_beside_a_long_one(load):
    aligner = load("xlm-roberta", encode="pair", layer=3, **BACKWARD)
    [alignment] = aligner.align([(LONG.source, "The house")])
    assert {link.target for link in alignment.links} == {0, 1}
