"""What is in the page; test_browser.py has what a browser makes of it."""

import base64
import json
import re

import numpy as np
import pytest
from exhibits import PAIRS, exhibit

from xalign.explanation import heat
from xalign.links import Alignment
from xalign.score.evaluation import Hypothesis
from xalign.show.case import Exhibit
from xalign.show.web import page
from xalign.text.sentences import SentencePair


def data(text):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1]
    )


def test_the_page_holds_words_marks_and_scores():
    found = data(page(exhibit(), languages=("de", None)))
    assert found["languages"] == ["de", None]
    assert [pair["s"] for pair in found["pairs"]] == [list(pair.source) for pair in PAIRS]
    assert found["pairs"][0]["systems"][0]["marks"] == [
        [0, 0, "right", 0.9],
        [1, 1, "missing"],
        [1, 2, "wrong", 0.5],
        [2, 2, "missing"],
        [2, 3, "open"],
        [3, 3, "possible", 0.7],
    ]
    assert found["pairs"][0]["systems"][0]["aer"] == 0.5
    assert [pair["rtl"] for pair in found["pairs"]] == [[False, False], [False, False], [False, True]]


def test_totals_are_those_of_eval():
    from exhibits import FOUND, GOLD

    from xalign.score.aer import count, total

    expected = total(map(count, FOUND, GOLD))
    assert data(page(exhibit()))["systems"][0]["total"] == {
        "aer": expected.aer,
        "precision": expected.precision,
        "recall": expected.recall,
    }


def test_without_gold_there_are_no_verdicts():
    found = data(page(exhibit(gold=False, similarity=False)))
    assert (found["gold"], found["systems"][0]["total"]) == (None, None)
    assert {mark[2] for mark in found["pairs"][0]["systems"][0]["marks"]} == {"link"}
    assert "heat" not in found["pairs"][0]


@pytest.mark.parametrize(
    "word", ["</script><script>alert(1)</script>", "<!--<script>", "{{style}}", '"', "\u2028", "&lt;", "$&"]
)
def test_text_is_data(word):
    pair = SentencePair((word,), (word,))
    text = page(Exhibit.of([pair], [Hypothesis("<b>", [Alignment.of([(0, 0)])])]), title=word)
    assert data(text)["pairs"][0]["s"] == [word]
    assert len(re.findall("<script", text)) == 2  # the data, and the page's own
    assert "<b>" not in text


def test_nothing_comes_from_the_network():
    text = page(exhibit())
    assert set(re.findall(r"https?://[^\s\"'<]*", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text


def test_only_the_page_s_own_script_may_run():
    import hashlib

    text = page(exhibit())
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    for kind, [content] in (("script", scripts), ("style", styles)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in text


@pytest.mark.parametrize(
    ("similarity", "expected"),
    [
        ([[-5.0, 5.0]], [[0, 255]]),
        ([[2.0, 2.0]], [[0, 0]]),
        ([[np.nan, 1.0, 2.0]], [[0, 0, 255]]),
        ([[np.nan]], [[0]]),
    ],
)
def test_heat_goes_from_the_lowest_to_the_highest_of_the_pair(similarity, expected):
    assert heat(np.array(similarity, dtype=np.float32)).tolist() == expected


def test_the_heat_of_an_empty_pair_is_left_out():
    nothing = np.zeros((0, 0), dtype=np.float32)
    found = data(page(Exhibit.of([SentencePair((), ())], [Hypothesis("m", [Alignment()])], None, [nothing])))
    assert "heat" not in found["pairs"][0]
