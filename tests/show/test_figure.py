import builtins
import struct

import pytest
from exhibits import exhibit

from xalign.errors import DependencyError, OptionError
from xalign.links import Alignment
from xalign.score.evaluation import Hypothesis
from xalign.show.case import Exhibit
from xalign.show.figure import draw
from xalign.text.sentences import SentencePair


def size(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_a_png_grows_with_the_sentences_and_the_systems():
    width, height = size(draw(exhibit()))
    longer = exhibit([SentencePair.of("a " * 12, "b " * 20)])
    assert size(draw(longer))[0] > 1.5 * width and size(draw(longer))[1] > 1.3 * height
    assert size(draw(exhibit(systems=("one", "two"))))[0] > 1.5 * width


def test_vector_formats_by_suffix():
    assert draw(exhibit(), "x.pdf").startswith(b"%PDF")
    assert b"<svg" in draw(exhibit(), "x.svg")
    with pytest.raises(OptionError, match=r"must end in \.png, \.svg, \.pdf"):
        draw(exhibit(), "x.jpg")


def test_the_same_pair_gives_the_same_file():
    assert [draw(exhibit(), name) for name in ("x.png", "x.svg", "x.pdf")] == [
        draw(exhibit(), name) for name in ("x.png", "x.svg", "x.pdf")
    ]


def test_text_is_no_formula(caplog):
    pair = SentencePair.of("$x$ \\frac{ _ %", "$\\int ^ $")
    draw(Exhibit.of([pair], [Hypothesis("$", [Alignment.of([(0, 0)])])]))
    assert caplog.text == ""


def test_letters_that_no_font_has_are_reported(caplog):
    pair = SentencePair.of("a \U0001abcd", "b")
    draw(Exhibit.of([pair], [Hypothesis("m", [Alignment.of([(0, 0)])])]))
    assert "boxes in place of letters such as" in caplog.text


def test_a_missing_matplotlib_is_named(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(DependencyError, match="pip install matplotlib"):
        draw(exhibit())
