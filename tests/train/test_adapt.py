"""Text without links: what the model finds in it, put right by the text as a whole, is learnt in rounds."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from xalign.aligner import Aligner
from xalign.encoders.families import load_encoder
from xalign.errors import InputError, OptionError, TrainingError, XalignError
from xalign.formats import format_pharaoh, read_alignments
from xalign.links import Alignment, Link
from xalign.models import resolve
from xalign.text.sentences import read_files
from xalign.train.adapt import adapt
from xalign.train.corpus import CorpusFiles
from xalign.train.development import DevelopmentFiles
from xalign.train.options import AdaptingOptions, ObjectiveOptions, TrainOptions
from xalign.train.run import Plan

OPTIONS = TrainOptions(steps=20, batch_subwords=300, learning_rate=3e-3, save_steps=10)
TWO_ROUNDS = AdaptingOptions(rounds=2)
NOWHERE = DevelopmentFiles(Path("nowhere.de"), Path("nowhere.en"), Path("nowhere.align"))
LAYER_9 = ObjectiveOptions(label_layer=9)


@pytest.fixture
def text(corpus):
    return replace(corpus, links=None)


@pytest.fixture
def aligner(start):
    return Aligner(load_encoder(resolve(str(start))), level="word")


def gold(corpus):
    return read_alignments(corpus.links)


def shares(found, expected):
    """(precision, recall) of links."""
    hits = sum(len(set(one.links) & set(other.links)) for one, other in zip(found, expected, strict=True))
    return hits / sum(len(each.links) for each in found), hits / sum(len(each.links) for each in expected)


def test_two_rounds_leave_one_checkpoint_that_aligns_better(start, text, corpus, tmp_path, aligner):
    seen, steps = [], []
    plan = Plan(str(start), [text], tmp_path / "out")
    adapt(
        plan, OPTIONS, AdaptingOptions(rounds=2, lexicon_rounds=5), report=seen.append, stepped=steps.append
    )
    pairs = list(read_files(text.source, text.target))
    trained = Aligner.load(str(tmp_path / "out"), device="cpu", dtype="float32")
    before, after = (shares(list(each.align(pairs)), gold(corpus)) for each in (aligner, trained))
    assert after[0] > before[0] and after[1] > before[1]
    assert {"labels-1.align", "model.safetensors", "xalign.json"} <= {
        file.name for file in (tmp_path / "out").iterdir()
    }
    assert resolve(str(tmp_path / "out")).name == "out"
    assert [progress.step for progress in seen] == [10, 20, 10, 20]
    assert steps == list(range(1, 41))


@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_killed_adaptation_goes_on_bit_for_bit(start, text, tmp_path, killed_after):
    plan = Plan(str(start), [text], tmp_path / "whole")
    adapt(plan, OPTIONS, TWO_ROUNDS)
    plan = replace(plan, out=tmp_path / "killed")
    reports = []

    def kill(progress):
        reports.append(progress)
        if len(reports) == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adapt(plan, OPTIONS, TWO_ROUNDS, report=kill)
    adapt(plan, OPTIONS, TWO_ROUNDS, resume=True)
    for name in ("model.safetensors", "labels-1.align"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("reports", [1, 3], ids=["in the first round", "in the second round"])
def test_what_another_run_left_is_kept(start, text, tmp_path, reports):
    seen = []

    def kill(progress):
        seen.append(progress)
        if len(seen) == reports:
            raise KeyboardInterrupt

    plan = Plan(str(start), [text], tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        adapt(plan, OPTIONS, TWO_ROUNDS, report=kill)
    with pytest.raises(
        OptionError, match="holds something already; resume to go on with it, or name a folder"
    ):
        adapt(plan, OPTIONS, TWO_ROUNDS)


def test_a_run_that_was_stopped_before_its_first_state_begins_anew(start, text, tmp_path):
    def kill(step):
        raise KeyboardInterrupt

    plan = Plan(str(start), [text], tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        adapt(plan, OPTIONS, TWO_ROUNDS, stepped=kill)
    assert (tmp_path / "out" / "round-1" / "labels-1.align").exists()
    adapt(plan, replace(OPTIONS, steps=1), TWO_ROUNDS)


def found_by_neither(pair, one, other):
    cells = (Link(i, j) for i in range(len(pair.source)) for j in range(len(pair.target)))
    return Alignment(links=tuple(cell for cell in cells if cell not in (*one.links, *other.links))[:1])


@pytest.mark.parametrize("best", [0, 1, None])
def test_the_best_weights_of_all_rounds_are_kept(start, text, tmp_path, best):
    """Best is the round whose own links are the gold; where both are as bad, the last."""
    options = replace(OPTIONS, save_steps=20)
    adapt(Plan(str(start), [text], tmp_path / "plain"), options, TWO_ROUNDS)
    places = [tmp_path / "plain" / "round-1", tmp_path / "plain"]
    pairs = list(read_files(text.source, text.target))
    found = [list(Aligner.load(place, device="cpu", dtype="float32").align(pairs)) for place in places]
    assert found[0] != found[1]
    gold = tmp_path / "gold.align"
    expected = (
        found[best]
        if best is not None
        else [found_by_neither(*each) for each in zip(pairs, *found, strict=True)]
    )
    gold.write_text("".join(f"{format_pharaoh(each)}\n" for each in expected), encoding="utf-8")
    development = DevelopmentFiles(text.source, text.target, gold)
    adapt(Plan(str(start), [text], tmp_path / "out", [development]), options, TWO_ROUNDS)
    kept, *others = (load_file(place / "model.safetensors") for place in (tmp_path / "out", *places))
    assert [all(torch.equal(kept[name], one[name]) for name in kept) for one in others] == [
        best == 0,
        best != 0,
    ]
    assert resolve(str(tmp_path / "out")).name == "out"


def test_there_must_be_something_to_resume(start, text, tmp_path):
    with pytest.raises(TrainingError, match="no training state to go on from"):
        adapt(Plan(str(start), [text], tmp_path / "out"), OPTIONS, TWO_ROUNDS, resume=True)


def test_text_of_different_lengths_is_refused(start, text, tmp_path):
    text.target.write_text("the\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.de has 24 lines, but .*a\.en has 1: line i of both"):
        adapt(Plan(str(start), [text], tmp_path / "out"), OPTIONS, AdaptingOptions(rounds=1))


@pytest.mark.parametrize("family", ["bert", "xmod"])
def test_models_of_other_methods_can_be_adapted(tiny, text, tmp_path, family):
    """Cosines between subwords, each side on its own: links are made between words all the same."""
    text = replace(text, source_language="de", target_language="en")
    plan = Plan(str(tiny(family)), [text], tmp_path / "out", method={"layer": 3})
    adapt(plan, replace(OPTIONS, steps=2), AdaptingOptions(rounds=1))
    preset = resolve(str(tmp_path / "out"))
    assert (preset.method.level, preset.method.similarity) == ("subword", "cosine")
    assert torch.load(tmp_path / "out" / "state" / "weights.pt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plot": Path("a.doc")}, r"a\.doc: the name of a figure must end in"),
        ({"development": [NOWHERE]}, r"nowhere\.de"),
        ({"objectives": {"guided": 1, "dwa": 1}, "of_objectives": LAYER_9}, "layer 9 does not exist"),
        ({"tuning": "shared"}, "only X-MOD"),
        ({"corpora": [CorpusFiles(Path("nowhere.de"), Path("nowhere.en"))]}, r"nowhere\.de"),
    ],
    ids=["figure", "development set", "layer", "tuning", "second corpus"],
)
def test_what_is_wrong_is_told_before_links_are_made(start, text, tmp_path, change, message):
    change = {**change, "corpora": [text, *change.get("corpora", [])]}
    plan = replace(Plan(str(start), [text], tmp_path / "out"), **change)
    with pytest.raises(XalignError, match=message):
        adapt(plan, OPTIONS, TWO_ROUNDS)
    assert not (tmp_path / "out").exists()
