import subprocess
import sys
from dataclasses import replace

import pytest

from xalign.errors import ModelError
from xalign.models import (
    BUNDLED,
    ENCODINGS,
    EXTRACTIONS,
    LEVELS,
    PRESETS,
    PUNCTUATION,
    SIMILARITIES,
    Preset,
    is_cached,
    resolve,
    verify,
)

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


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_preset_does_what_was_published(name):
    preset = resolve(name)
    values = (preset.layer, preset.encode, preset.similarity, preset.extract, preset.threshold)
    assert values == PUBLISHED[name]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_what_nobody_has_published_follows_its_kind(preset):
    """XLM-R's kind takes XLM-Align's aligner, all else SimAlign's; layers are two thirds of the way up."""
    if preset.name in PUBLISHED:
        return
    how = (preset.encode, preset.similarity, preset.extract, preset.threshold)
    pair = preset.name.startswith(("xlmr-", "infoxlm-"))
    expected = ("pair", "dot", "xlm-align", None) if pair else ("separate", "cosine", "argmax", None)
    assert how == expected
    blocks = 24 if "large" in preset.name else BLOCKS.get(preset.name, 12 if "xnli15" in preset.name else 6)
    assert preset.layer in (blocks // 2, blocks * 2 // 3)
    assert (preset.level, preset.punctuation) == ("subword", "free")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_can_be_run_without_further_options(preset):
    assert preset.layer is not None
    assert preset.checkpoint.count("/") == 1
    assert preset.languages == tuple(sorted(set(preset.languages)))
    assert preset.description and preset.source


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
    assert resolve("mini").checkpoint == str(BUNDLED["mini"])


def test_a_presets_checkpoint_gets_the_presets_values():
    assert resolve("microsoft/xlm-align-base") == resolve("xlm-align")
    former = resolve("CZWin32768/xlm-align")
    assert former == replace(resolve("xlm-align"), checkpoint="CZWin32768/xlm-align")


def test_any_other_id_or_folder_has_no_layer(tmp_path):
    folder = resolve(str(tmp_path))
    assert (folder.checkpoint, folder.family, folder.layer) == (str(tmp_path), "auto", None)


def test_a_folder_or_file_with_model_pt_is_fairseqs(tmp_path):
    (tmp_path / "model.pt").touch()
    assert resolve(str(tmp_path)).family == "fairseq"
    assert resolve(str(tmp_path / "model.pt")).family == "fairseq"
    assert resolve(f"xlmr-base={tmp_path}").layer == 8
    (tmp_path / "config.json").touch()
    assert resolve(str(tmp_path)).family == "auto"


def test_a_presets_checkpoint_may_be_taken_from_elsewhere(tmp_path):
    for name in ("xlm-align", "mini"):
        assert resolve(f"{name}={tmp_path}") == replace(resolve(name), checkpoint=str(tmp_path))
    with pytest.raises(ModelError, match="'/no/such': no such folder"):
        resolve("xlm-align=/no/such")


@pytest.mark.parametrize("model", ["mni", "./runs/x", "/no/such/folder", "~/nothing", "a/b/c", ""])
def test_an_unknown_model_is_one_clear_line(model):
    with pytest.raises(ModelError, match="no such folder") as caught:
        resolve(model)
    assert repr(model) in str(caught.value) and "\n" not in str(caught.value)


def test_a_preset_survives_its_file(tmp_path):
    preset = replace(resolve("mbert"), checkpoint=str(tmp_path), checksums={"a": "b"}, positions="restart")
    (tmp_path / "xalign.json").write_text(preset.to_json(), encoding="utf-8")
    assert resolve(str(tmp_path)) == preset


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ("{}", 'at least "name"'),
        ('{"name": "x", "lyer": 3}', "unknown key 'lyer'"),
        ('{"name": "x", "extract": "argmin"}', "extract is 'argmin'; expected one of argmax"),
        ('{"name": "x", "encode": "both"}', "encode is 'both'; expected one of pair, separate"),
        ('{"name": "x", "layer": "9"}', "layer is '9'"),
        ('{"name": "x", "threshold": "0.1"}', "xalign.json: preset x: threshold is '0.1'"),
        ('{"name": "x", "languages": null}', "languages is None; expected a list"),
    ],
)
def test_a_wrong_preset_file_is_named(tmp_path, text, complaint):
    (tmp_path / "xalign.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=complaint):
        resolve(str(tmp_path))


def test_names_of_the_options():
    assert ENCODINGS == ("pair", "separate")
    assert SIMILARITIES == ("dot", "cosine")
    assert LEVELS == ("subword", "word")
    assert PUNCTUATION == ("free", "apart")
    assert len(EXTRACTIONS) == 12


def test_checksums_are_compared(tmp_path):
    preset = replace(resolve("xlm-align"), checksums={"a": "0cc175b9c0f1b6a831c399e269772661", "b": "0" * 32})
    with pytest.raises(ModelError, match="a: missing; xlm-align needs a, b"):
        verify(preset, tmp_path)
    (tmp_path / "a").write_text("a", encoding="utf-8")
    (tmp_path / "b").write_text("b", encoding="utf-8")
    assert verify(preset, tmp_path) == {"a": True, "b": False}
    with pytest.raises(ModelError, match="no published checksums"):
        verify(resolve("mbert"), tmp_path)


def test_the_published_checksums_of_xlm_align():
    assert resolve("xlm-align").checksums == {
        "config.json": "b9d214025837250ede2f69c9385f812c",
        "pytorch_model.bin": "6005db708eb4bab5b85fa3976b9db85b",
        "sentencepiece.bpe.model": "bf25eb5120ad92ef5c7d8596b5dc4046",
        "tokenizer.json": "eedbd60a7268b9fc45981b849664f747",
    }


def test_a_folder_is_cached_and_an_unknown_id_is_not(tmp_path):
    assert is_cached(resolve(str(tmp_path)))
    assert not is_cached(Preset(name="none", checkpoint="no-such-owner/no-such-model"))


def test_presets_need_no_torch():
    code = "import sys, xalign.models as models; models.resolve('xlm-align'); print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
