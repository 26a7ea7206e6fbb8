"""`xalign align` on pairs that are no translations: --min-score, and text that is one line off."""

import json

import pytest
from click.testing import CliRunner

from xalign.cli import main
from xalign.cli.screening import FEWEST, LOOKED_AT, Screening
from xalign.links import Alignment, Link
from xalign.text.sentences import SentencePair

PAIR = SentencePair.of("das Haus", "the house")


def aligned(*scores, pair=PAIR):
    return [(pair, Alignment((Link(0, 0),), scores=(0.9,), score=score)) for score in scores]


def align(*options, text):
    result = CliRunner().invoke(main, ["align", "--device", "cpu", *options], input=text)
    assert result.exit_code == 0, result.exception
    return result


def test_a_pair_below_the_score_keeps_its_line_and_loses_its_links():
    screening = Screening(0.5, told=False)
    found = [alignment for _, alignment in screening(aligned(0.4, 0.5, 0.6))]
    assert [(len(each.links), each.scores, each.score) for each in found] == [
        (0, (), 0.4),
        (1, (0.9,), 0.5),
        (1, (0.9,), 0.6),
    ]
    assert screening.outcome == "1 pair has no links, of 3: scores below 0.5"


def test_the_command_writes_an_empty_line_and_tells_the_count():
    text = "das Haus ist klein ||| the house is small\nHund ||| economy\n ||| the house\n"
    result = align("--min-score", "0.5", text=text)
    assert result.stdout.splitlines() == ["0-0 1-1 2-2 3-3", "", ""]
    assert "2 pairs have no links, of 3: scores below 0.5" in result.stderr
    assert align("--min-score", "0.5", "-q", text=text).stderr == ""
    lines = align("--min-score", "0.5", "--format", "jsonl", text=text).stdout.splitlines()
    below = json.loads(lines[1])
    assert (below["src"], below["links"]) == (["Hund"], [])
    assert 0 < below["score"] < 0.5 < json.loads(lines[0])["score"]


@pytest.mark.parametrize("count", [FEWEST, LOOKED_AT, 3 * LOOKED_AT])
def test_text_that_scores_as_shuffled_is_told_once(caplog, count):
    screening = Screening(None, told=True)
    assert len(list(screening(aligned(*[0.05] * count)))) == count
    [record] = caplog.records
    assert f"the first {min(count, LOOKED_AT):,} pairs score 0.05 on average" in record.getMessage()


@pytest.mark.parametrize(
    "found",
    [
        aligned(*[0.05] * (FEWEST - 1)),  # too few to tell
        aligned(*[0.9] * LOOKED_AT, *[0.0] * LOOKED_AT),  # later it is too late
        aligned(*[0.0, 0.9] * FEWEST),  # noisy
        aligned(*[0.0] * LOOKED_AT, pair=SentencePair.of("", "the house")),
    ],
)
def test_other_text_is_not(caplog, found):
    assert len(list(Screening(None, told=True)(found))) == len(found)
    assert not caplog.records
