import json
import subprocess
import sys

import pytest

from xalign.errors import ModelError
from xalign.models import BUNDLED, is_cached, resolve, verify
from xalign.models.preset import Preset
from xalign.models.published import PRESETS

# What each published aligner does: layer, encoding, similarity, extraction, threshold.
PUBLISHED = {
    "xlm-align": (9, "pair", "dot", "xlm-align", None),
    "xlmr-base": (8, "pair", "dot", "xlm-align", None),
    "mbert": (8, "separate", "dot", "softmax", 0.001),
    "simalign": (8, "separate", "cosine", "argmax", None),
    "labse": (6, "separate", "dot", "softmax", 0.1),
}

BLOCKS = {
    "infoxlm-base": 12,
    "simalign-xlmr": 12,
    "xmod-base": 12,
    "xlm-mlm-100-1280": 16,
    "xlm-mlm-17-1280": 16,
}


def how(preset):
    method = preset.method
    return method.layer, preset.input.encode, method.similarity, method.extract, method.threshold


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_preset_does_what_was_published(name):
    assert how(resolve(name)) == PUBLISHED[name]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_what_nobody_has_published_follows_its_kind(preset):
    """XLM-R's kind takes XLM-Align's aligner, all else SimAlign's; layers are two thirds of the way up."""
    if preset.name in PUBLISHED:
        return
    layer, *others = how(preset)
    pair = preset.name.startswith(("xlmr-", "infoxlm-"))
    assert others == (["pair", "dot", "xlm-align", None] if pair else ["separate", "cosine", "argmax", None])
    blocks = 24 if "large" in preset.name else BLOCKS.get(preset.name, 12 if "xnli15" in preset.name else 6)
    assert layer in (blocks // 2, blocks * 2 // 3)
    assert (preset.method.level, preset.method.punctuation) == ("subword", "free")
    assert ("layer by analogy" in preset.about.description) == (preset.name != "simalign-xlmr")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_can_be_run_without_further_options(preset):
    assert preset.method.layer is not None
    assert preset.checkpoint.place.count("/") == 1
    languages = preset.about.languages
    assert languages == tuple(sorted(set(languages)))
    assert preset.about.description and preset.about.source


@pytest.mark.parametrize(
    "name",
    [
        "xmod-base",
        "xmod-large",
        "xlm-mlm-100-1280",
        "xlm-mlm-tlm-xnli15-1024",
        "xlm-clm-ende-1024",
        "xlm-mlm-enfr-1024",
        "xlm-mlm-ende-1024",
        "xlm-mlm-enro-1024",
        "infoxlm-base",
        "xlmr-large",
    ],
)
def test_the_promised_presets_are_there(name):
    assert resolve(name).name == name


def test_the_bundled_model_is_the_folder_mini():
    assert resolve("mini").checkpoint.place == str(BUNDLED["mini"])


def test_a_presets_checkpoint_gets_the_presets_values():
    assert resolve("microsoft/xlm-align-base") == resolve("xlm-align")
    former = resolve("CZWin32768/xlm-align")
    assert former == resolve("xlm-align").changed(place="CZWin32768/xlm-align")


def test_a_revision_of_a_presets_checkpoint_gets_the_presets_values():
    revised = resolve("microsoft/xlm-align-base@v2")
    assert revised == resolve("xlm-align").changed(place="microsoft/xlm-align-base@v2")


@pytest.mark.parametrize(
    ("name", "preset"),
    [
        ("xlm-roberta-base", "xlmr-base"),
        ("xlm-roberta-large", "xlmr-large"),
        ("bert-base-multilingual-cased", "mbert"),
        ("awesome-align", "mbert"),
        ("LaBSE", "labse"),
        ("xlm-align-base", "xlm-align"),
        ("xlm-mlm-100-1280", "xlm-mlm-100-1280"),
    ],
)
def test_the_names_of_papers_are_names_of_presets(name, preset, tmp_path):
    assert resolve(name) == PRESETS[preset]
    assert resolve(f"{name}={tmp_path}") == PRESETS[preset].changed(place=str(tmp_path))


def test_a_folder_comes_before_the_name_of_a_paper(tmp_path, monkeypatch):
    (tmp_path / "xlm-roberta-base").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve("xlm-roberta-base").method.layer is None


def test_any_other_id_or_folder_has_no_layer(tmp_path):
    folder = resolve(str(tmp_path))
    assert (folder.checkpoint.place, folder.checkpoint.family, folder.method.layer) == (
        str(tmp_path),
        "auto",
        None,
    )


def test_a_folder_or_file_with_model_pt_is_fairseqs(tmp_path):
    (tmp_path / "model.pt").touch()
    assert resolve(str(tmp_path)).checkpoint.family == "fairseq"
    assert resolve(str(tmp_path / "model.pt")).checkpoint.family == "fairseq"
    assert resolve(f"xlmr-base={tmp_path}").method.layer == 8
    (tmp_path / "config.json").touch()
    assert resolve(str(tmp_path)).checkpoint.family == "auto"


def test_a_presets_checkpoint_may_be_taken_from_elsewhere(tmp_path):
    for name in ("xlm-align", "mini"):
        assert resolve(f"{name}={tmp_path}") == resolve(name).changed(place=str(tmp_path))
    with pytest.raises(ModelError, match="'/no/such': no such folder"):
        resolve("xlm-align=/no/such")


@pytest.mark.parametrize("model", ["mni", "./runs/x", "/no/such/folder", "~/nothing", "a/b/c", ""])
def test_an_unknown_model_is_one_clear_line(model):
    with pytest.raises(ModelError, match="no such folder") as caught:
        resolve(model)
    assert repr(model) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "meant"),
    [
        ("mni", "mini"),
        ("xlmalign", "xlm-align"),
        ("xlm-roberta-bas", "xlm-roberta-base"),
        ("labsee", "labse"),
    ],
)
def test_a_mistyped_model_is_guessed(model, meant):
    with pytest.raises(ModelError, match=f"did you mean '{meant}'\\?"):
        resolve(model)


def test_a_preset_survives_its_file(tmp_path):
    preset = resolve("mbert").changed(
        place=str(tmp_path), checksums={"a": "b"}, positions="restart", symmetrize="union", distortion=0
    )
    (tmp_path / "xalign.json").write_text(preset.to_json(), encoding="utf-8")
    assert resolve(str(tmp_path)) == preset


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ("{}", 'at least "name"'),
        ('{"name": "x", "lyer": 3}', "xalign.json: unknown option 'lyer'; did you mean 'layer'"),
        ('{"name": "x", "place": "/"}', "unknown key 'place'"),
        ('{"name": "x", "extract": "argmin"}', "extract is 'argmin': choose one of argmax, .*'argmax'"),
        ('{"name": "x", "encode": "both"}', "encode is 'both': choose one of pair, separate"),
        ('{"name": "x", "family": "foreign"}', "family is 'foreign': choose one of auto"),
        ('{"name": "x", "layer": "9"}', "layer is '9': it must be a whole number from 0 or none"),
        ('{"name": "x", "threshold": "0.1"}', "xalign.json: threshold is '0.1'"),
        ('{"name": "x", "languages": null}', "languages is None: it must be a list of texts"),
    ],
)
def test_a_wrong_preset_file_is_named(tmp_path, text, complaint):
    (tmp_path / "xalign.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=complaint):
        resolve(str(tmp_path))


def test_the_keys_of_a_preset_file_stay_what_they_are():
    """Checkpoints that were trained hold such files."""
    keys = json.loads(resolve("mbert").to_json()).keys()
    assert keys >= {"name", "family", "layer", "encode", "similarity", "extract", "threshold", "level"}
    assert keys >= {"punctuation", "segments", "positions", "languages", "checksums", "description", "source"}


def test_checksums_are_compared(tmp_path):
    preset = resolve("xlm-align").changed(checksums={"a": "0cc175b9c0f1b6a831c399e269772661", "b": "0" * 32})
    with pytest.raises(ModelError, match="a: missing; xlm-align needs a, b"):
        verify(preset, tmp_path)
    (tmp_path / "a").write_text("a", encoding="utf-8")
    (tmp_path / "b").write_text("b", encoding="utf-8")
    assert verify(preset, tmp_path) == {"a": True, "b": False}
    with pytest.raises(ModelError, match="no published checksums"):
        verify(resolve("mbert"), tmp_path)


def test_the_published_checksums_of_xlm_align():
    assert resolve("xlm-align").checkpoint.checksums == {
        "config.json": "b9d214025837250ede2f69c9385f812c",
        "pytorch_model.bin": "6005db708eb4bab5b85fa3976b9db85b",
        "sentencepiece.bpe.model": "bf25eb5120ad92ef5c7d8596b5dc4046",
        "tokenizer.json": "eedbd60a7268b9fc45981b849664f747",
    }


def test_a_folder_is_cached_and_an_unknown_id_is_not(tmp_path):
    assert is_cached(resolve(str(tmp_path)))
    assert not is_cached(Preset.of("none", "no-such-owner/no-such-model"))


def test_presets_need_no_torch():
    code = "import sys, xalign.models as models; models.resolve('xlm-align'); print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
