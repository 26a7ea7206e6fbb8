"""A training run: it learns, it can be killed and go on, several processes are one, what goes wrong is said."""

import json
import math
import threading
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import pytest
import torch

from xalign.encoders.families import load_encoder
from xalign.errors import FormatError, OptionError, TrainingError
from xalign.models import resolve
from xalign.train.collate import collate
from xalign.train.corpus import read_corpus
from xalign.train.development import DevelopmentFiles, evaluator
from xalign.train.learner import Learner
from xalign.train.log import read_log
from xalign.train.loop import Callbacks, train
from xalign.train.mixture import Mixture
from xalign.train.options import TrainOptions
from xalign.train.run import Plan, run

SCHEDULE = {"batch_subwords": 200, "learning_rate": 3e-3, "warmup_steps": 2, "log_steps": 5}


@pytest.fixture
def development(corpus):
    return DevelopmentFiles(corpus.source, corpus.target, corpus.links)


def test_it_learns_the_lexicon(start, corpus, development, tmp_path):
    out, seen, steps = tmp_path / "out", [], []
    options = TrainOptions(steps=150, save_steps=50, **SCHEDULE)
    run(Plan(str(start), [corpus], out, [development]), options, report=seen.append, stepped=steps.append)
    assert seen[-1].loss < 0.5 * seen[0].loss
    scores = [progress.scores[development.name] for progress in seen if progress.scores]
    assert len(scores) == 3 and min(scores) < 10
    saved = resolve(str(out))
    assert evaluator([development], load_encoder(saved), saved)()[development.name] == min(scores)
    assert steps == list(range(1, 151))
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [progress.step for progress in seen]
    assert [entry["rate"] for entry in log] == [3e-3 * options.share_at(entry["step"] - 1) for entry in log]
    assert all(math.isclose(entry["losses"]["guided"], entry["loss"]) for entry in log)


@pytest.fixture
def train_plainly(start, corpus):
    """`train_plainly(out, options, callbacks)`: as `run` trains, without development sets; gives the learner.

    `prepare` may change it before it learns.
    """

    def trained(out, options, callbacks=None, prepare=lambda learner: None):
        encoder = load_encoder(resolve(str(start)))
        learner = Learner(encoder, {"guided": 1.0}, encoder.preset.method)
        prepare(learner)
        texts = read_corpus(corpus, encoder)
        mixture = Mixture([texts], options.batch_subwords, encoder.input, options.temperature, options.seed)
        level = encoder.preset.method.level
        collated = partial(collate, encoder=encoder, level=level)
        train(learner, mixture, collated, torch.device("cpu"), out, options, callbacks=callbacks)
        return learner

    return trained


def test_the_best_weights_are_kept_not_the_last(train_plainly, tmp_path):
    best, saved = [], []
    scores = iter([30.0, 20.0, 25.0, 20.0, 10.0])
    callbacks = Callbacks(
        evaluate=lambda: {"set": next(scores)},
        save=lambda: saved.append(len(best) + 1),
        report=lambda progress: best.append(progress.best),
    )
    options = TrainOptions(steps=10, save_steps=2, **{**SCHEDULE, "log_steps": 2})
    train_plainly(tmp_path / "out", options, callbacks)
    assert best == [True, True, False, False, True]
    assert saved == [1, 2, 5]


def test_accumulated_batches_are_one_step(train_plainly, tmp_path):
    """The gradient of one step over two batches is the mean of theirs, and so is what is logged."""
    gradients, losses, steps = {}, {}, {}

    def watched(learner):
        for block in learner.model.modules():  # no dropout: it depends on the number of the batch
            if isinstance(block, torch.nn.Dropout):
                block.p = 0.0
        weight = next(each for each in learner.parameters() if each.requires_grad and each.dim() > 1)
        weight.register_post_accumulate_grad_hook(lambda each: gradients[name].append(each.grad.clone()))

    for name, values in {"two": {"accumulate": 2, "steps": 2}, "one": {"steps": 4}}.items():
        gradients[name], steps[name] = [], []
        usual = {**SCHEDULE, "clip": 1e300, "log_steps": 1, "learning_rate": 0.0}
        callbacks = Callbacks(stepped=steps[name].append)
        train_plainly(tmp_path / name, TrainOptions(**{**usual, **values}), callbacks, watched)
        lines = (tmp_path / name / "log.jsonl").read_text().splitlines()
        losses[name] = [json.loads(line)["loss"] for line in lines]
    assert steps == {"two": [1, 2], "one": [1, 2, 3, 4]}
    one, two = gradients["one"], gradients["two"][1::2]  # each second time the step is whole
    for step in range(2):
        mean = (one[2 * step] + one[2 * step + 1]) / 2
        torch.testing.assert_close(two[step], mean, atol=1e-6, rtol=1e-4)
    separate = losses["one"]
    assert losses["two"] == pytest.approx([sum(separate[:2]) / 2, sum(separate[2:]) / 2])


def test_objectives_are_logged_each_and_weighed(start, corpus, tmp_path):
    plan = Plan(str(start), [corpus], tmp_path / "out", objectives={"guided": 1.0, "so": 0.5})
    run(plan, TrainOptions(steps=2, **{**SCHEDULE, "log_steps": 1}))
    for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert row["losses"].keys() == {"guided", "so"}
        assert row["loss"] == pytest.approx(row["losses"]["guided"] + 0.5 * row["losses"]["so"], rel=1e-5)


def test_a_loss_that_is_not_a_number_stops_the_run(start, corpus, tmp_path):
    options = TrainOptions(steps=50, save_steps=50, weight_decay=1e30, **SCHEDULE)
    with pytest.raises(TrainingError, match=r"inf or NaN between steps 1 and 5; .*lower learning_rate"):
        run(Plan(str(start), [corpus], tmp_path / "out"), options)
    assert not (tmp_path / "out" / "state").exists()


def test_weights_that_a_finite_loss_has_broken_are_not_saved(start, corpus, tmp_path, monkeypatch):
    """The loss of a step is computed before its update: a gradient that is none would go into the state."""

    class Breaking(torch.autograd.Function):
        @staticmethod
        def forward(context, loss):
            return loss.clone()

        @staticmethod
        def backward(context, gradient):
            return gradient * math.nan

    whole = Learner.forward

    def breaking(self, batch):
        losses = whole(self, batch)
        return {**losses, "loss": Breaking.apply(losses["loss"])}

    monkeypatch.setattr(Learner, "forward", breaking)
    with pytest.raises(TrainingError, match="or its gradient became inf or NaN"):
        run(Plan(str(start), [corpus], tmp_path / "out"), TrainOptions(steps=1, **SCHEDULE))
    assert not (tmp_path / "out" / "state").exists()
    assert not (tmp_path / "out" / "model.safetensors").exists()


def test_naacl_gold_may_leave_out_pairs_without_links(start, corpus, tmp_path):
    lines = corpus.links.read_text(encoding="utf-8").splitlines()
    gold = tmp_path / "gold.naacl"
    links = [(number, link) for number, line in enumerate(lines, 1) for link in line.split() if number != 7]
    rows = (
        f"{number:04} {int(link.split('-')[0]) + 1} {int(link.split('-')[1]) + 1}\n" for number, link in links
    )
    gold.write_text("".join(rows), encoding="utf-8")
    loaded = load_encoder(resolve(str(start)))
    lines[6] = ""
    same = tmp_path / "same" / "gold.align"
    same.parent.mkdir()
    same.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    sets = [DevelopmentFiles(corpus.source, corpus.target, file) for file in (gold, same)]
    scores = evaluator(sets, loaded, resolve(str(start)))()
    assert scores[tmp_path.name] == scores["same"] > 0


@pytest.mark.parametrize("decay", [0.01, 1e30])
def test_no_thread_is_left_to_abort_the_process(start, corpus, tmp_path, decay):
    options = TrainOptions(steps=5, weight_decay=decay, **SCHEDULE)
    with nullcontext() if decay < 1 else pytest.raises(TrainingError):
        run(Plan(str(start), [corpus], tmp_path / "out"), options)
    assert not [thread for thread in threading.enumerate() if thread.name == "xalign-ahead"]


def test_the_rate_rises_stays_and_falls():
    options = TrainOptions(steps=100, warmup_steps=9, descent=0.5)
    rates = [round(options.share_at(step), 3) for step in (0, 4, 9, 49, 75, 99)]
    assert rates == [0.1, 0.5, 1.0, 1.0, 0.5, 0.02]


@pytest.mark.parametrize(
    "values",
    [
        {"steps": 0},
        {"accumulate": 0},
        {"descent": 1.5},
        {"temperature": 0},
        {"dtype": "int8"},
        {"warmup_steps": -1},
        {"seed": -1},
        {"learning_rate": -1e-3},
        {"learning_rate": 5.0},
        {"muon_factor": -1.0},
    ],
)
def test_options_out_of_range_are_refused(values):
    with pytest.raises(OptionError, match=next(iter(values))):
        TrainOptions(**values)


def test_development_gold_of_another_length_is_refused(start, corpus, tmp_path):
    (tmp_path / "short").write_text("0-0\n", encoding="utf-8")
    development = DevelopmentFiles(corpus.source, corpus.target, tmp_path / "short")
    with pytest.raises(FormatError, match=r"has links for 1 sentence pairs, but the text has 24"):
        run(Plan(str(start), [corpus], tmp_path / "out", [development]), TrainOptions())


def test_development_gold_that_counts_from_one_has_to_say_so(start, corpus, tmp_path):
    counted = tmp_path / "gold.talp"
    lines = corpus.links.read_text(encoding="utf-8").splitlines()
    links = [
        [f"{int(link.split('-')[0]) + 1}-{int(link.split('-')[1]) + 1}" for link in line.split()]
        for line in lines
    ]
    counted.write_text("".join(" ".join(line) + "\n" for line in links), encoding="utf-8")
    files = DevelopmentFiles(corpus.source, corpus.target, counted)
    loaded, preset = load_encoder(resolve(str(start))), resolve(str(start))
    with pytest.raises(TrainingError, match=r"word that does not exist.*dev_one_based"):
        evaluator([files], loaded, preset)
    usual = DevelopmentFiles(corpus.source, corpus.target, corpus.links)
    [one], [other] = (
        evaluator([each], loaded, preset)().values() for each in (replace(files, one_based=True), usual)
    )
    assert one == other


def test_half_precision_leaves_weights_of_full_precision(start, corpus, tmp_path):
    from safetensors.torch import load_file

    losses = {}
    for dtype in ("float32", "bfloat16"):
        options = TrainOptions(steps=1, dtype=dtype, **{**SCHEDULE, "log_steps": 1})
        run(Plan(str(start), [corpus], tmp_path / dtype), options)
        [losses[dtype]] = [row.loss for row in read_log(tmp_path / dtype)]
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.05)
    weights = load_file(tmp_path / "bfloat16" / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
