import pytest

from xalign.errors import OptionError
from xalign.project import read_annotated


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(OptionError, match="format is 'xyz': choose one of iob, conllu, offsets, markup"):
        read_annotated(tmp_path / "a", "xyz")
