"""The benchmarks run, on a checkpoint made small for that."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.mark.slow
def test_throughput_is_measured_by_stage_and_over_lengths(tmp_path):
    out = tmp_path / "throughput.json"
    options = ["--model", "tiny", "--pairs", "40", "--peers", "--repeats", "1", "--dtypes", "float32"]
    command = [
        BENCHMARKS / "throughput.py",
        *options,
        "--device",
        "cpu",
        "--scaling",
        "20",
        "40",
        "--out",
        out,
    ]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    measured = json.loads(out.read_text(encoding="utf-8"))
    [row] = measured["pairs_per_s"]
    assert min(measured["pairs_per_s"][row]) > 0
    assert measured["stages"][row]["stages_s"].keys() == {"read", "subwords", "encode", "extract", "write"}
    assert [each["pairs"] for each in measured["scaling"]] == [20, 40]
    table = subprocess.run(
        [sys.executable, BENCHMARKS / "table.py", out], check=True, capture_output=True, text=True
    )
    assert row in table.stdout


@pytest.mark.slow
def test_start_up_is_measured_step_by_step(tmp_path):
    out = tmp_path / "startup.json"
    command = [BENCHMARKS / "startup.py", "--repeats", "1", "--out", out]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    assert {"torch", "checkpoint", "first pair"} <= json.loads(out.read_text(encoding="utf-8"))["steps"][
        0
    ].keys()


@pytest.mark.slow
def test_links_do_not_depend_on_order_batches_shards_or_threads(tmp_path):
    command = [sys.executable, BENCHMARKS / "same_answer.py", "--folder", tmp_path]
    texts = [BENCHMARKS.parent / "eval_data" / "de-en" / f"test.{side}" for side in ("de", "en")]
    done = subprocess.run([*command, *texts], check=True, capture_output=True, text=True)
    others = dict(re.findall(r"^\| ([^|]+) \| \d+ \| (\d+) \(", done.stdout, flags=re.MULTILINE))
    of_float32 = {name: int(pairs) for name, pairs in others.items() if "bfloat16" not in name}
    assert of_float32 == {"lines shuffled": 0, "batch-tokens 1000": 0, "three shards": 0, "two threads": 0}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the benchmark forks")
def test_no_fault_of_the_input_has_a_silent_effect(tmp_path):
    command = [sys.executable, BENCHMARKS / "bad_inputs.py", "--folder", tmp_path, "--only", "xalign"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = dict(re.findall(r"^\| (.+) \| (\S+) \|$", done.stdout, flags=re.MULTILINE))
    assert len(rows) > 20 and rows["no fault"] == "fine"
    assert [
        name for name, verdict in rows.items() if verdict not in ("fine", "error", "said", "xalign")
    ] == []


@pytest.mark.slow
def test_links_of_pieces_are_scored_against_gold_in_the_same_pieces(shared):
    data = shared("data/gold/test/de-en").parents[2]
    command = [sys.executable, BENCHMARKS / "links_of_pieces.py", "--data", data, "--sets", "test/de-en"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    aer = json.loads(done.stdout)
    assert aer["gold"] < 17 and abs(aer["unicode"] - aer["gold"]) < 1 < aer["whitespace"] - aer["gold"]
