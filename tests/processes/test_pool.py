"""A pool of processes finds what one aligner finds, in the order of the pairs, and says what has gone wrong."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from threading import Thread

import pytest
import torch
from aligning import some_pairs

from xalign.aligner import Aligner
from xalign.blocks import Limits
from xalign.errors import InputError, ModelError, OptionError, WorkerError
from xalign.processes import AlignerPool

LIMITS = Limits(block=16, first_block=4, together=40)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The processes have one each, and sums in float32 depend on how many share them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def options(tiny):
    return {"model": str(tiny("preset")), "dtype": "float32", "limits": LIMITS}


@pytest.fixture(scope="module")
def pool(options):
    """Two processes, which many tests share."""
    with AlignerPool.load(devices=["cpu", "cpu"], **options) as pool:
        yield pool


@pytest.fixture(scope="module")
def one(options):
    return Aligner.load(device="cpu", **options)


def test_pairs_and_alignments_are_those_of_one_aligner_to_the_last_digit(pool, one):
    pairs = some_pairs(300)
    assert list(pool.align_pairs(iter(pairs))) == list(one.align_pairs(pairs))
    assert list(pool.align(pairs[:1])) == list(one.align(pairs[:1]))
    assert list(pool.align([])) == []


def test_a_part_of_a_text_is_found_as_in_the_whole(pool, one):
    pairs = some_pairs(300)
    start, stop = pool.taken_with(50, 90)
    assert (start, stop) == one.taken_with(50, 90)
    found = list(pool.align_pairs(pairs[start:stop], first=start))[50 - start : 90 - start]
    assert found == list(one.align_pairs(pairs))[50:90]


def test_a_lexicon_counts_in_the_whole_text(options):
    pairs = some_pairs(100)
    expected = list(Aligner.load(device="cpu", **options, lexicon=2).align(pairs))
    with AlignerPool.load(devices=["cpu", "cpu"], **options, lexicon=2) as pool:
        assert list(pool.align(pairs)) == expected


def test_an_error_in_the_input_comes_after_the_pairs_before_it(pool, one):
    def pairs():
        yield from some_pairs(45)
        raise InputError("line 46: broken")

    found = []
    with pytest.raises(InputError, match="line 46: broken"):
        found.extend(pool.align(pairs()))
    assert found == list(one.align(some_pairs(45)))


def test_a_text_that_is_left_early_leaves_nothing_behind(pool, one):
    alignments = pool.align(some_pairs(1) * 100_000)
    next(alignments)
    alignments.close()
    assert list(pool.align(some_pairs(40))) == list(one.align(some_pairs(40)))


def test_a_new_text_ends_one_that_was_not_read_to_its_end(pool, one):
    earlier = pool.align(some_pairs(6000))
    next(earlier)
    assert list(pool.align(some_pairs(40))) == list(one.align(some_pairs(40)))
    with pytest.raises(WorkerError, match="began another text"):
        next(earlier)


def test_two_texts_that_are_read_by_turns_are_refused_and_never_cut_short(pool):
    with pytest.raises(WorkerError, match="load a pool for each"):
        list(zip(pool.align(some_pairs(6000)), pool.align(some_pairs(6000)), strict=True))
    assert len(list(pool.align(some_pairs(40)))) == 40


def test_a_pool_that_was_closed_says_so(options):
    with AlignerPool.load(devices=["cpu"], **options) as pool:
        alignments = pool.align(some_pairs(6000))
        next(alignments)
    for closed in (alignments, pool.align(some_pairs(1))):
        with pytest.raises(WorkerError, match="the pool was closed"):
            next(closed)


def test_warnings_name_the_line_of_the_text(pool, caplog):
    pairs = [*some_pairs(30), (["Das"] * 40_000, ["The"]), *some_pairs(10)]
    found = list(pool.align(pairs))
    assert (len(found), found[30].links) == (41, ())
    [said] = [each.getMessage() for each in caplog.records]
    assert said.startswith("line 31: ") and said.endswith(
        "too many to encode; split the line into sentences; it has no links"
    )


def test_a_pair_that_is_too_large_has_no_links_even_if_its_sides_are_the_same(options):
    few = {**options, "limits": Limits(encoded=6)}
    pairs = [("a b c d", "a b c d"), ("a b", "a b")]
    with AlignerPool.load(devices=["cpu"], **few) as pool:
        found = list(pool.align(pairs))
    assert [str(each) for each in found] == ["", "0-0 1-1"]
    assert found == list(Aligner.load(device="cpu", **few).align(pairs))


def test_text_that_is_not_tokenized_is_told_once(pool, caplog):
    list(pool.align([("Das ist klein.", "It is small.")] * 200))
    [said] = [each.getMessage() for each in caplog.records]
    assert "200 of the first 200 sentences do not look tokenized" in said


def test_a_model_that_is_not_there_is_told_as_by_one_aligner():
    with pytest.raises(ModelError, match="unknown model"):
        AlignerPool.load("no-such-model", devices=["cpu", "cpu"])


def test_a_device_that_is_not_there_is_told(options):
    with pytest.raises(OptionError, match="device cuda:97 cannot be used here"):
        AlignerPool.load(devices=["cpu", "cuda:97"], **options)


def test_a_model_is_named_as_for_one_aligner(options, monkeypatch):
    folder = Path(options["model"])
    monkeypatch.chdir(folder.parent)
    with AlignerPool.load(Path(folder.name), ["cpu"]) as pool:
        assert pool.facts.preset.checkpoint.place == str(folder)
    with pytest.raises(ModelError, match="unknown model"):
        AlignerPool.load(Path("mini"), ["cpu"])
    with pytest.raises(OptionError, match="model is 3"):
        AlignerPool.load(3)


@pytest.mark.parametrize("devices", [[], "cpu"])
def test_devices_are_a_list(devices):
    with pytest.raises(OptionError, match="it must be a list of one or more devices"):
        AlignerPool.load("mini", devices)


def test_a_worker_that_cannot_be_started_ends_the_others(options):
    others = multiprocessing.active_children()
    with pytest.raises(Exception, match="pickle"):
        AlignerPool.load(devices=["cpu", lambda: "cpu"], **options)
    assert multiprocessing.active_children() == others


def test_a_process_that_is_killed_is_told_after_the_pairs_before(options, one):
    others = multiprocessing.active_children()
    with AlignerPool.load(devices=["cpu", "cpu"], **options) as pool:
        list(pool.align(some_pairs(10)))
        own = [child for child in multiprocessing.active_children() if child not in others]
        found, expected = [], one.align(some_pairs(1000))

        def pairs():
            for number, pair in enumerate(some_pairs(1000)):
                if number == 500:
                    os.kill(own[0].pid, signal.SIGKILL)
                yield pair

        with pytest.raises(WorkerError, match="the process on cpu was killed by signal 9"):
            found.extend(pool.align(pairs()))
        assert found == [next(expected) for _ in found]


def test_a_text_that_comes_slowly_is_aligned_while_workers_use_several_threads(options):
    # A worker of several threads finishes a block only once it has the next one, or the end of the text.
    def pairs():
        for pair in some_pairs(30):
            time.sleep(0.02)
            yield pair

    with AlignerPool.load(devices=["cpu"], threads=2, **options) as pool:
        found = []
        reader = Thread(target=lambda: found.extend(pool.align(pairs())), daemon=True)
        reader.start()
        reader.join(60)
        assert len(found) == 30
