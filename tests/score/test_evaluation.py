"""A program gets the very scores that the command prints."""

import json

import pytest
from click.testing import CliRunner

from xalign import Aligner
from xalign.cli import main
from xalign.errors import FormatError, OptionError
from xalign.score.evaluation import Gold, Hypothesis, evaluate, probable_mistakes
from xalign.score.report import json_report, text_report
from xalign.text.sentences import SentencePair

TEXT = [SentencePair.of("das Haus ist klein .", "the house is small .")] * 3
GOLD = "0-0 1-1 2-2 3p3 4-4\n" * 3


@pytest.fixture
def files(tmp_path):
    """Paths of gold, source and target."""
    contents = {
        "gold": GOLD,
        "src": "".join(" ".join(pair.source) + "\n" for pair in TEXT),
        "tgt": "".join(" ".join(pair.target) + "\n" for pair in TEXT),
        "old": "0-0\n" * 3,
        "new": "0-0 1-1\n" * 3,
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return {name: tmp_path / name for name in contents}


def command(*arguments):
    result = CliRunner().invoke(main, ["eval", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_scores_of_files_are_those_of_the_command(files):
    gold = Gold.read(files["gold"])
    scores = evaluate(gold, [Hypothesis.read(files[name], gold) for name in ("old", "new")])
    assert text_report(scores) == command("--gold", files["gold"], files["old"], files["new"])


def test_scores_of_a_model_are_those_of_the_command_with_its_signature(files, tiny):
    aligner = Aligner.load(tiny("preset"), dtype="float32", threshold=0.1)
    gold = Gold.read(files["gold"], text=TEXT)
    scores = evaluate(gold, Hypothesis.of_layers(aligner, [2, 3], aligner.align_layers(TEXT, [2, 3])), "best")
    options = ["--model", tiny("preset"), "--threshold", "0.1", "--layers", "2,3", "--format", "json"]
    printed = command("--gold", files["gold"], "--src", files["src"], "--tgt", files["tgt"], *options)
    assert json.loads(json_report(scores)) == json.loads(printed)


def test_the_best_is_what_the_others_are_tested_against(files):
    gold = Gold.read(files["gold"])
    hypotheses = [Hypothesis.read(files[name], gold) for name in ("old", "new")]
    assert [score.against for score in evaluate(gold, hypotheses, "best")] == [str(files["new"]), None]
    with pytest.raises(OptionError, match="against is 'worst': choose one of first, best"):
        evaluate(gold, hypotheses, "worst")
    assert evaluate(gold, []) == []


def test_a_gold_must_have_the_pairs_of_the_text(files):
    with pytest.raises(FormatError, match="has links for 3 sentence pairs, but the text has 2"):
        Gold.read(files["gold"], text=TEXT[:2])


def test_a_misread_file_is_doubted(files):
    gold = Gold.read(files["gold"])
    moved = Hypothesis.read(files["gold"], gold, one_based=True)
    found = {(mistake.name, mistake.text is None) for mistake in probable_mistakes(gold, [moved])}
    assert found == {(str(files["gold"]), True), (str(files["gold"]), False)}
    assert list(probable_mistakes(gold, [Hypothesis.read(files["gold"], gold)])) == []
