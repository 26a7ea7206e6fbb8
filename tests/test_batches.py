"""Subwords -> batches: what goes together, what the encoder gets, where every state is found.

Every subword here has an id of its own, so that plain loops can look in the encoder's input for where it went.
"""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from xalign.batches import Geometry, build, plan, within_budget
from xalign.input_shape import Encoding, InputShape, Positions, Specials
from xalign.subwords import Subwords

SPECIALS, PAD = Specials(before=(-1,), between=(-2, -3), after=(-4,)), -9

encodings = st.sampled_from(Encoding)
sizes = st.lists(st.integers(0, 50), min_size=1, max_size=6)
some_pairs = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=6)


@st.composite
def geometries(draw, encode=None):
    return Geometry(
        shape=InputShape(encode=encode or draw(encodings), positions=draw(st.sampled_from(Positions))),
        limit=draw(st.integers(8, 60)),
        specials=SPECIALS,
        pad=PAD,
        languages=draw(st.sampled_from([None, (5, 6)])),
    )


def text(sizes, first_id):
    """Sentences of these many subwords, two to a word, numbered on from `first_id`."""
    words = [np.arange(size) // 2 for size in sizes]
    return Subwords(
        ids=np.arange(first_id, first_id + sum(sizes)),
        words=np.concatenate([np.zeros(0, dtype=np.int64), *words]),
        starts=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]),
        lengths=np.array([(size + 1) // 2 for size in sizes]),
        punctuation=np.concatenate(
            [np.zeros(0, dtype=bool), *(np.arange((size + 1) // 2) % 3 == 2 for size in sizes)]
        ),
    )


def texts(pairs):
    return text([s for s, _ in pairs], 1_000), text([t for _, t in pairs], 100_000)


def sentence(side, number):
    return side.ids[side.starts[number] : side.starts[number + 1]].tolist()


def real_rows(encoder_input):
    return [row[mask].tolist() for row, mask in zip(encoder_input.ids, encoder_input.mask, strict=True)]


# Which pairs go together.


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=12),
    geometries(),
    st.integers(1, 300),
)
def test_every_pair_with_subwords_on_both_sides_is_in_one_batch(pairs, geometry, budget):
    batches = plan(*texts(pairs), geometry, budget)
    planned = [number for batch in batches for number in batch.tolist()]
    assert sorted(planned) == [number for number, pair in enumerate(pairs) if min(pair) > 0]


@given(some_pairs, geometries(), st.integers(1, 300))
def test_batches_are_of_like_length_and_keep_to_their_budget(pairs, geometry, budget):
    def width(number):
        source, target = pairs[number]
        return source + target if geometry.shape.encode == "pair" else max(source, target)

    def fits(number):
        in_one = geometry.shape.encode == "pair" and geometry.shape.positions != "restart"
        return (sum if in_one else max)(pairs[number]) <= geometry.limit

    batches = plan(*texts(pairs), geometry, budget)
    widths = [width(number) for batch in batches for number in batch.tolist() if fits(number)]
    assert widths == sorted(widths)  # what is cut into windows takes as long as its windows do
    for batch in batches:
        inputs = build(*texts(pairs), batch, geometry).inputs
        cut = any(len(each.ids) > len(batch) for each in inputs)  # windows overlap: they may take more
        assert cut or len(batch) == 1 or sum(each.ids.numel() for each in inputs) <= budget


@given(some_pairs, geometries(), st.integers(1, 300), st.sets(st.integers(0, 5)))
def test_pairs_that_are_left_out_are_in_no_batch(pairs, geometry, budget, left_out):
    batches = plan(*texts(pairs), geometry, budget, left_out)
    assert sorted(np.concatenate([np.zeros(0, dtype=int), *batches])) == sorted(
        set(range(len(pairs))) - left_out
    )


@given(some_pairs, geometries())
def test_a_large_budget_makes_a_single_batch(pairs, geometry):
    assert len(plan(*texts(pairs), geometry, 1_000_000)) == 1


# What the encoder gets.


@given(some_pairs, geometries("pair"))
def test_a_pair_that_fits_is_one_row_with_its_special_subwords(pairs, geometry):
    source, target = texts(pairs)
    for number, (s, t) in enumerate(pairs):
        fits = (
            max(s, t) <= geometry.limit
            if (geometry.shape.positions == "restart")
            else s + t <= geometry.limit
        )
        if not fits:
            continue
        [encoder_input] = build(source, target, np.array([number]), geometry).inputs
        left = [*SPECIALS.before, *sentence(source, number), *SPECIALS.between]
        right = [*sentence(target, number), *SPECIALS.after]
        assert encoder_input.ids.tolist() == [left + right]
        assert encoder_input.sides.tolist() == [[0] * len(left) + [1] * len(right)]
        assert encoder_input.mask.all() and not encoder_input.padded


@given(some_pairs, geometries())
def test_no_row_is_beyond_the_limit_and_each_is_a_run_of_its_sentences(pairs, geometry):
    source, target = texts(pairs)
    batch = build(source, target, np.arange(len(pairs)), geometry)
    for encoder_input in batch.inputs:
        for row in real_rows(encoder_input):
            assert row[0] in SPECIALS.before and row[-1] in SPECIALS.after
            source_part = [number for number in row if 1_000 <= number < 100_000]
            target_part = [number for number in row if number >= 100_000]
            for part in (source_part, target_part):
                assert part == list(range(part[0], part[0] + len(part))) if part else True
            if geometry.shape.encode == "pair":
                assert row == [
                    *SPECIALS.before,
                    *source_part,
                    *SPECIALS.between,
                    *target_part,
                    *SPECIALS.after,
                ]
                assert source_part and target_part
            else:
                assert row == [*SPECIALS.before, *(source_part or target_part), *SPECIALS.after]
            if geometry.shape.encode == "pair" and geometry.shape.positions != "restart":
                assert len(row) - SPECIALS.total <= geometry.limit
            else:
                assert max(len(source_part), len(target_part)) <= geometry.limit


@given(some_pairs, geometries())
def test_mask_padding_sides_and_languages_agree(pairs, geometry):
    batch = build(*texts(pairs), np.arange(len(pairs)), geometry)
    for side, each in enumerate(batch.inputs):
        assert ((each.ids == PAD) == ~each.mask).all()
        assert each.padded == (not each.mask.all())
        if geometry.shape.encode == "pair":
            assert (each.sides[each.ids >= 100_000] == 1).all() and (
                each.sides[each.ids < 100_000] <= 1
            ).all()
            assert (each.sides[(each.ids < 100_000) & (each.ids >= 1_000)] == 0).all()
        else:
            assert not each.sides.any()
        if geometry.languages is None:
            assert each.languages is None
        elif geometry.shape.encode == "pair":
            assert (each.languages == torch.where(each.sides == 0, 5, 6)).all()
        else:
            assert (each.languages == geometry.languages[side]).all()


@given(some_pairs, geometries(), st.integers(1, 500))
def test_rows_that_go_through_in_parts_are_the_same_rows(pairs, geometry, budget):
    for whole in build(*texts(pairs), np.arange(len(pairs)), geometry).inputs:
        parts = within_budget(whole, budget)
        assert all(len(part.ids) == 1 or part.ids.numel() <= budget for part in parts)
        for name in ("ids", "mask", "sides"):
            assert torch.cat([getattr(part, name) for part in parts]).equal(getattr(whole, name))
        for part in parts:
            assert (part.languages is None) == (whole.languages is None)
            assert part.padded or part.mask.all()


# Where the states are.


@given(some_pairs, geometries(), st.randoms(use_true_random=False))
def test_every_subword_takes_its_state_from_a_window_with_it_far_from_cuts(pairs, geometry, random):
    """Found by looking for the subword's id in all rows, and measuring from there to where the sentence is cut."""
    source, target = texts(pairs)
    numbers = np.array(random.sample(range(len(pairs)), random.randint(1, len(pairs))))
    batch = build(source, target, numbers, geometry)
    for text, side, each in (
        (source, batch.source, batch.inputs[0]),
        (target, batch.target, batch.inputs[-1]),
    ):
        rows = each.ids.tolist()
        for k, number in enumerate(numbers.tolist()):
            ids = sentence(text, number)
            assert side.words[k].tolist()[: len(ids)] == [n // 2 for n in range(len(ids))]
            assert side.lengths[k] == text.lengths[number]
            for position, subword in enumerate(ids):
                distances = {
                    (row, content.index(subword)): distance_to_cut(content, subword, ids)
                    for row, content in enumerate(rows)
                    if subword in content
                }
                place = divmod(int(side.places[k, position]), each.ids.shape[1])
                assert place in distances
                assert distances[place] == max(distances.values())


def distance_to_cut(row, subword, ids):
    """Steps within the row to the first or last subword of the sentence that is there; its true ends are no cuts."""
    there = [number for number in row if number in ids]
    before = subword - there[0] if there[0] != ids[0] else len(ids)
    after = there[-1] - subword if there[-1] != ids[-1] else len(ids)
    return min(before, after)


@given(some_pairs, geometries())
def test_places_and_words_are_padded_to_the_longest(pairs, geometry):
    batch = build(*texts(pairs), np.arange(len(pairs)), geometry)
    for side, lengths in ((batch.source, [s for s, _ in pairs]), (batch.target, [t for _, t in pairs])):
        assert side.words.shape == side.places.shape == (len(pairs), max(lengths))
        assert side.mask.sum(dim=1).tolist() == lengths
        assert ((side.words == -1) == ~side.mask).all()


def test_a_batch_on_its_device_is_left_alone():
    geometry = Geometry(InputShape(encode="pair"), 60, SPECIALS, PAD, (5, 6))
    batch = build(*texts([(3, 4), (5, 2)]), np.array([0, 1]), geometry)
    moved = batch.to(torch.device("cpu"))
    assert moved.inputs[0].ids is batch.inputs[0].ids
    assert moved.inputs[0].languages is batch.inputs[0].languages
    assert moved.inputs[0].padded == batch.inputs[0].padded
    assert moved.source.places is batch.source.places
