import struct

import pytest

from xalign.errors import OptionError
from xalign.links import Alignment
from xalign.score.evaluation import Gold, Hypothesis, evaluate
from xalign.score.plots import draw
from xalign.text.sentences import SentencePair

TEXT = [SentencePair.of("a b", "x y"), SentencePair.of("a b c d e f g", "x y")]
GOLD = Gold("gold", [Alignment.of([(0, 0), (1, 1)])] * 2)
SCORED = [Alignment(Alignment.of([(0, 0), (1, 0)]).links, scores=(0.9, 0.3))] * 2
PLAIN = [Alignment.of([(0, 0)])] * 2


def drawn(monkeypatch, hypotheses, text=None):
    """The titles of the plots, and the labels of the lines of each."""
    found = {}
    from xalign.score import plots

    finish = plots._finish

    def note(axes, title, *labels):
        found[title] = axes.get_legend_handles_labels()[1]
        finish(axes, title, *labels)

    monkeypatch.setattr(plots, "_finish", note)
    figure = draw(evaluate(GOLD, hypotheses), hypotheses, GOLD, text)
    assert figure.startswith(b"\x89PNG")
    return found, struct.unpack(">II", figure[16:24])


def test_there_is_a_plot_of_all_that_is_known(monkeypatch):
    layers = [Hypothesis(f"layer {layer}", SCORED, {"model": "mini", "layer": layer}) for layer in (1, 2)]
    found, _ = drawn(monkeypatch, layers, TEXT)
    assert found == {
        "AER by layer": ["mini"],
        "Precision and recall by threshold": ["layer 1", "layer 2"],
        "Reliability": ["layer 1 (off by 20.0 points)", "layer 2 (off by 20.0 points)"],
        "AER by length": ["layer 1", "layer 2"],
    }


def test_there_is_none_of_what_is_not_known(monkeypatch):
    assert [*drawn(monkeypatch, [Hypothesis("out", PLAIN)], TEXT)[0]] == ["AER by length"]
    assert "AER by length" not in drawn(monkeypatch, [Hypothesis("out", SCORED)])[0]


def test_models_with_a_layer_each_have_no_plot_by_layer(monkeypatch):
    models = [
        Hypothesis(name, SCORED, {"model": name, "layer": layer}) for name, layer in (("a", 3), ("b", 8))
    ]
    assert "AER by layer" not in drawn(monkeypatch, models, TEXT)[0]


def test_of_many_systems_the_best_are_drawn(monkeypatch):
    worse, better = Hypothesis("worse", SCORED), Hypothesis("better", GOLD.alignments)
    found, _ = drawn(monkeypatch, [worse] * 6 + [better], TEXT)
    assert found["AER by length"] == ["worse"] * 5 + ["better"]


def test_nothing_to_draw_is_an_error():
    hypotheses = [Hypothesis("out", PLAIN)]
    with pytest.raises(OptionError, match="there is nothing to plot: links without scores, and no text"):
        draw(evaluate(GOLD, hypotheses), hypotheses, GOLD)


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<?xml"), ("a.pdf", b"%PDF")])
def test_the_format_is_that_of_the_suffix(name, start):
    hypotheses = [Hypothesis("$1 out", SCORED)]
    assert draw(evaluate(GOLD, hypotheses), hypotheses, GOLD, name=name).startswith(start)
