"""The benchmarks run, on a checkpoint made small for that."""

import json
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
