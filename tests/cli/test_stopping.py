"""Signals end a run between two items."""

import signal

import pytest

from xalign.cli.stopping import Stopped, stopping

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def signals_that_nobody_ignores():
    """The tests themselves may run under nohup."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_while_an_item_is_written_lets_it_be_written(number):
    written = []
    with pytest.raises(Stopped, match=number.name), stopping() as signals:
        for item in signals.between(range(5)):
            if item == 2:
                signal.raise_signal(number)
                signal.raise_signal(number)
            written.append(item)
    assert written == [0, 1, 2]


def test_a_signal_while_the_next_item_is_waited_for_does_not_wait_for_it():
    def items():
        yield 1
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("waited on")

    with pytest.raises(Stopped) as stopped, stopping() as signals:
        list(signals.between(items()))
    assert stopped.value.number == signal.SIGTERM


def test_signals_are_handled_as_before_when_all_is_done():
    before = [signal.getsignal(number) for number in NUMBERS]
    with stopping() as signals:
        assert list(signals.between("abc")) == ["a", "b", "c"]
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping() as signals:
            for item in signals.between("ab"):
                if item == "a":
                    signal.raise_signal(signal.SIGHUP)
        assert item == "b"
    finally:
        signal.signal(signal.SIGHUP, before)
