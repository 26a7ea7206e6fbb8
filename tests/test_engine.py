"""The engine: order, batches, several of them at once."""

import threading

import pytest
import reference
import torch
from aligning import LONG, VOCABULARY, fail_beyond_width, links, one_by_one, some_pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from xalign.aligner import Aligner
from xalign.blocks import Limits
from xalign.encoders.families import load_encoder
from xalign.errors import InputError
from xalign.models import resolve
from xalign.subwords import Splitter

words = st.lists(st.sampled_from(VOCABULARY), max_size=8)


# Order and batches.


@pytest.mark.parametrize("encode", ["pair", "separate"])
@pytest.mark.parametrize("batch_tokens", [1, 60, 100_000])
def test_alignment_i_belongs_to_pair_i_over_many_blocks(load, encode, batch_tokens):
    aligner = load(encode=encode, batch_tokens=batch_tokens, limits=Limits(block=5))
    pairs = some_pairs(33)
    together = list(aligner.align(iter(pairs)))
    alone = one_by_one(aligner, pairs)
    assert links(together) == links(alone)
    assert [pair for pair, _ in aligner.align_pairs(iter(pairs))] == pairs
    for one, other in zip(together, alone, strict=True):
        assert one.scores == pytest.approx(other.scores, rel=1e-4)
        assert one.score == pytest.approx(other.score, rel=1e-4)


@settings(max_examples=15)
@given(pairs=st.lists(st.tuples(words, words), min_size=1, max_size=6), budget=st.sampled_from([1, 30, 100]))
def test_how_pairs_are_batched_changes_no_link(load, pairs, budget):
    aligner = load(batch_tokens=budget)
    assert links(aligner.align(pairs)) == links(one_by_one(aligner, pairs))


@settings(max_examples=15)
@given(
    pairs=st.lists(st.tuples(words, words), min_size=1, max_size=6),
    budget=st.sampled_from([1, 30, 100]),
    encode=st.sampled_from(["pair", "separate"]),
    method=st.sampled_from(["argmax", "itermax", "softmax", "xlm-align"]),
)
def test_links_are_those_of_the_slow_reference(load, slow, pairs, budget, encode, method):
    """Pair by pair through the blocks as training runs them, links by plain loops over the matrix.

    A line that is not translated is linked word by word.
    """
    found = links(load(batch_tokens=budget, encode=encode, extract=method).align(pairs))
    for (source, target), ours in zip(pairs, found, strict=True):
        if source == target:
            assert set(ours) == {(k, k) for k in range(len(source))}
        elif source and target:
            matrix = slow[encode].explain((source, target)).similarity.astype(float)
            subwords = getattr(reference, method.replace("-", "_"))(matrix)
            assert set(ours) == reference.words(
                subwords, *(word_numbers(slow[encode], side) for side in (source, target))
            )
        else:
            assert ours == ()


@pytest.fixture(scope="module")
def slow(tiny):
    """By encoding: an aligner whose encoder is not packed."""
    encoder = load_encoder(resolve(str(tiny("preset"))))
    return {encode: Aligner(encoder, encode=encode) for encode in ("pair", "separate")}


def word_numbers(aligner, side):
    """The word that each subword of a side belongs to; a title is split as if in small letters."""
    return Splitter(aligner.encoder)([side]).words.tolist()


def test_blocks_are_read_as_they_are_needed(load):
    read = []

    def pairs():
        for pair in some_pairs(1000):
            read.append(pair)
            yield pair

    alignments = load(limits=Limits(block=2)).align(pairs())
    next(alignments)
    assert len(read) <= 2 * (
        1 + 2 + 2
    )  # the block in hand, those waiting, one in the making and one in the reading
    alignments.close()


@pytest.mark.parametrize("options", [{}, {"lexicon": True}])
@pytest.mark.parametrize("block", [2, 100])
def test_an_error_in_the_input_comes_after_the_pairs_before_it(load, block, options):
    aligner = load(**options, limits=Limits(block=block))

    def pairs():
        yield from some_pairs(5)
        raise InputError("line 6: broken")

    found = []
    with pytest.raises(InputError, match="line 6: broken"):
        found.extend(aligner.align(pairs()))
    assert links(found) == links(aligner.align(some_pairs(5)))


def test_whoever_stops_early_ends_the_reading_thread(load):
    before = set(threading.enumerate())
    alignments = load(limits=Limits(block=1)).align(some_pairs(1) * 1_000_000)
    next(alignments)
    started = set(threading.enumerate()) - before
    alignments.close()
    for thread in started:
        thread.join(30)
        assert not thread.is_alive()


def test_a_larger_budget_sorts_more_pairs_together(load):
    assert load(batch_tokens=16 * 4_096).engine.block == 16 * load(batch_tokens=1).engine.block


def test_output_begins_before_a_whole_block_is_read(load):
    read = []
    alignments = load(limits=Limits(block=100_000)).align(
        pair for pair in some_pairs(5_000) if read.append(pair) is None
    )
    next(alignments)
    assert len(read) < 2_000  # the first block, the next at work, two waiting, one in the making
    alignments.close()


# Several batches at once.


@pytest.fixture
def many(tiny):
    """An aligner that computes three batches at once."""
    aligner = three_at_once(tiny)
    assert aligner.encoder.concurrent
    return aligner


def three_at_once(tiny, **limits):
    return Aligner.load(
        str(tiny("preset")),
        device="cpu",
        dtype="float32",
        batch_tokens=200,
        limits=Limits(workers=3, **limits),
    )


def test_batches_at_once_give_what_one_after_the_other_gives(load, many):
    pairs = some_pairs(300)
    one = load(batch_tokens=200, limits=Limits(workers=1))
    assert links(many.align(pairs)) == links(one.align(pairs))


def test_an_error_at_work_or_in_the_input_comes_in_its_place(tiny, monkeypatch):
    many = three_at_once(tiny, block=2, first_block=2)
    expected = links(many.align(some_pairs(4)))
    fail_beyond_width(monkeypatch, many.encoder, 60, RuntimeError("broken"))

    def pairs(last):
        yield from some_pairs(4)
        if last is None:
            raise InputError("line 5: broken")
        yield last

    for last, error in ((None, InputError), (LONG, RuntimeError)):
        found = []
        with pytest.raises(error, match="broken"):
            found.extend(many.align(pairs(last)))
        assert links(found) == expected


def test_whoever_stops_early_ends_the_workers(many):
    before = set(threading.enumerate())
    alignments = many.align(some_pairs(1) * 1_000_000)
    next(alignments)
    started = set(threading.enumerate()) - before
    assert len(started) > 1
    alignments.close()
    for thread in started:
        thread.join(30)
        assert not thread.is_alive()


def test_workers_leave_the_threads_of_others_alone(many):
    threads = torch.get_num_threads()
    list(many.align(some_pairs(20)))
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("name", ["preset", "xmod", "distilbert", "xlm-mlm"])
def test_two_batches_at_once_as_on_a_gpu_give_the_same(tiny, name):
    """Models that are not packed are run by transformers, with hooks that every thread sees."""
    languages = {"source_language": "de", "target_language": "en"}
    encoder = load_encoder(resolve(str(tiny(name))))
    pairs = [*some_pairs(40), LONG]
    one = Aligner(encoder, layer=3, **languages)
    assert (one.engine.workers, encoder.concurrent) == (1, False)
    two = Aligner(encoder, limits=Limits(workers=4), layer=3, batch_tokens=400, **languages)
    for _ in range(3):
        assert links(two.align(pairs)) == links(one.align(pairs))


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert", "xmod", "xlm-mlm", "distilbert"])
@pytest.mark.parametrize(("dtype", "most"), [("float32", 0.005), ("bfloat16", 0.1)])
def test_a_gpu_finds_the_links_that_the_processor_finds(tiny, name, dtype, most):
    """But for near ties, of which the weights of an untrained model leave many in half precision."""
    options = {"layer": 3, "source_language": "de", "target_language": "en"}
    pairs = [*some_pairs(200), LONG]
    expected = links(Aligner.load(str(tiny(name)), device="cpu", dtype="float32", **options).align(pairs))
    found = links(Aligner.load(str(tiny(name)), device="cuda", dtype=dtype, **options).align(pairs))
    differing = sum(len(set(one) ^ set(other)) for one, other in zip(found, expected, strict=True))
    assert differing <= most * sum(map(len, expected))


def test_two_streams_of_one_aligner_may_be_read_in_turn(load, tiny):
    """Each reads ahead in a thread of its own, and both learn words."""
    aligner = load()
    some, others = some_pairs(40), some_pairs(80)[40:]
    expected = links(aligner.align(some)), links(aligner.align(others))
    fresh = Aligner.load(str(tiny("preset")), device="cpu", dtype="float32")  # it knows no word yet
    found = list(zip(fresh.align(some), fresh.align(others), strict=True))
    assert (links(one for one, _ in found), links(other for _, other in found)) == expected
