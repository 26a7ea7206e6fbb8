"""Errors keep their type, text, options and places on the way from one process to another."""

import inspect
import pickle

import pytest

from xalign import errors
from xalign.errors import LineError, XalignError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, XalignError)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_the_same_in_another_process(kind):
    text = ("text.tsv", 3, "too long") if issubclass(kind, LineError) else ("what to do",)
    error = kind(*text, "longest_line")
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), str(twin), vars(twin)) == (kind, str(error), vars(error))
