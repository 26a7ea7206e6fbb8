"""`xalign align --threads N --devices LIST`: the same bytes, on as much of the machine as one asks for."""

import pytest
import torch
from aligning import some_pairs
from click.testing import CliRunner

from xalign import Aligner, engine
from xalign.cli import main


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text"
    lines = [f"{' '.join(pair.source)} ||| {' '.join(pair.target)}\n" for pair in some_pairs(200)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def run(tiny, text):
    def run(*options):
        model = ["--model", str(tiny("preset")), "--dtype", "float32", "--scores"]
        return CliRunner().invoke(main, ["align", *model, *map(str, options), str(text)])

    return run


@pytest.mark.parametrize(
    "options", [["--devices", "cpu,cpu"], ["--devices", "cpu", "--threads", 1], ["--threads", 2]]
)
def test_bytes_are_those_of_one_process(run, monkeypatch, options):
    monkeypatch.setattr(engine, "WORKERS", 1)  # so that two threads are two processes
    expected = run("--device", "cpu", "--threads", 1)
    found = run(*options)
    assert (expected.exit_code, expected.stderr) == (0, "")
    assert (found.exit_code, found.stderr, found.stdout) == (0, "", expected.stdout)


def test_threads_are_those_of_torch_while_the_command_runs(run, monkeypatch):
    before, during = torch.get_num_threads(), []
    load = Aligner.load

    def noting(*arguments, **options):
        during.append(torch.get_num_threads())
        return load(*arguments, **options)

    monkeypatch.setattr(Aligner, "load", noting)
    assert run("--device", "cpu", "--threads", 3).exit_code == 0
    assert (during, torch.get_num_threads()) == ([3], before)


def test_a_run_goes_on_with_another_number_of_processes(run, text, tmp_path):
    out = tmp_path / "out"
    expected = run("--device", "cpu", "--threads", 1).stdout
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    text.write_text("".join([*lines[:150], "broken\n", *lines[151:]]), encoding="utf-8")
    assert run("--device", "cpu", "--threads", 1, "-o", out).exit_code == 2
    text.write_text("".join(lines), encoding="utf-8")
    assert run("--devices", "cpu,cpu", "-o", out, "--resume").exit_code == 0
    assert out.read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--devices", "cpu,"], "--devices is 'cpu,': expected all, or names such as cuda:0,cuda:1"),
        (
            ["--devices", "cpu", "--device", "cpu"],
            "--device is one device, --devices are several: give one of them",
        ),
        (["--devices", "cpu,cpux"], "device cpux cannot be used here"),
        (["--threads", "0"], "0 is not in the range x>=1"),
    ],
)
def test_what_cannot_be_meant_is_told(run, options, message):
    result = run(*options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_all_devices_are_the_gpus(run, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    result = run("--devices", "all")
    assert (result.exit_code, "there is no GPU here" in result.stderr) == (2, True)
