"""Tasks of several threads: order, errors, and no more at once than can be waited for."""

import threading
import time
from queue import Queue

import pytest

from xalign.parallel import run_groups

THREADS = pytest.mark.parametrize("threads", [1, 2, 5])


def sleepy(number):
    def task():
        time.sleep(0.001 * (number * 7 % 5))
        return number

    return task


@THREADS
def test_results_come_in_order_whoever_is_first(threads):
    groups = [(name, [sleepy(10 * name + k) for k in range(name % 4)]) for name in range(12)]
    found = list(run_groups(groups, threads))
    assert found == [(name, [10 * name + k for k in range(name % 4)]) for name in range(12)]


def test_tasks_of_two_groups_run_at_once():
    """Each waits for the other."""
    meeting = threading.Barrier(2)
    groups = [("a", [lambda: meeting.wait(30)]), ("b", [lambda: meeting.wait(30)])]
    assert [name for name, _ in run_groups(groups, 2)] == ["a", "b"]


@THREADS
def test_an_error_comes_where_its_group_would_have_come(threads):
    def fail():
        raise ValueError("broken")

    found = []
    with pytest.raises(ValueError, match="broken"):
        found.extend(run_groups([("a", [sleepy(1)]), ("b", [sleepy(2), fail]), ("c", [sleepy(3)])], threads))
    assert found == [("a", [1])]


@THREADS
def test_an_error_in_the_groups_comes_after_those_before_it(threads):
    def groups():
        yield "a", [sleepy(1)]
        yield "b", [sleepy(2)]
        raise ValueError("broken")

    found = []
    with pytest.raises(ValueError, match="broken"):
        found.extend(run_groups(groups(), threads))
    assert found == [("a", [1]), ("b", [2])]


@THREADS
def test_an_interrupt_does_not_wait_for_the_groups_before_it(threads):
    hours = threading.Event()

    def groups():
        yield "a", [sleepy(1)] if threads == 1 else [lambda: hours.wait(30)]
        raise KeyboardInterrupt

    found = []
    with pytest.raises(KeyboardInterrupt):
        found.extend(run_groups(groups(), threads))
    hours.set()
    assert len(found) == (threads == 1)


@THREADS
def test_groups_are_taken_as_they_are_needed(threads):
    taken = []

    def groups():
        for name in range(100):
            taken.append(name)
            yield name, [sleepy(name)]

    stream = run_groups(groups(), threads)
    next(stream)
    assert len(taken) <= 2
    stream.close()


def test_a_thread_that_comes_to_end_its_own_stream_does_not_wait_for_itself():
    """As where the collector of garbage finds the stream while that thread runs."""
    ended, started = Queue(), threading.Event()

    def end():
        assert started.wait(30)
        try:
            stream.close()
        except BaseException as error:
            ended.put(error)
        else:
            ended.put(None)

    stream = run_groups([("a", []), ("b", [end])], threads=2)
    next(stream)
    started.set()
    assert ended.get(timeout=30) is None
