import subprocess
import sys

from click.testing import CliRunner
from transformers import PreTrainedModel

from xalign import Aligner
from xalign.cli import main
from xalign.cli.models import models
from xalign.errors import ModelError, OptionError
from xalign.families import load_encoder
from xalign.models import resolve
from xalign.published import PRESETS


def test_the_list_has_a_line_per_preset_and_the_default_first():
    result = CliRunner().invoke(models)
    assert result.exit_code == 0
    heading, default, small, *rows = result.output.splitlines()
    assert heading.split() == ["name", "checkpoint", "layer", "method", "languages", "cached"]
    assert default.split()[:2] == ["mini", "(bundled)"]
    assert small.split()[:2] == ["small", "(bundled)"]
    assert [row.split()[0] for row in rows] == list(PRESETS)


def test_a_line_tells_the_method():
    lines = CliRunner().invoke(models).output.splitlines()
    (line,) = [line for line in lines if line.startswith("mbert ")]
    assert "google-bert/bert-base-multilingual-cased" in line
    assert "separate, dot, softmax > 0.001" in line


def test_verify_names_the_files_that_differ(tmp_path):
    for name in PRESETS["xlm-align"].checkpoint.checksums:
        (tmp_path / name).write_text("not it", encoding="utf-8")
    result = CliRunner().invoke(models, ["verify", "xlm-align", str(tmp_path)])
    assert result.output.count("DIFFERS") == 4
    assert isinstance(result.exception, ModelError)
    assert "not the published xlm-align" in str(result.exception)


def test_verify_accepts_what_was_published(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "xalign.cli.models.verify", lambda preset, path: dict.fromkeys(preset.checkpoint.checksums, True)
    )
    result = CliRunner().invoke(models, ["verify", "xlm-align", str(tmp_path)])
    assert result.exit_code == 0
    assert result.output.count("as published") == 4


def test_verify_refuses_what_it_cannot_compare():
    assert CliRunner().invoke(main, ["models", "verify", "mbert", "."]).exit_code == 2
    result = CliRunner().invoke(main, ["models", "verify", "xlm-align", "/no/such"])
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: /no/such/") and result.stderr.count("\n") == 1


def test_listing_needs_no_torch():
    code = (
        "import sys; from xalign.cli.models import models\n"
        "models([], standalone_mode=False); print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "False"


def test_a_bundled_model_can_be_exported_for_transformers(tmp_path):
    folder = tmp_path / "exported"
    result = CliRunner().invoke(models, ["export", "small", str(folder)])
    assert result.exit_code == 0, result.exception
    pair = ("Das Haus ist klein , aber schön .", "The house is small but beautiful .")
    ours, theirs = (Aligner.load(name, dtype="float32") for name in ("small", folder))
    assert isinstance(load_encoder(resolve(str(folder))).model, PreTrainedModel)
    assert next(theirs.align([pair])).links == next(ours.align([pair])).links


def test_a_folder_that_holds_something_is_not_exported_to(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(models, ["export", "small", str(tmp_path)])
    assert isinstance(result.exception, OptionError) and "new or empty" in str(result.exception)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
