import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from transformers import PreTrainedModel

from xalign import Aligner
from xalign.cli import main
from xalign.cli.models import models
from xalign.encoders.families import load_encoder
from xalign.errors import ModelError, OptionError
from xalign.models import resolve
from xalign.models.preset import Preset
from xalign.models.published import PRESETS


def test_the_list_has_a_line_per_preset_and_the_default_first():
    result = CliRunner().invoke(models)
    assert result.exit_code == 0
    heading, default, quick, *rows = result.output.splitlines()
    assert heading.split() == ["name", "checkpoint", "layer", "method", "languages", "cached"]
    assert default.split()[:2] == ["small", "(bundled)"]
    assert quick.split()[:2] == ["mini", "(bundled)"]
    assert [row.split()[0] for row in rows] == list(PRESETS)


def test_list_is_the_same():
    assert CliRunner().invoke(models, ["list"]).output == CliRunner().invoke(models).output


def test_a_line_tells_the_method():
    lines = CliRunner().invoke(models).output.splitlines()
    (line,) = [line for line in lines if line.startswith("mbert ")]
    assert "google-bert/bert-base-multilingual-cased" in line
    assert "separate, dot, softmax > 0.001" in line


def test_layers_by_analogy_are_marked():
    rows = [line.split() for line in CliRunner().invoke(models).output.splitlines()[1:]]
    layers = {name: layer for name, _, layer, *_ in rows}
    assert (layers["xlm-align"], layers["xlmr-base"], layers["xmod-base"]) == ("9", "8", "8?")
    for name, preset in PRESETS.items():
        assert layers[name].endswith("?") == preset.about.description.endswith("layer by analogy")


def shown(model):
    """What `models show` prints: name of a value -> its text on all lines."""
    result = CliRunner().invoke(models, ["show", model])
    assert result.exit_code == 0, result.exception
    values, name = {}, ""
    for line in result.stdout.splitlines():
        name = line.split()[0] if line[0] != " " else name
        values.setdefault(name, []).extend(line.split()[0 if line[0] == " " else 1 :])
    return {name: " ".join(words) for name, words in values.items()}


@pytest.mark.parametrize("name", ["mini", *PRESETS])
def test_everything_about_a_preset_is_shown(name):
    preset, values = resolve(name), shown(name)
    assert values["description"] == preset.about.description
    assert values["source"] == preset.about.source
    assert values["languages"].split()[1:] == list(preset.about.languages)
    assert values["layer"] == str(preset.method.layer)
    assert values["encode"] == preset.input.encode
    assert len(values) == len(json.loads(preset.to_json())) + 2  # place, cached


def test_the_threshold_that_is_shown_is_the_one_that_holds(tmp_path):
    preset = Preset.of("mine", str(tmp_path), layer=1, extract="agreement")
    (tmp_path / "xalign.json").write_text(preset.to_json(), encoding="utf-8")
    assert shown(str(tmp_path))["threshold"] == "0.4, that of agreement"
    assert shown("labse")["threshold"] == "0.1"


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
    assert next(theirs.align([pair])).score == pytest.approx(next(ours.align([pair])).score, abs=1e-3)


def test_an_exported_model_without_a_layer_of_its_own_needs_one(tiny, tmp_path):
    result = CliRunner().invoke(models, ["export", str(tiny("bert")), str(tmp_path / "out")])
    assert (
        result.output
        == f"{tmp_path / 'out'}: bert, without a layer of its own: give --layer to align with it\n"
    )


def test_a_folder_that_holds_something_is_not_exported_to(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(models, ["export", "small", str(tmp_path)])
    assert isinstance(result.exception, OptionError) and "new or empty" in str(result.exception)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
