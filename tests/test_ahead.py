"""Iterators that run ahead of their consumers."""

import threading
from queue import Queue

import pytest

from xalign.ahead import begun, run_ahead, until_error
from xalign.errors import InputError, XalignError

TIMEOUT = 30  # of waiting for what happens at once; only a failing test waits as long


def ahead_threads():
    return [thread for thread in threading.enumerate() if thread.name == "xalign-ahead"]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1000])
def test_all_items_come_in_their_order(count):
    assert list(run_ahead(range(count))) == list(range(count))


def test_none_is_an_item_like_others():
    assert list(run_ahead([None, [], 0])) == [None, [], 0]


def test_items_are_made_in_another_thread_before_they_are_asked_for():
    made = threading.Event()

    def items():
        yield threading.current_thread()
        made.set()
        yield None

    ahead = run_ahead(items())
    assert next(ahead) is not threading.current_thread()
    assert made.wait(TIMEOUT)  # though the second item was not asked for
    assert list(ahead) == [None]


def test_no_more_are_made_than_may_wait():
    made = []

    def items():
        for number in range(100):
            made.append(number)
            yield number

    for number in run_ahead(items(), most=2):
        assert len(made) <= number + 1 + 2 + 1  # asked for, waiting, and one in the making


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), StopIteration(), MemoryError()])
def test_an_error_comes_in_the_place_of_its_item(error):
    class Items:
        def __init__(self):
            self.number = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.number += 1
            if self.number > 3:
                raise error
            return self.number

    ahead, found = run_ahead(Items()), []
    if isinstance(error, StopIteration):  # which is the end
        found = list(ahead)
    else:
        with pytest.raises(type(error)) as raised:
            found.extend(ahead)
        assert raised.value is error
    assert found == [1, 2, 3]


def test_a_consumer_that_stops_early_ends_the_thread_and_closes_what_it_read():
    before, closed = set(ahead_threads()), threading.Event()

    def items():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    ahead = run_ahead(items())
    next(ahead)
    [thread] = set(ahead_threads()) - before
    ahead.close()
    thread.join(TIMEOUT)
    assert not thread.is_alive()
    assert closed.is_set()


def test_who_waits_leaves_no_thread_behind():
    before = set(ahead_threads())
    ahead = run_ahead(iter(int, 1), wait=True)
    next(ahead)
    ahead.close()
    assert not set(ahead_threads()) - before


def test_the_thread_ends_with_its_items():
    before = set(ahead_threads())
    ahead = run_ahead([1])
    next(ahead)
    started = set(ahead_threads()) - before
    assert list(ahead) == []
    for thread in started:
        thread.join(TIMEOUT)
    assert not set(ahead_threads()) - before


def test_a_busy_thread_does_not_keep_its_program_alive():
    ahead = run_ahead(iter(int, 1))
    next(ahead)
    assert all(thread.daemon for thread in ahead_threads())
    ahead.close()


def test_the_first_is_made_at_once_and_none_is_lost():
    made = []
    items = begun(made.append(number) or number for number in range(3))
    assert made == [0]
    assert list(items) == [0, 1, 2]
    assert list(begun(iter(()))) == []


def test_an_error_ends_the_items_and_waits():
    def broken(error):
        yield from range(3)
        raise error

    errors = []
    error = InputError("line 4")
    assert list(until_error(broken(error), errors, XalignError)) == [0, 1, 2]
    assert errors == [error]
    with pytest.raises(ZeroDivisionError):  # which is no error of the text
        list(until_error(broken(ZeroDivisionError()), errors, XalignError))
    assert list(until_error(range(3), errors, XalignError)) == [0, 1, 2]
    assert errors == [error]


def test_a_thread_that_comes_to_end_its_own_stream_does_not_wait_for_itself():
    """As where the collector of garbage finds the stream while that thread runs."""
    ended, started = Queue(), threading.Event()

    def items():
        yield 0
        assert started.wait(TIMEOUT)
        try:
            ahead.close()
        except BaseException as error:
            ended.put(error)
        else:
            ended.put(None)

    ahead = run_ahead(items(), wait=True)
    next(ahead)
    started.set()
    assert ended.get(timeout=TIMEOUT) is None
