"""`xalign train`: in several processes as in one, what its options do, and its errors."""

import json
import os
import re
import socket
import subprocess
import sys
import time

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from train_runs import command, invoke

import xalign.train.run
from xalign.cli import main
from xalign.cli.train import training_progress
from xalign.train.corpus import CorpusFiles
from xalign.train.log import Progress
from xalign.train.options import AdaptingOptions


@pytest.mark.parametrize("links", [True, False], ids=["links", "text alone"])
def test_several_processes_are_one_that_accumulates(start, corpus, tmp_path, links):
    """Two processes see the batches that one process sees in two parts, and write what it writes."""
    few = ["--steps", 6, "--warmup-steps", 0]
    assert invoke(start, corpus, tmp_path / "one", *few, "--accumulate", 2, links=links).exit_code == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    arguments = command(start, corpus, tmp_path / "two", *few, links=links)
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "xalign.cli", *arguments],
            env={**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]
    assert [run.wait(timeout=300) for run in runs] == [0, 0]
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    for name, tensor in one.items():
        if not name.endswith("key.bias"):  # adds the same to all of a softmax: its gradient is rounding alone
            torch.testing.assert_close(two[name], tensor, atol=1e-4, rtol=1e-3, msg=name)
    one, two = (json.loads((tmp_path / name / "log.jsonl").read_text()) for name in ("one", "two"))
    assert one["loss"] == pytest.approx(two["loss"], rel=1e-4)


def test_the_result_aligns_without_further_options(start, corpus, tmp_path):
    development = ["--dev", corpus.source, corpus.target, corpus.links]
    result = invoke(start, corpus, tmp_path / "out", *development, "--plot", tmp_path / "a.svg")
    assert result.exit_code == 0, result.output
    assert "<svg" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    aligned = CliRunner().invoke(
        main, ["align", "-q", "--model", str(tmp_path / "out"), str(corpus.source), str(corpus.target)]
    )
    assert aligned.exit_code == 0, aligned.output
    assert aligned.stdout.count("\n") == 24


def test_a_run_says_where_its_model_is_unless_it_is_to_be_quiet(start, corpus, tmp_path):
    assert invoke(start, corpus, tmp_path / "quiet", "--steps", 2).stderr == ""
    arguments = command(start, corpus, tmp_path / "out", "--steps", 2)
    arguments.remove("-q")
    told = f"The trained model is in {tmp_path / 'out'}: xalign align --model {tmp_path / 'out'}\n"
    assert CliRunner().invoke(main, arguments).stderr == told


def test_a_long_run_in_a_pipe_says_step_loss_and_scores(capsys):
    with training_progress("lines", 200, every=0.05) as (report, stepped):
        for step in range(101, 121):  # of a run that was resumed
            time.sleep(0.01)
            stepped(step)
        report(Progress(120, 200, loss=1.25, rate=5e-4, scores={"dev": 20.1}, best=True))
        time.sleep(0.1)
    *lines, last = capsys.readouterr().err.splitlines()
    assert "step 120  AER  dev 20.1  (best, kept)" in lines
    assert re.fullmatch(r"120 of 200 steps \(60 %\), .*/s, .* left, loss 1\.250, rate 5\.0e-04", lines[-1])
    assert last.startswith("120 steps in ")


def test_objectives_without_labels_need_no_links(start, corpus, tmp_path):
    objectives = ["--objective", "so=0.5", "--objective", "tlm"]
    result = invoke(start, corpus, tmp_path / "out", "--steps", 2, *objectives, links=False)
    assert result.exit_code == 0, result.output
    log = json.loads((tmp_path / "out" / "log.jsonl").read_text())
    assert log["losses"].keys() == {"so", "tlm"}


@pytest.mark.parametrize(
    ("objective", "option"),
    [
        ("guided", ["--bootstrap", 0.5]),
        ("guided", ["--split-rate", 0.5]),
        ("tlm", ["--mask-rate", 0.6]),
        ("tlm", ["--masked-sides", "each"]),
        ("dwa", ["--label-layer", 0]),
        ("dwa", ["--label-extract", "softmax"]),
    ],
)
def test_how_an_objective_asks_can_be_said(start, corpus, tmp_path, objective, option):
    losses = []
    for out, more in ((tmp_path / "usual", []), (tmp_path / "other", option)):
        links = objective == "guided"
        result = invoke(start, corpus, out, "--objective", objective, "--steps", 1, *more, links=links)
        assert result.exit_code == 0, result.output
        losses.append(json.loads((out / "log.jsonl").read_text())["loss"])
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    ("more", "steps", "rounds", "lexicon_rounds"),
    [([], 200, 2, 1), (["--rounds", "3", "--lexicon-rounds", "5", "--steps", "7"], 7, 3, 5)],
)
def test_text_alone_is_adapted_to(start, corpus, tmp_path, monkeypatch, more, steps, rounds, lexicon_rounds):
    asked = []
    monkeypatch.setattr("xalign.train.adapt.adapt", lambda *arguments: asked.append(arguments))
    files = ["--src", corpus.source, "--tgt", corpus.target]
    arguments = ["train", "-q", "--init", start, *files, "--out", tmp_path / "out", *more]
    assert CliRunner().invoke(main, [str(each) for each in arguments]).exit_code == 0
    [(plan, options, times, *_)] = asked
    assert plan.corpora[0].links is None
    assert (options.steps, times) == (steps, AdaptingOptions(rounds=rounds, lexicon_rounds=lexicon_rounds))


def test_languages_for_each_corpus_and_each_set(tiny, corpus, tmp_path, monkeypatch):
    plans = []
    carry_out = xalign.train.run.run

    def noted(plan, *rest):
        plans.append(plan)
        carry_out(plan, *rest)

    monkeypatch.setattr("xalign.train.run.run", noted)
    french = tmp_path / "french.align"
    french.write_bytes(corpus.links.read_bytes())
    other = CorpusFiles(corpus.source, corpus.target, french)
    more = ["--src", other.source, "--tgt", other.target, "--links", other.links]
    languages = ["--src-lang", "de", "--src-lang", "fr", "--tgt-lang", "en"]
    development = ["--dev", corpus.source, corpus.target, corpus.links, "--dev-lang", "fr", "en"]
    result = invoke(
        tiny("xmod"),
        corpus,
        tmp_path / "out",
        "--layer",
        3,
        *more,
        *languages,
        *development,
        "--steps",
        2,
        "--tune",
        "shared",
    )
    assert result.exit_code == 0, result.output
    [plan] = plans
    spoken = [(each.source_language, each.target_language) for each in [*plan.corpora, *plan.development]]
    assert spoken == [("de", "en"), ("fr", "en"), ("fr", "en")]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--src", "{source}"], "2 --src, 1 --tgt and 1 --links"),
        (["--objective", "nothing"], "--objective is 'nothing': choose one of guided"),
        (["--objective", "so=much"], "--objective so=much: expected NAME or NAME=WEIGHT"),
        (["--objective", "so=0"], "--objective so has weight 0: it must be a number above 0"),
        (["--objective", "so=inf"], "--objective so has weight inf: it must be a number above 0"),
        (["--objective", "guided", "--objective", "guided=2"], "--objective guided is given twice"),
        (["--src-lang", "de", "--src-lang", "fr"], "2 --src-lang for 1 --src"),
        (["--dev-lang", "de", "en"], "1 --dev-lang for 0 --dev"),
        (["--plot", "a.doc"], "a.doc: the name of a figure must end in .png, .svg, .pdf"),
        (["--possible-weight", "3"], "3.0 is not in the range 0<=x<=1"),
        (["--bootstrap", "1"], "1.0 is not in the range 0<=x<1"),
        (["--learning-rate", "5"], "5.0 is not in the range 0<=x<=1"),
        (["--split-rate", "1"], "1.0 is not in the range 0<=x<1"),
        (["--mask-rate", "0"], "0.0 is not in the range 0<x<1"),
        (["--objective", "guided", "--objective", "dwa", "--label-layer", "9"], "layer 9 does not exist"),
        (["--tune", "shared"], "only X-MOD"),
        (["--layer", "9"], "layer 9 does not exist"),
    ],
)
def test_what_does_not_go_is_said_in_a_line(start, corpus, tmp_path, more, message):
    more = [each.format(source=corpus.source) for each in more]
    result = invoke(start, corpus, tmp_path / "out", *more)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize("option", ["--src", "--tgt", "--links", "--dev"])
def test_standard_input_cannot_be_trained_on(corpus, tmp_path, option):
    files = {"--src": [corpus.source], "--tgt": [corpus.target], "--links": [corpus.links]}
    files["--dev"] = [corpus.source, corpus.target, corpus.links]
    files[option][-1] = "-"
    words = [str(word) for flag, paths in files.items() for word in (flag, *paths)]
    result = CliRunner().invoke(main, ["train", *words, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert 'training reads files more than once: "-"' in " ".join(result.stderr.split())


def test_a_model_without_a_layer_of_its_own_asks_for_one(tiny, corpus, tmp_path):
    result = invoke(tiny("xlm-roberta"), corpus, tmp_path / "out")
    assert result.exit_code == 2
    assert "give --layer" in result.stderr


def test_without_accelerate_the_error_says_what_to_install():
    """In a process of its own, since training has long been imported here."""
    code = (
        "import sys\n"
        "sys.modules['accelerate'] = None\n"
        "from xalign.cli import main\n"
        "main(['train', '--src', sys.executable, '--tgt', sys.executable, '-o', 'out'])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr == "Error: training needs accelerate, which is not installed: pip install accelerate\n"
