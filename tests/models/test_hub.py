"""A model is the same behind its id on the hub as in its folder, and needs no network once it is in the cache."""

import shutil
from pathlib import Path
from typing import ClassVar

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError

from xalign.aligner import Aligner
from xalign.encoders.families import load_encoder
from xalign.errors import ModelError
from xalign.models import DEFAULT, hub, is_cached, resolve
from xalign.models.preset import Preset

PAIRS = [
    ("Das Haus ist klein .", "The house is small ."),
    ("Wir haben gestern die Katze gesehen !", "We saw the cat yesterday !"),
]


@pytest.fixture
def no_network(monkeypatch):
    """Whatever asks the hub fails the test."""
    for name in ("hf_hub_download", "snapshot_download"):
        monkeypatch.setattr(f"huggingface_hub.{name}", lambda *_, **__: pytest.fail("the hub is asked"))


def links(model, **options):
    aligner = Aligner.load(model, device="cpu", dtype="float32", **options)
    return [(alignment.links, alignment.scores) for alignment in aligner.align(PAIRS)]


def test_the_bundled_model_aligns_alike_behind_an_id(hub_cache, no_network):
    hub_cache("me/copy", Path(resolve(DEFAULT).checkpoint.place))
    assert links("me/copy") == links(DEFAULT)


@pytest.mark.parametrize("model", ["me/tiny", "me/tiny@v1.0", "me/tiny@0123abc"])
def test_its_own_preset_is_read_behind_an_id_and_the_same_encoder_runs(hub_cache, no_network, tiny, model):
    folder = hub_cache("me/tiny", tiny("preset"), revision="v1.0" if "v1" in model else "main")
    preset = resolve(model)
    assert (preset.name, preset.method.layer, preset.input.positions) == ("tiny", 4, "restart")
    loaded, expected = load_encoder(preset), load_encoder(resolve(str(tiny("preset"))))
    assert loaded.preset.checkpoint.place == str(folder)
    assert type(loaded) is type(expected)
    assert links(model) == links(str(tiny("preset")))


def test_fairseqs_files_are_read_behind_an_id(hub_cache, no_network, tiny, encoder):
    hub_cache("me/xlmr", tiny("fairseq"))
    assert load_encoder(resolve("me/xlmr")).subword_ids(["Haus"]) == encoder("fairseq").subword_ids(["Haus"])


def test_what_an_id_brings_is_checked_as_in_a_folder(hub_cache, no_network, tiny, tmp_path):
    spoilt = Path(shutil.copytree(tiny("preset"), tmp_path / "spoilt"))
    (spoilt / "tokenizer_config.json").write_text(
        '{"auto_map": {"AutoTokenizer": "own.Own"}}', encoding="utf-8"
    )
    hub_cache("me/spoilt", spoilt)
    with pytest.raises(ModelError, match=r"tokenizer_config.json: auto_map is .*trust_remote_code"):
        load_encoder(resolve("me/spoilt"))
    (spoilt / "xalign.json").write_text('{"name": "x", "threshold": NaN}', encoding="utf-8")
    hub_cache("me/worse", spoilt)
    with pytest.raises(ModelError, match=r"xalign.json: threshold is nan"):
        resolve("me/worse")


def test_an_id_that_is_not_cached_says_what_is_missing_and_what_to_type(hub_cache, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for load in (resolve, hub.checkpoint_folder):
        with pytest.raises(ModelError) as caught:
            load("me/nothing@v2")
        message = str(caught.value)
        assert message.startswith("me/nothing@v2: not completely in the hub's cache ")
        assert "HF_HUB_OFFLINE is set" in message and "\n" not in message
        assert "hf download me/nothing --revision v2 --local-dir FOLDER" in message


def test_a_hub_that_cannot_be_reached_is_told_apart_from_one_that_may_not(hub_cache, monkeypatch):
    def unreachable(*_, **__):
        raise LocalEntryNotFoundError("no connection")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", unreachable)
    with pytest.raises(ModelError, match=r"https://.* cannot be reached") as caught:
        resolve("me/nothing")
    assert "HF_HUB_OFFLINE" not in str(caught.value)


def test_a_preset_of_the_table_that_is_not_cached_says_what_to_type(hub_cache):
    with pytest.raises(ModelError, match=r"hf download microsoft/xlm-align-base .*NAME=FOLDER"):
        load_encoder(resolve("xlm-align"))


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_half_a_checkpoint_in_the_cache_is_not_taken_for_a_whole_one(hub_cache, tiny, missing):
    folder = hub_cache("me/half", tiny("preset"))
    (folder / "sentencepiece.bpe.model").unlink()  # tokenizer.json is enough
    assert is_cached(Preset.of("half", "me/half"))
    (folder / missing).unlink()
    assert not is_cached(Preset.of("half", "me/half"))


def test_weights_in_several_files_are_whole_when_all_are_there(hub_cache, tiny):
    folder = hub_cache("me/shards", tiny("preset"))
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = (
        '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}'
    )
    (folder / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    assert hub.cached_folder("me/shards") is None
    (folder / "model-00002-of-00002.safetensors").touch()
    assert hub.cached_folder("me/shards") == folder


class Repository:
    """Stands in for the hub: its files go into a cache, and what was asked for is remembered."""

    def __init__(self, hub_cache, files: Path):
        self.files = files
        self.folder = hub_cache("me/remote", None)
        self.fetched = []

    def give(self, name):
        self.fetched.append(name)
        shutil.copy(self.files / name, self.folder / name)
        return str(self.folder / name)

    def hf_hub_download(self, repository, name, **_):
        if not (self.files / name).is_file():
            error = RemoteEntryNotFoundError.__new__(RemoteEntryNotFoundError)
            raise error
        return self.give(name)

    def snapshot_download(self, repository, allow_patterns, **_):
        for pattern in allow_patterns:
            for file in self.files.glob(pattern):
                self.give(file.name)
        return str(self.folder)


@pytest.fixture
def remote(hub_cache, tiny, tmp_path, monkeypatch):
    files = Path(shutil.copytree(tiny("preset"), tmp_path / "files"))
    repository = Repository(hub_cache, files)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", repository.hf_hub_download)
    monkeypatch.setattr("huggingface_hub.snapshot_download", repository.snapshot_download)
    return repository


def test_a_preset_is_fetched_first_and_the_rest_when_it_is_loaded(remote, tiny):
    (remote.files / "pytorch_model.bin").touch()
    (remote.files / "own.py").touch()
    assert resolve("me/remote").method.layer == 4
    assert remote.fetched == ["xalign.json"]
    assert links("me/remote") == links(str(tiny("preset")))
    assert remote.fetched[-1] == "model.safetensors" and "config.json" in remote.fetched
    assert not {"pytorch_model.bin", "own.py"} & set(remote.fetched)
    remote.fetched.clear()
    assert links("me/remote") == links(str(tiny("preset")))
    assert remote.fetched == []


def test_a_repository_without_a_preset_has_no_layer_of_its_own(remote):
    (remote.files / "xalign.json").unlink()
    assert resolve("me/remote") == Preset.of("me/remote", "me/remote")


def test_a_repository_without_weights_is_told(remote):
    (remote.files / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"me/remote: the repository has no weights"):
        load_encoder(resolve("me/remote"))


def test_a_checkpoint_that_was_cached_by_others_is_asked_for_its_preset(remote, monkeypatch):
    """transformers fetches all but xalign.json; where the hub does not answer, what is there is used."""
    for file in remote.files.iterdir():
        if file.name != "xalign.json":
            shutil.copy(file, remote.folder / file.name)
    (remote.files / "xalign.json").rename(remote.files / "hidden")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert resolve("me/remote").method.layer is None
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    (remote.files / "hidden").rename(remote.files / "xalign.json")
    assert resolve("me/remote").method.layer == 4


class FakeHub:
    """What `upload` calls of huggingface_hub; keeps what it gets in `uploads`."""

    uploads: ClassVar[dict] = {}

    def __init__(self, token):
        self.token = token

    def create_repo(self, repo_id, private, exist_ok):
        if self.token != "mine":
            raise PermissionError("403 Forbidden\nmore about it")
        self.uploads[repo_id] = {"private": private}
        return f"https://hub.test/{repo_id}"

    def upload_folder(self, repo_id, folder_path, commit_message):
        self.uploads[repo_id]["folder"] = {file.name: file.read_bytes() for file in folder_path.iterdir()}


def test_what_is_pushed_to_the_hub_is_what_is_saved(monkeypatch, tiny, tmp_path):
    monkeypatch.setattr("huggingface_hub.HfApi", FakeHub)
    aligner = Aligner.load(tiny("preset"), device="cpu", dtype="float32", threshold=0.01)
    assert aligner.push_to_hub("me/mine", private=True, token="mine") == "https://hub.test/me/mine"
    aligner.save_pretrained(tmp_path / "saved")
    saved = {file.name: file.read_bytes() for file in (tmp_path / "saved").iterdir()}
    assert FakeHub.uploads == {"me/mine": {"private": True, "folder": saved}}


def test_a_refused_upload_is_one_line(monkeypatch, tiny):
    monkeypatch.setattr("huggingface_hub.HfApi", FakeHub)
    aligner = Aligner.load(tiny("preset"), device="cpu", dtype="float32")
    with pytest.raises(ModelError, match=r"^me/mine: cannot be uploaded: 403 Forbidden$"):
        aligner.push_to_hub("me/mine")
