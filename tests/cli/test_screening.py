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


def text(count, score, off=0):
    """Sentences of all lengths, with translations as long; `off`: those of other lines."""
    lengths = [1 + (7 * k) % 31 for k in range(count + off)]
    return [
        each
        for k in range(count)
        for each in aligned(score, pair=SentencePair(("wort",) * lengths[k], ("word",) * lengths[k + off]))
    ]


def align(*options, lines):
    result = CliRunner().invoke(main, ["align", "--device", "cpu", *options], input=lines)
    assert result.exit_code == 0, result.exception
    return result


def test_a_pair_below_the_score_keeps_its_line_and_loses_its_links():
    screening = Screening(0.5, warns=False)
    found = [alignment for _, alignment in screening(aligned(0.4, 0.5, 0.6))]
    assert [(len(each.links), each.scores, each.score) for each in found] == [
        (0, (), 0.4),
        (1, (0.9,), 0.5),
        (1, (0.9,), 0.6),
    ]
    assert screening.outcome == "1 pair has no links, of 3: scores below 0.5"


def test_the_command_writes_an_empty_line_and_tells_the_count():
    lines = "das Haus ist klein ||| the house is small\nHund ||| economy\n ||| the house\n"
    result = align("--min-score", "0.5", lines=lines)
    assert result.stdout.splitlines() == ["0-0 1-1 2-2 3-3", "", ""]
    assert "2 pairs have no links, of 3: scores below 0.5" in result.stderr
    assert align("--min-score", "0.5", "-q", lines=lines).stderr == ""
    written = align("--min-score", "0.5", "--format", "jsonl", lines=lines).stdout.splitlines()
    below = json.loads(written[1])
    assert (below["src"], below["links"]) == (["Hund"], [])
    assert 0 < below["score"] < 0.5 < json.loads(written[0])["score"]


def test_a_score_that_no_pair_can_reach_is_refused_before_the_run(tiny, tmp_path):
    output = tmp_path / "out"
    for options in (
        ["--min-score", "50"],
        ["--min-score", "nan"],
        ["--min-score", "1.01", "-o", str(output)],
    ):
        result = CliRunner().invoke(
            main, ["align", "--model", "mini", *options], input="das Haus ||| the house\n"
        )
        told = (
            f"Error: --min-score is {options[1]}: the scores of this model are probabilities, from 0 to 1\n"
        )
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", told)
    assert list(tmp_path.iterdir()) == []
    align("--model", str(tiny("preset")), "--min-score", "50", lines="das Haus ||| the house\n")
    align("--model", "mini", "--min-score", "1", lines="das Haus ||| the house\n")


@pytest.mark.parametrize("count", [FEWEST, LOOKED_AT, 3 * LOOKED_AT])
def test_text_that_scores_as_shuffled_is_told_once(caplog, count):
    screening = Screening(None, warns=True)
    assert len(list(screening(text(count, 0.05, off=1)))) == count
    [record] = caplog.records
    assert f"the first {min(count, LOOKED_AT):,} pairs score 0.05 on average" in record.getMessage()


@pytest.mark.parametrize(
    "found",
    [
        text(FEWEST - 1, 0.05, off=1),  # too few to tell
        text(LOOKED_AT, 0.05),  # of a language that the model does not know
        aligned(*[0.05] * LOOKED_AT),  # all of one length
        text(LOOKED_AT, 0.9) + text(LOOKED_AT, 0.0, off=1),  # later it is too late
        text(FEWEST, 0.0, off=1) + text(FEWEST, 0.9),  # noisy
        aligned(*[0.0] * LOOKED_AT, pair=SentencePair.of("", "the house")),
    ],
)
def test_other_text_is_not(caplog, found):
    assert len(list(Screening(None, warns=True)(found))) == len(found)
    assert not caplog.records
