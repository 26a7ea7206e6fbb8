"""The examples in docstrings are right."""

import doctest
import importlib
import pkgutil

import pytest

import xalign

MODULES = [each.name for each in pkgutil.walk_packages(xalign.__path__, "xalign.")]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_examples_give_what_they_say(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
