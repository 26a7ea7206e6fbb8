"""JSON lines hold what UTF-8 can write, and are refused where they cannot be written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import InputError
from xalign.json_line import json_line

characters = st.characters(exclude_categories=[]) | st.sampled_from("\ud800\udfff\\u")


@given(
    st.recursive(
        st.text(characters), lambda each: st.lists(each) | st.dictionaries(st.text(characters), each)
    )
)
def test_any_text_is_written_in_utf8_and_read_back(value):
    line = json_line(value)
    assert json.loads(line.encode().decode()) == json.loads(json.dumps(value))
    assert line.endswith("\n") and line.count("\n") == 1


def test_a_value_that_is_nested_too_deeply_is_refused():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(InputError, match="nested too deeply"):
        json_line(value)
