"""What does not fit: batches are made smaller, and a pair that is too large has no links, with a warning."""

import pytest
from aligning import (
    FORWARD,
    LONG,
    NO_MEMORY,
    assert_left_out,
    fail_beyond,
    fail_beyond_width,
    links,
    some_pairs,
)

from xalign.aligner import Aligner
from xalign.blocks import Limits
from xalign.errors import InputError


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


@pytest.mark.parametrize("error", [*NO_MEMORY, MemoryError()])
@pytest.mark.parametrize("options", [{}, {"lexicon": True}])
def test_a_pair_that_does_not_fit_alone_has_no_links_and_the_run_goes_on(
    tiny, monkeypatch, caplog, error, options
):
    aligner = Aligner.load(
        str(tiny("preset")),
        encode="pair",
        device="cpu",
        dtype="float32",
        limits=Limits(workers=1),  # so that it is in a batch with others
        **options,
    )
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


def test_workers_that_all_run_out_of_memory_agree_on_ever_smaller_batches(tiny, monkeypatch, caplog):
    aligner = Aligner.load(
        str(tiny("preset")), device="cpu", dtype="float32", batch_tokens=4000, limits=Limits(workers=4)
    )
    fail_beyond(monkeypatch, aligner.encoder, 10, NO_MEMORY[0])
    assert all(each.links for each in aligner.align([("das Haus", "the house")] * 400))
    told = [int(each.getMessage().split()[-5]) for each in caplog.records]
    assert told and told == sorted(set(told), reverse=True)


@pytest.mark.parametrize("options", [{"level": "subword"}, {"level": "word"}, {"lexicon": True}])
def test_a_pair_too_large_to_compare_has_no_links_and_the_run_goes_on(load, caplog, options):
    aligner = load(**options, limits=Limits(compared=1_000))
    found = list(aligner.align([("das Haus", "the house"), LONG, ("ist", "is")]))
    assert_left_out(found, caplog, 2, "too many to compare; split the line into sentences")


@pytest.mark.parametrize("options", [{"level": "word"}, {"lexicon": True}])
def test_not_even_copied_words_of_a_pair_too_large_are_linked(load, caplog, options):
    copied = ("{user} 2026 " * 50, "{user} 2026 " * 50)
    aligner = load(**options, limits=Limits(compared=1_000))
    found = list(aligner.align([("das {user}", "the {user}"), copied, ("ist", "is")]))
    assert_left_out(found, caplog, 2, "too many to compare; split the line into sentences")


@pytest.mark.parametrize("options", [{}, {"level": "word"}, {"lexicon": True}, {"encode": "separate"}])
@pytest.mark.parametrize(
    "most", [100, 300]
)  # fewer than the words of the pair; more than these, fewer than subwords
def test_a_pair_too_large_to_encode_has_no_links_and_the_run_goes_on(
    load, monkeypatch, caplog, most, options
):
    aligner = load(**options, limits=Limits(encoded=most))
    monkeypatch.setattr(aligner.encoder, "encode", no_long_rows(aligner.encoder.encode))
    found = list(aligner.align([("das Haus", "the house"), LONG, ("ist", "is")]))
    units = "150 + 110 words" if most == 100 else "subwords"
    assert_left_out(found, caplog, 2, f"{units} are too many to encode; split the line into sentences")


def no_long_rows(encode):
    """The long pair must not even begin."""

    def checked(batch, layers):
        assert batch.ids.shape[1] < 30
        return encode(batch, layers)

    return checked


def test_what_is_compared_decides_what_is_too_large(load, caplog):
    """Two words of 40 letters a side: four pairs of words, hundreds of pairs of subwords."""
    pair = ("x" * 40 + " " + "y" * 40,) * 2
    limits = Limits(compared=4)
    assert next(load(level="word", limits=limits, **FORWARD).align([pair])).links
    assert not caplog.records
    assert not next(load(level="subword", limits=limits, **FORWARD).align([pair])).links
    assert "subwords are too many to compare" in caplog.text


@pytest.mark.parametrize("options", [{"level": "subword"}, {"level": "word"}, {"lexicon": True}])
def test_a_word_of_any_length_is_aligned(load, caplog, options):
    [alignment, other] = load(**options, **({} if "lexicon" in options else FORWARD)).align(
        [("x" * 20_000, "y" * 20_000), ("das", "the")]
    )
    assert alignment.links == other.links == ((0, 0),)
    assert not caplog.records


def test_a_pair_too_large_cannot_be_explained(load):
    with pytest.raises(InputError, match="too many to compare"):
        load(limits=Limits(compared=1_000)).explain(LONG)


def test_a_lexicon_leaves_out_pairs_larger_than_itself(load, caplog):
    aligner = load(lexicon=True, limits=Limits(cells=1_000))
    found = list(aligner.align([("das Haus", "the house"), LONG]))
    assert_left_out(found, caplog, 2, "150 x 110 words are too many to compare")


def test_other_errors_of_the_encoder_pass_through(tiny, monkeypatch):
    aligner = Aligner.load(str(tiny("preset")), device="cpu", dtype="float32")
    fail_beyond(monkeypatch, aligner.encoder, 0, RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        list(aligner.align(some_pairs(3)))
