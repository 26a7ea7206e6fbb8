"""Sentence pairs -> alignments: order, batches, long sentences, memory, options."""

import random
import threading
from pathlib import Path

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xalign import blocks, lexicon, pipeline
from xalign.encoder import EncoderInput, load_encoder
from xalign.errors import InputError, LanguageError, LayerError, ModelError, OptionError
from xalign.extract import DIRECTED
from xalign.lexicon import likely_links, reestimate
from xalign.links import Alignment
from xalign.method import AlignOptions
from xalign.models import EXTRACTIONS, Preset, resolve
from xalign.pipeline import Aligner
from xalign.sentences import SentencePair

SOURCE = ["Das", "Haus", "ist", "klein", ",", "aber", "der", "Garten", "hinter", "dem"]
TARGET = ["The", "house", "is", "small", ",", "but", "the", "garden", "behind", "big", "."]
VOCABULARY = SOURCE + TARGET
FORWARD = {"extract": "forward"}
BACKWARD = {"extract": "backward"}

words = st.lists(st.sampled_from(VOCABULARY), max_size=8)
odd_words = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=6)


@pytest.fixture(scope="module")
def load(tiny):
    """`load(layer=2)`: the tiny checkpoint with a preset of its own, in float32."""
    made = {}

    def aligner(name="preset", **options):
        key = (name, *sorted(options.items()))
        if key not in made:
            made[key] = Aligner.load(str(tiny(name)), device="cpu", dtype="float32", **options)
        return made[key]

    return aligner


def some_pairs(count, longest=12, seed=0):
    """Pairs of random lengths; every seventh has an empty side."""
    chosen = random.Random(seed)

    def sentence():
        return tuple(chosen.choices(VOCABULARY, k=chosen.randint(1, longest)))

    return [SentencePair(sentence(), () if k % 7 == 6 else sentence()) for k in range(count)]


def links(alignments):
    return [alignment.links for alignment in alignments]


def one_by_one(aligner, pairs):
    return [next(aligner.align([pair])) for pair in pairs]


# The front door.


def test_a_folder_and_two_strings_are_enough(tiny):
    [alignment] = Aligner.load(str(tiny("preset"))).align([("das Haus", "the house")])
    assert alignment.links
    assert len(alignment.scores) == len(alignment.links)


@pytest.mark.parametrize(
    "pair",
    [
        ("das Haus", "the house"),
        (["das", "Haus"], ("the", "house")),
        SentencePair(("das", "Haus"), ("the", "house")),
    ],
)
def test_a_pair_is_strings_or_words_or_a_sentence_pair(load, pair):
    assert links(load().align([pair])) == links(load().align([("das Haus", "the house")]))


def test_nothing_gives_nothing(load):
    assert list(load().align([])) == []


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({"layer": 5}, LayerError, r"layers 0 \(embeddings\) to 4"),
        ({"layer": -1}, LayerError, r"layers 0 \(embeddings\) to 4"),
        ({"extract": "match", "symmetrize": "union"}, OptionError, "goes with --extract argmax, softmax"),
        (
            {"extract": "softmax", "distortion": 0.1},
            OptionError,
            "goes with --extract argmax, not with softmax",
        ),
        ({"distortion": 1.5}, OptionError, "from 0 to 1"),
        ({"threshold": float("nan")}, OptionError, "--threshold is nan: it must be a number"),
        ({"threshold": "0.3"}, OptionError, "--threshold is '0.3': it must be a number"),
        ({"threshold": 10**400}, OptionError, "--threshold is 10+: it must be a number"),
        ({"threshold": True}, OptionError, "--threshold is True: it must be a number"),
        ({"distortion": None}, OptionError, "--distortion is None: it must be a number"),
        ({"distortion": "much"}, OptionError, "--distortion is 'much': it must be a number"),
        ({"layer": "3"}, OptionError, "--layer is '3': it must be a whole number"),
        ({"layer": 3.0}, OptionError, "--layer is 3.0: it must be a whole number"),
        ({"lexicon": "yes"}, OptionError, "--lexicon is 'yes': it must be a whole number"),
        ({"batch_tokens": 1e4}, OptionError, "--batch-tokens is 10000.0: it must be a whole number"),
        ({"source_language": 3}, OptionError, "--src-lang is 3: it must be the code of a language"),
        ({"extract": 3}, OptionError, "--extract 3 is unknown"),
        ({"extract": "magic"}, OptionError, "choose one of argmax, forward"),
        ({"similarity": "euclid"}, OptionError, "choose one of dot, cosine"),
        ({"encode": "both"}, OptionError, "choose one of pair, separate"),
        ({"level": "letter"}, OptionError, "choose one of subword, word"),
        ({"symmetrize": "grow"}, OptionError, "choose one of intersection"),
        ({"batch_tokens": 0}, OptionError, "at least 1"),
        ({"bach_tokens": 9}, OptionError, "unknown option 'bach_tokens'"),
        ({"dtype": "int8"}, OptionError, "choose auto, float32"),
        ({"device": "warp"}, OptionError, "--device warp cannot be used here"),
    ],
)
def test_bad_options_are_refused_before_anything_is_aligned(tiny, options, error, complaint):
    with pytest.raises(error, match=complaint):
        Aligner.load(str(tiny("preset")), **options)


def test_a_model_that_needs_no_languages_may_be_told_them(tiny):
    plain, told = (
        Aligner.load(str(tiny("preset")), **languages)
        for languages in ({}, {"source_language": "de", "target_language": "en"})
    )
    pair = ("das Haus ist klein", "the house is small")
    assert list(plain.align([pair])) == list(told.align([pair]))


def test_a_model_without_preset_needs_a_layer(tiny):
    with pytest.raises(LayerError, match="give --layer"):
        Aligner.load(str(tiny("bert")))


def test_blocks_above_the_layer_can_be_left_out(tiny, load):
    cut = Aligner.load(str(tiny("preset")), layer=2, device="cpu", dtype="float32", all_layers=False)
    pairs = some_pairs(5)
    assert links(cut.align(pairs)) == links(load(layer=2).align(pairs))
    with pytest.raises(LayerError, match="layer 3 was dropped"):
        list(cut.align_layers(pairs, [3]))


def test_a_model_may_be_a_path(tiny, load):
    pair = ("das Haus", "the house")
    by_path = Aligner.load(tiny("preset"), device="cpu", dtype="float32")
    assert list(by_path.align([pair])) == list(load().align([pair]))


def test_a_path_is_never_the_name_of_a_preset(tiny, monkeypatch, tmp_path):
    (tmp_path / "mini").symlink_to(tiny("preset"))
    monkeypatch.chdir(tmp_path)
    assert Aligner.load(Path("mini")).encoder.width == 32
    assert Aligner.load("mini").encoder.width == 256


@pytest.mark.parametrize("model", [None, 3, b"mini", ["mini"]])
def test_a_model_is_a_name_or_a_path(model):
    with pytest.raises(OptionError, match="it must be a name, a folder or a hub id"):
        Aligner.load(model)


def test_numbers_of_numpy_are_numbers(load):
    assert AlignOptions(layer=np.int64(2), threshold=np.float32(0.5), batch_tokens=np.int32(9))


def test_an_unknown_model_is_refused():
    with pytest.raises(ModelError, match="unknown model 'mni'"):
        Aligner.load("mni")


def test_a_model_that_needs_languages_asks_for_them_and_knows_which(tiny):
    xmod = str(tiny("xmod"))
    with pytest.raises(LanguageError, match=r"needs to know the languages: .*de_DE"):
        Aligner.load(xmod, layer=2)
    with pytest.raises(LanguageError, match=r"unknown language 'xx': .*de_DE"):
        Aligner.load(xmod, layer=2, source_language="de", target_language="xx")


# How options and preset make a method.


def test_options_come_before_the_preset_and_the_preset_before_nothing():
    preset = Preset(name="p", checkpoint="p", layer=3, similarity="dot", extract="softmax", threshold=0.1)
    method = AlignOptions(layer=0, similarity="cosine").completed_by(preset)
    assert (method.layer, method.similarity) == (0, "cosine")
    assert (method.extract, method.threshold, method.encode) == ("softmax", 0.1, "separate")


@pytest.mark.parametrize(
    ("options", "threshold"),
    [
        ({}, 0.1),
        ({"extract": "entmax"}, None),
        ({"extract": "entmax", "threshold": 0.0}, 0.0),
        ({"threshold": 0.5}, 0.5),
    ],
)
def test_the_threshold_of_a_preset_holds_for_its_own_extraction_only(options, threshold):
    preset = Preset(name="p", checkpoint="p", layer=3, extract="softmax", threshold=0.1)
    assert AlignOptions(**options).completed_by(preset).threshold == threshold


# What an alignment is.


@settings(max_examples=25)
@given(pairs=st.lists(st.tuples(odd_words, odd_words), max_size=5), method=st.sampled_from(EXTRACTIONS))
def test_links_are_sorted_unique_and_within_the_sentences(load, pairs, method):
    found = list(load(extract=method).align(SentencePair.of(*pair) for pair in pairs))
    assert len(found) == len(pairs)
    for (source, target), alignment in zip(pairs, found, strict=True):
        assert list(alignment.links) == sorted(set(alignment.links))
        assert all(0 <= s < len(source) and 0 <= t < len(target) for s, t in alignment.links)
        assert len(alignment.scores) == len(alignment.links)
        assert np.isfinite([*alignment.scores, alignment.score]).all()


@pytest.mark.parametrize("pair", [("", ""), ("das Haus", ""), ("", "the house"), ([""], ["the"])])
def test_a_pair_with_an_empty_side_has_no_links_and_score_0(load, pair):
    assert list(load().align([pair])) == [Alignment(scores=(), score=0.0)]


@pytest.mark.parametrize("level", ["subword", "word"])
@pytest.mark.parametrize("encode", ["pair", "separate"])
@pytest.mark.parametrize(("name", "dropped"), [("preset", ""), ("bert", "\u0000"), ("bert", "\u200d")])
def test_a_word_that_the_tokeniser_drops_keeps_its_number(load, name, dropped, encode, level):
    aligner = load(name, layer=3, encode=encode, level=level, **FORWARD)
    assert aligner.encoder.subword_ids([dropped]) == [[]]
    [whole] = aligner.align([(["das", "Haus"], ["the", "house"])])
    [gaps] = aligner.align([([dropped, "das", dropped, dropped, "Haus"], ["the", dropped, "house", dropped])])
    source, target = {0: 1, 1: 4}, {0: 0, 1: 2}
    assert gaps.links == tuple((source[s], target[t]) for s, t in whole.links)
    assert gaps.scores == pytest.approx(whole.scores)


def test_special_subwords_in_the_text_are_words_like_others(load):
    [alignment] = load(**FORWARD).align([("das </s> <pad> <s> Haus", "the <mask> house")])
    assert [link.source for link in alignment.links] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("level", ["subword", "word"])
@pytest.mark.parametrize("method", EXTRACTIONS)
def test_every_method_aligns_at_both_levels(load, method, level):
    found = list(load(extract=method, level=level).align(some_pairs(9)))
    assert any(alignment.links for alignment in found)
    assert not found[6].links  # the pair with an empty side


# Order and batches.


@pytest.mark.parametrize("encode", ["pair", "separate"])
@pytest.mark.parametrize("batch_tokens", [1, 60, 100_000])
def test_alignment_i_belongs_to_pair_i_over_many_blocks(load, monkeypatch, encode, batch_tokens):
    aligner = load(encode=encode, batch_tokens=batch_tokens)
    monkeypatch.setattr(aligner, "block", 5)
    pairs = some_pairs(33)
    together = list(aligner.align(iter(pairs)))
    alone = one_by_one(aligner, pairs)
    assert links(together) == links(alone)
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
    """Pair by pair through the blocks as training runs them, links by plain loops over the matrix."""
    found = links(load(batch_tokens=budget, encode=encode, extract=method).align(pairs))
    for (source, target), ours in zip(pairs, found, strict=True):
        if source and target:
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
    return {
        encode: Aligner(encoder, encoder.preset, AlignOptions(encode=encode))
        for encode in ("pair", "separate")
    }


def word_numbers(aligner, side):
    """The word that each subword of a side belongs to."""
    ids = aligner.encoder.subword_ids(list(side))
    return [number for number, of_word in enumerate(ids) for _ in of_word]


def test_blocks_are_read_as_they_are_needed(load, monkeypatch):
    monkeypatch.setattr(load(), "block", 2)
    read = []

    def pairs():
        for pair in some_pairs(1000):
            read.append(pair)
            yield pair

    alignments = load().align(pairs())
    next(alignments)
    assert len(read) <= 2 * (
        1 + 2 + 2
    )  # the block in hand, those waiting, one in the making and one in the reading
    alignments.close()


@pytest.mark.parametrize("options", [{}, {"lexicon": True}])
@pytest.mark.parametrize("block", [2, 100])
def test_an_error_in_the_input_comes_after_the_pairs_before_it(load, monkeypatch, block, options):
    aligner = load(**options)
    monkeypatch.setattr(aligner, "block", block)

    def pairs():
        yield from some_pairs(5)
        raise InputError("line 6: broken")

    found = []
    with pytest.raises(InputError, match="line 6: broken"):
        found.extend(aligner.align(pairs()))
    assert links(found) == links(aligner.align(some_pairs(5)))


def test_whoever_stops_early_ends_the_reading_thread(load, monkeypatch):
    monkeypatch.setattr(load(), "block", 1)
    before = set(threading.enumerate())
    alignments = load().align(some_pairs(1) * 1_000_000)
    next(alignments)
    started = set(threading.enumerate()) - before
    alignments.close()
    for thread in started:
        thread.join(30)
        assert not thread.is_alive()


def test_a_larger_budget_sorts_more_pairs_together(load):
    assert load(batch_tokens=16 * 4_096).block == 16 * load(batch_tokens=1).block


def test_output_begins_before_a_whole_block_is_read(load, monkeypatch):
    monkeypatch.setattr(load(), "block", 100_000)
    read = []
    alignments = load().align(pair for pair in some_pairs(5_000) if read.append(pair) is None)
    next(alignments)
    assert len(read) < 2_000  # the first block, the next at work, two waiting, one in the making
    alignments.close()


# Several batches at once.


@pytest.fixture
def many(tiny):
    """An aligner that computes three batches at once."""
    aligner = Aligner.load(str(tiny("preset")), device="cpu", dtype="float32", batch_tokens=200)
    assert aligner.encoder.concurrent
    aligner.workers = 3
    return aligner


def test_batches_at_once_give_what_one_after_the_other_gives(load, many):
    pairs = some_pairs(300)
    one = load(batch_tokens=200)
    one.workers = 1
    assert links(many.align(pairs)) == links(one.align(pairs))


def test_an_error_at_work_or_in_the_input_comes_in_its_place(many, monkeypatch):
    monkeypatch.setattr(blocks, "FIRST_BLOCK", 2)
    monkeypatch.setattr(many, "block", 2)
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


# Layers.


def test_all_layers_in_one_pass_give_what_each_gives_alone(load):
    pairs = some_pairs(8)
    together = list(load().align_layers(pairs, range(5)))
    for layer in range(5):
        alone = list(load(layer=layer).align(pairs))
        assert links(each[layer] for each in together) == links(alone)
    assert len({tuple(links(each[layer] for each in together)) for layer in range(5)}) == 5


def test_a_layer_that_is_not_there_is_refused(load):
    with pytest.raises(LayerError, match="layer 7 does not exist"):
        list(load().align_layers(some_pairs(1), [0, 7]))


# Sentences beyond the encoder's limit. The tiny checkpoints take some 60 subwords.

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
LONG = SentencePair(
    tuple(random.Random(1).choices(VOCABULARY, k=150)), tuple(random.Random(2).choices(VOCABULARY, k=110))
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
    block = aligner.prepare([LONG])
    [(_, batch)] = block.batches
    [(source, target)] = aligner.encode(batch, [3])
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
    aligner = load(name, **options)
    aligner.workers = 1  # else they are batches of their own
    short = SentencePair.of("Das Haus ist klein", "The house is small")
    assert len(aligner.prepare([short, LONG]).batches) == 1
    [beside, _] = aligner.align([short, LONG])
    [alone] = aligner.align([short])
    assert beside.links == alone.links
    assert beside.scores == pytest.approx(alone.scores, rel=1e-4)


def test_a_short_side_stays_whole_beside_a_long_one(load):
    aligner = load("xlm-roberta", encode="pair", layer=3, **BACKWARD)
    [alignment] = aligner.align([(LONG.source, "The house")])
    assert {link.target for link in alignment.links} == {0, 1}


# Memory.

NO_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory"),
]


def fail_beyond(monkeypatch, encoder, rows, error):
    """Let the encoder raise `error` for more than `rows` sequences; returns how many it is asked for, each time."""
    encode, asked = encoder.encode, []

    def limited(batch, layers):
        asked.append(len(batch.ids))
        if len(batch.ids) > rows:
            raise error
        return encode(batch, layers)

    monkeypatch.setattr(encoder, "encode", limited)
    return asked


@pytest.mark.parametrize("error", NO_MEMORY)
@pytest.mark.parametrize("encode", ["pair", "separate"])
def test_where_memory_runs_out_smaller_batches_give_the_same(tiny, monkeypatch, encode, error):
    aligner = Aligner.load(str(tiny("preset")), encode=encode, device="cpu", dtype="float32")
    pairs = some_pairs(20)
    expected = list(aligner.align_layers(pairs, [2, 4]))
    fail_beyond(monkeypatch, aligner.encoder, 3, error)
    found = list(aligner.align_layers(pairs, [2, 4]))
    for layer in (2, 4):
        assert links(each[layer] for each in found) == links(each[layer] for each in expected)


@pytest.mark.parametrize("encode", ["pair", "separate"])
def test_a_long_pair_goes_through_window_by_window_before_it_is_given_up(tiny, monkeypatch, encode):
    aligner = Aligner.load(str(tiny("preset")), encode=encode, device="cpu", dtype="float32")
    expected = list(aligner.align([LONG, ("das", "the")]))
    asked = fail_beyond(monkeypatch, aligner.encoder, 1, NO_MEMORY[0])
    assert links(aligner.align([LONG, ("das", "the")])) == links(expected)
    assert max(asked) > 1


def test_what_did_not_fit_once_is_not_tried_again(tiny, monkeypatch):
    aligner = Aligner.load(str(tiny("preset")), encode="pair", device="cpu", dtype="float32")
    asked = fail_beyond(monkeypatch, aligner.encoder, 3, NO_MEMORY[0])
    list(aligner.align(some_pairs(20)))
    before = max(asked)
    asked.clear()
    list(aligner.align(some_pairs(20)))
    assert max(asked) < before


def fail_beyond_width(monkeypatch, encoder, width, error):
    """Let the encoder raise `error` for sequences of more than `width` subwords."""
    encode = encoder.encode

    def limited(batch, layers):
        if batch.ids.shape[1] > width:
            raise error
        return encode(batch, layers)

    monkeypatch.setattr(encoder, "encode", limited)


def assert_left_out(alignments, caplog, number, warning):
    """Pair `number` has no links, the others do, and the only warning of a line is of its line."""
    nothing = Alignment(scores=(), score=0.0)
    assert [k for k, each in enumerate(alignments, start=1) if each == nothing] == [number]
    [message] = [each.getMessage() for each in caplog.records if each.getMessage().startswith("line ")]
    assert message.startswith(f"line {number}: ") and warning in message
    assert {(each.name, each.levelname) for each in caplog.records} == {("xalign", "WARNING")}


@pytest.mark.parametrize("error", [*NO_MEMORY, MemoryError()])
@pytest.mark.parametrize("options", [{}, {"lexicon": True}])
def test_a_pair_that_does_not_fit_alone_has_no_links_and_the_run_goes_on(
    tiny, monkeypatch, caplog, error, options
):
    aligner = Aligner.load(str(tiny("preset")), encode="pair", device="cpu", dtype="float32", **options)
    aligner.workers = 1  # so that it is in a batch with others
    fail_beyond_width(monkeypatch, aligner.encoder, 60, error)
    pairs = [("das Haus ist klein", "the house is small")] * 5
    found = list(aligner.align([*pairs[:3], LONG, *pairs[3:]]))
    assert_left_out(found, caplog, 4, "do not fit into the memory of cpu")


def test_a_pair_that_fits_nowhere_does_not_make_batches_smaller(tiny, monkeypatch, caplog):
    aligner, fresh = (
        Aligner.load(str(tiny("preset")), encode="pair", device="cpu", dtype="float32") for _ in range(2)
    )
    fail_beyond_width(monkeypatch, aligner.encoder, 60, NO_MEMORY[0])
    list(aligner.align([LONG]))
    assert len(caplog.records) == 1
    asked, expected = (
        fail_beyond(monkeypatch, each.encoder, 1000, NO_MEMORY[0]) for each in (aligner, fresh)
    )
    for each in (aligner, fresh):
        list(each.align([("das Haus", "the house")] * 40))
    assert sorted(asked) == sorted(expected)


def test_smaller_batches_are_told_once(tiny, monkeypatch, caplog):
    aligner = Aligner.load(
        str(tiny("preset")), encode="pair", device="cpu", dtype="float32", batch_tokens=4000
    )
    fail_beyond(monkeypatch, aligner.encoder, 30, NO_MEMORY[0])
    list(aligner.align([("das Haus", "the house")] * 200))
    [message] = [each.getMessage() for each in caplog.records]
    assert message.startswith("the memory of cpu ran out: batches have at most ")


@pytest.mark.parametrize("name", ["preset", "xmod", "distilbert", "xlm-mlm"])
def test_two_batches_at_once_as_on_a_gpu_give_the_same(tiny, name):
    """Models that are not packed are run by transformers, with hooks that every thread sees."""
    languages = {"source_language": "de", "target_language": "en"}
    encoder = load_encoder(resolve(str(tiny(name))))
    pairs = [*some_pairs(40), LONG]
    one, two = (Aligner(encoder, encoder.preset, AlignOptions(layer=3, **languages)) for _ in range(2))
    assert (one.workers, encoder.concurrent) == (1, False)
    two.workers = 4
    two._budget = 400
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


@pytest.mark.parametrize("options", [{"level": "subword"}, {"level": "word"}, {"lexicon": True}])
def test_a_pair_too_large_to_compare_has_no_links_and_the_run_goes_on(load, monkeypatch, caplog, options):
    monkeypatch.setattr(pipeline, "MOST_COMPARED", 1_000)
    found = list(load(**options).align([("das Haus", "the house"), LONG, ("ist", "is")]))
    assert_left_out(found, caplog, 2, "too many to compare; split the line into sentences")


@pytest.mark.parametrize("options", [{}, {"level": "word"}, {"lexicon": True}, {"encode": "separate"}])
@pytest.mark.parametrize(
    "most", [100, 300]
)  # fewer than the words of the pair; more than these, fewer than subwords
def test_a_pair_too_large_to_encode_has_no_links_and_the_run_goes_on(
    load, monkeypatch, caplog, most, options
):
    monkeypatch.setattr(blocks, "MOST_ENCODED", most)
    monkeypatch.setattr(load(**options).encoder, "encode", no_long_rows(load(**options).encoder.encode))
    found = list(load(**options).align([("das Haus", "the house"), LONG, ("ist", "is")]))
    units = "150 + 110 words" if most == 100 else "subwords"
    assert_left_out(found, caplog, 2, f"{units} are too many to encode; split the line into sentences")


def no_long_rows(encode):
    """The long pair must not even begin."""

    def checked(batch, layers):
        assert batch.ids.shape[1] < 30
        return encode(batch, layers)

    return checked


def test_what_is_compared_decides_what_is_too_large(load, monkeypatch, caplog):
    """Two words of 40 letters a side: four pairs of words, hundreds of pairs of subwords."""
    pair = ("x" * 40 + " " + "y" * 40,) * 2
    monkeypatch.setattr(pipeline, "MOST_COMPARED", 4)
    assert next(load(level="word", **FORWARD).align([pair])).links
    assert not caplog.records
    assert not next(load(level="subword", **FORWARD).align([pair])).links
    assert "subwords are too many to compare" in caplog.text


@pytest.mark.parametrize("options", [{"level": "subword"}, {"level": "word"}, {"lexicon": True}])
def test_a_word_of_any_length_is_aligned(load, caplog, options):
    [alignment, other] = load(**options, **({} if "lexicon" in options else FORWARD)).align(
        [("x" * 20_000, "y" * 20_000), ("das", "the")]
    )
    assert alignment.links == other.links == ((0, 0),)
    assert not caplog.records


def test_a_pair_too_large_cannot_be_explained(load, monkeypatch):
    monkeypatch.setattr(pipeline, "MOST_COMPARED", 1_000)
    with pytest.raises(InputError, match="too many to compare"):
        load().explain(LONG)


def test_a_lexicon_leaves_out_pairs_larger_than_itself(counting, monkeypatch, caplog):
    monkeypatch.setattr(pipeline, "CELLS", 1_000)
    found = list(counting(1000).align([("das Haus", "the house"), LONG]))
    assert_left_out(found, caplog, 2, "150 x 110 words are too many to compare")


def test_other_errors_of_the_encoder_pass_through(tiny, monkeypatch):
    aligner = Aligner.load(str(tiny("preset")), device="cpu", dtype="float32")
    fail_beyond(monkeypatch, aligner.encoder, 0, RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        list(aligner.align(some_pairs(3)))


# Symmetrization, distortion, precision.


@pytest.mark.parametrize("method", DIRECTED)
def test_symmetrizing_by_intersection_lies_within_union(load, method):
    pairs = some_pairs(8)
    both, grown, either = (
        links(load(extract=method, symmetrize=rule).align(pairs))
        for rule in ("intersection", "grow-diag-final-and", "union")
    )
    for smaller, middle, larger in zip(both, grown, either, strict=True):
        assert set(smaller) <= set(middle) <= set(larger)
    assert both != either


def test_distortion_of_argmax_holds_when_symmetrizing_too(load):
    pairs = some_pairs(12)
    for rule in (None, "union"):
        plain = links(load(extract="argmax", symmetrize=rule).align(pairs))
        assert links(load(extract="argmax", symmetrize=rule, distortion=0.9).align(pairs)) != plain


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_lower_precision_aligns_too(tiny, dtype):
    aligner = Aligner.load(str(tiny("preset")), device="cpu", dtype=dtype)
    assert aligner.encoder.dtype == getattr(torch, dtype)
    assert all(alignment.links for alignment in aligner.align(some_pairs(6)))


# Explaining.


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"distortion": 0.8},
        {"extract": "softmax", "threshold": 0.4},
        {"extract": "xlm-align"},
        {"level": "word"},
    ],
)
@pytest.mark.parametrize("encode", ["pair", "separate"])
def test_explain_shows_the_directions_whose_agreement_is_the_alignment(load, encode, options):
    aligner = load(encode=encode, **options)
    for pair in some_pairs(5):
        explained = aligner.explain(pair)
        [alignment] = aligner.align([pair])
        assert explained.alignment.links == alignment.links
        assert explained.alignment.scores == pytest.approx(alignment.scores, rel=1e-4)
        shape = len(explained.source), len(explained.target)
        assert explained.similarity.shape == explained.forward.shape == explained.backward.shape == shape
        source, target = (numbers_of_words(aligner, side) for side in (pair.source, pair.target))
        agreed = {
            (source[s], target[t]) for s, t in np.argwhere(explained.forward & explained.backward).tolist()
        }
        assert tuple(sorted(agreed)) == alignment.links


def numbers_of_words(aligner, sentence):
    """The word of each unit."""
    if aligner.method.level == "word":
        return range(len(sentence))
    return [number for number, word in enumerate(sentence) for _ in aligner.encoder.subword_ids([word])[0]]


def test_explain_names_its_subwords(load):
    explained = load().explain(("Das Haus", "The house"))
    assert "".join(explained.source).replace("▁", " ").strip() == "Das Haus"
    assert load(level="word").explain(("Das Haus", "The house")).target == ("The", "house")


def test_explain_of_a_method_without_directions_shows_those_of_argmax(load):
    pair = SentencePair.of("Das Haus ist klein", "The house is small")
    explained, of_argmax = load(extract="match").explain(pair), load(extract="argmax").explain(pair)
    assert (explained.forward == of_argmax.forward).all()
    assert (explained.backward == of_argmax.backward).all()


@pytest.mark.parametrize("pair", [("", ""), ("das", ""), ([""], ["the"])])
def test_an_empty_pair_cannot_be_explained(load, pair):
    with pytest.raises(OptionError, match="nothing to explain"):
        load().explain(pair)


# With a lexicon.


@pytest.fixture
def counting(load, monkeypatch):
    """`counting(together)`: an aligner with a lexicon for so many pairs at a time."""

    def aligner(together, **options):
        monkeypatch.setattr(lexicon, "TOGETHER", together)
        return load(**{"lexicon": True, **options})

    return aligner


def test_the_lexicon_starts_from_the_softmax_that_aligning_thresholds(load):
    pairs = some_pairs(9)
    aligner = load(level="word", extract="softmax", similarity="dot", threshold=0.1)
    for pair, alignment in zip(pairs, aligner.align(pairs), strict=True):
        for _, batch in aligner.prepare([pair]).batches:
            [units] = aligner.encode(batch, [aligner.method.layer])
            [(forward, backward)] = aligner.comparison.probabilities(batch, *units)
            np.testing.assert_allclose(forward.sum(1), 1, rtol=1e-4)
            np.testing.assert_allclose(backward.sum(0), 1, rtol=1e-4)
            both = np.minimum(forward, backward)
            assert alignment.links == tuple(
                zip(*(each.tolist() for each in np.nonzero(both > 0.1)), strict=True)
            )
            assert [both[link] for link in alignment.links] == pytest.approx(alignment.scores, abs=1e-4)


@pytest.mark.parametrize("together", [5, 7, 1000])
def test_pairs_that_are_taken_together_share_a_lexicon_and_keep_their_order(counting, together):
    pairs = some_pairs(23)
    aligner = counting(together)
    expected = []
    for start in range(0, len(pairs), together):
        some, said = pairs[start : start + together], []
        for pair in some:
            batches = aligner.prepare([pair]).batches
            of_pair = [
                aligner.comparison.probabilities(batch, *aligner.encode(batch, [aligner.method.layer])[0])
                for _, batch in batches
            ]
            said.append(of_pair[0][0] if of_pair else None)
        expected += [likely_links(each) for each in reestimate(some, said, 1)]
    found = list(aligner.align(pairs))
    assert links(found) == links(expected) and any(links(found))
    for one, other in zip(found, expected, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-5)
        assert one.score == pytest.approx(other.score, abs=1e-5)


def test_fewer_pairs_share_a_lexicon_where_they_are_long(counting, load, monkeypatch):
    pairs = [("das Haus ist klein", "the house is small")] * 5
    monkeypatch.setattr(lexicon, "CELLS", 31)  # two pairs have 32
    shared = []

    def counted(together, *rest):
        shared.append(len(together))
        return reestimate(together, *rest)

    monkeypatch.setattr(pipeline, "reestimate", counted)
    assert len(list(counting(1000).align(pairs))) == 5
    assert shared == [2, 2, 1]


def test_two_streams_of_one_aligner_may_be_read_in_turn(load, tiny):
    """Each reads ahead in a thread of its own, and both learn words."""
    aligner = load()
    some, others = some_pairs(40), some_pairs(80)[40:]
    expected = links(aligner.align(some)), links(aligner.align(others))
    fresh = Aligner.load(str(tiny("preset")), device="cpu", dtype="float32")  # it knows no word yet
    found = list(zip(fresh.align(some), fresh.align(others), strict=True))
    assert (links(one for one, _ in found), links(other for _, other in found)) == expected


def test_the_text_as_a_whole_puts_a_model_right(counting, load):
    """The untrained model is as good as none; the text is word for word."""
    chosen = random.Random(5)
    numbers = [chosen.sample(range(10), 4) for _ in range(40)]
    pairs = [(" ".join(SOURCE[k] for k in each), " ".join(TARGET[k] for k in each)) for each in numbers]

    def shares(aligner):
        """(precision, recall) of the diagonal."""
        found = list(aligner.align(pairs))
        right = sum(link.source == link.target for each in found for link in each.links)
        return right / sum(len(each.links) for each in found), right / (4 * len(pairs))

    alone = shares(load(level="word", extract="softmax", threshold=0.1))
    assert all(
        share > max(0.8, before + 0.2)
        for share, before in zip(shares(counting(1000, lexicon=5)), alone, strict=True)
    )


def test_each_layer_has_a_lexicon_of_its_own(counting, load):
    pairs = some_pairs(12)
    by_layer = list(counting(1000).align_layers(pairs, [0, 2]))
    for layer in (0, 2):
        alone = load(lexicon=True, layer=layer).align(pairs)
        assert [each[layer].links for each in by_layer] == links(alone)


def test_a_lexicon_is_of_words_and_has_its_own_threshold(tiny):
    preset = Preset("p", str(tiny("preset")), "auto", 2, "pair", "dot", "xlm-align", threshold=0.2)
    method = AlignOptions(lexicon=True).completed_by(preset)
    assert (method.level, method.extract, method.threshold) == ("word", "softmax", None)
    for more in ({"extract": "argmax"}, {"symmetrize": "union"}, {"level": "subword"}):
        with pytest.raises(OptionError, match="--lexicon"):
            AlignOptions(lexicon=True, **more).completed_by(preset)


def test_a_pair_alone_has_no_lexicon_to_explain(counting):
    with pytest.raises(OptionError, match="no lexicon"):
        counting(10).explain(("das Haus", "the house"))
