import json

import pytest

from xalign.score.aer import Counts, Signature
from xalign.score.report import Score, json_report, latex_report, sentence_table, text_report

COUNTS = [Counts(sure_hits=2, possible_hits=3, hypothesis=4, sure=4)] * 5
WORSE = [Counts(sure_hits=1, possible_hits=1, hypothesis=4, sure=4)] * 5


def score(name="out.align", counts=COUNTS, settings=None, against=None):
    made = Score.of(name, Signature("sure+possible", settings or {}), counts)
    return made.compared(against) if against else made


def test_text_has_a_row_per_score_in_percent_and_ends_in_the_signature():
    assert text_report([score()]) == (
        "               P      R     F1    AER  95 % interval   links\n"
        "out.align   75.0   50.0   60.0   37.5   37.5 to 37.5      20\n"
        "AER|gold:sure+possible|v:0.1.0\n"
    )


def test_text_compares_later_hypotheses_with_the_first():
    first = score("old")
    lines = text_report([first, score("new", WORSE, against=first)]).splitlines()
    assert lines[-2].startswith("new against old: AER +37.5 (95 %: +37.5 to +37.5), p = 0.0")


def test_rows_that_differ_in_a_setting_share_a_signature_that_lists_it():
    rows = [score(f"layer {layer}", settings={"model": "mini", "layer": layer}) for layer in (0, 1, 2)]
    assert text_report(rows).splitlines()[-1] == "AER|model:mini|layer:0,1,2|gold:sure+possible|v:0.1.0"


def test_json_is_one_object_in_percent():
    assert json.loads(json_report([score(settings={"model": "mini", "layer": 4})])) == {
        "name": "out.align",
        "model": "mini",
        "layer": 4,
        "aer": 37.5,
        "precision": 75.0,
        "recall": 50.0,
        "f1": 60.0,
        "interval": [37.5, 37.5],
        "counts": {"sure_hits": 10, "possible_hits": 15, "hypothesis": 20, "sure": 20},
        "pairs": 5,
        "signature": "AER|model:mini|layer:4|gold:sure+possible|v:0.1.0",
    }


def test_json_of_several_scores_is_one_object_with_a_list():
    first = score("old")
    results = json.loads(json_report([first, score("new", WORSE, against=first)]))["results"]
    assert [result["name"] for result in results] == ["old", "new"]
    assert "test" not in results[0]
    assert results[1]["test"] == {
        "against": "old",
        "difference": 37.5,
        "interval": [37.5, 37.5],
        "p_value": pytest.approx(2 / 2**5, abs=0.02),
    }


def test_latex_is_a_table_whose_names_are_escaped():
    lines = latex_report([score("a_b&c.align")]).splitlines()
    assert lines[0] == "% AER|gold:sure+possible|v:0.1.0"
    assert r"a\_b\&c.align & 75.0 & 50.0 & 60.0 & 37.5 & 37.5--37.5 \\" in lines
    assert lines[-1] == r"\end{tabular}"


def test_the_sentence_table_has_a_line_per_pair_and_hypothesis():
    lines = list(sentence_table([score("a"), score("b", WORSE)]))
    assert len(lines) == 1 + 2 * len(COUNTS)
    header, first = (line.rstrip("\n").split("\t") for line in lines[:2])
    assert dict(zip(header, first, strict=True)) == {
        "name": "a",
        "pair": "1",
        "sure_hits": "2",
        "possible_hits": "3",
        "hypothesis": "4",
        "sure": "4",
        "precision": "75.00",
        "recall": "50.00",
        "f1": "60.00",
        "aer": "37.50",
    }
