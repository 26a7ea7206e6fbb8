"""Python code that a checkpoint brings is run only where its user says so."""

import subprocess
import sys

import pytest
from click.testing import CliRunner
from refusals import change, refusal

from xalign.cli import main
from xalign.encoders.families import load_encoder
from xalign.models import resolve

MODULE = """
from pathlib import Path
Path(RAN).touch()
from transformers import BertConfig, BertModel
class OwnConfig(BertConfig):
    model_type = "own"
class OwnModel(BertModel):
    config_class = OwnConfig
"""


@pytest.fixture
def bringing_code(folder, tmp_path, monkeypatch):
    """A checkpoint that brings a module, which leaves a file `ran` beside itself when it is imported."""
    path = folder("bert")
    (path / "own.py").write_text(f"RAN = {str(path / 'ran')!r}\n{MODULE}", encoding="utf-8")
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    change(
        path / "config.json",
        model_type="own",
        auto_map={"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"},
    )
    change(path / "tokenizer_config.json", tokenizer_class="BertTokenizer")
    return path


def test_code_that_a_checkpoint_brings_is_refused(bringing_code):
    message = refusal(bringing_code)
    assert message.startswith(f"{bringing_code / 'config.json'}: auto_map is ")
    assert "give trust_remote_code" in message
    assert not (bringing_code / "ran").exists()


@pytest.mark.parametrize("name", ["preset", "xlm-roberta", "bert", "xmod", "xlm-mlm", "distilbert"])
@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"auto_map": {"AutoModel": "own.OwnModel"}}),
        ("config.json", {"auto_map": {"AutoModel": "somebody/elses--own.OwnModel"}}),
        ("config.json", {"text_config": {"auto_map": {"AutoModel": "own.OwnModel"}}}),
        ("config.json", {"attn_implementation": "somebody/kernel"}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": [None, "own.OwnTokenizer"]}}),
    ],
)
def test_wherever_code_is_named_it_is_refused(folder, name, file, values):
    path = folder(name) / file
    change(path, **values)
    assert refusal(path.parent).startswith(f"{path}: ")
    assert "Python code" in refusal(path.parent)


def test_code_runs_where_its_user_trusts_it(bringing_code, encoder):
    loaded = load_encoder(resolve(str(bringing_code)), trust_remote_code=True)
    assert type(loaded.model).__name__ == "OwnModel"
    assert loaded.subword_ids(["Haus"]) == encoder("bert").subword_ids(["Haus"])
    assert (bringing_code / "ran").exists()


def align(*arguments, given="ja ||| yes\n"):
    return CliRunner().invoke(main, ["align", *map(str, arguments)], input=given)


def assert_refused(run, *said):
    assert run.exit_code == 2 and run.stdout == ""
    assert "Traceback" not in run.stderr and len(run.stderr.splitlines()) == 1
    assert all(each in run.stderr for each in said)


@pytest.mark.parametrize("given", ["y\n", "1\n"])
def test_nothing_on_standard_input_answers_for_the_user(bringing_code, tmp_path, given):
    (tmp_path / "text").write_text("ja\n", encoding="utf-8")
    arguments = ["align", "--model", bringing_code, "--layer", "1", tmp_path / "text", tmp_path / "text"]
    run = subprocess.run(
        [sys.executable, "-m", "xalign.cli", *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert "--trust-remote-code" in run.stderr and len(run.stderr.splitlines()) == 1
    assert not (bringing_code / "ran").exists()


def test_the_command_runs_code_where_it_is_told_to(bringing_code):
    run = align("--model", bringing_code, "--layer", 1, "--trust-remote-code")
    assert (run.exit_code, run.stdout) == (0, "0-0\n")
    assert (bringing_code / "ran").exists()


@pytest.mark.parametrize(
    ("file", "values"),
    [("config.json", {"num_attention_heads": 3}), ("tokenizer_config.json", {"cls_token": [1]})],
)
def test_the_command_prints_one_line_and_nothing_else(folder, file, values):
    path = folder("preset") / file
    change(path, **values)
    assert_refused(align("--model", path.parent), f"{path}: {next(iter(values))} is ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "~zzznobody/x"), "unknown model '~zzznobody/x'"),
        (("--model", "x" * 5000), "unknown model 'xxx"),
        (("--model", "mini=~zzznobody/x"), "'~zzznobody/x': no such folder"),
        (("--device", "hpu"), "--device hpu cannot be used here"),
        (("--device", "meta"), "--device meta cannot be used here"),
    ],
)
def test_a_model_or_a_device_that_cannot_be_is_one_line(arguments, said):
    assert_refused(align(*arguments), said)
