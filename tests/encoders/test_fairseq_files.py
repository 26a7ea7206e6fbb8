"""fairseq's files that cannot be used are named, before anything in them is run."""

import io
import tarfile
import zipfile
from argparse import Namespace

import pytest
import torch
from refusals import refusal


@pytest.mark.parametrize(
    "content", [[], "text", 7, None, {}, {"model": [], "args": Namespace()}, {"model": {}, "args": {}}]
)
def test_a_model_pt_that_holds_something_else_is_named(folder, content):
    path = folder("fairseq") / "model.pt"
    torch.save(content, path)
    assert refusal(path.parent).startswith(f"{path}: expected ")


def without(weights, part):
    return {name: each for name, each in weights.items() if part not in name}


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda weights: without(weights, "embed_tokens"), "word_embeddings.weight is missing"),
        (lambda weights: without(weights, "embed_positions"), "position_embeddings.weight is missing"),
        (lambda weights: without(weights, "layers."), "intermediate.dense.weight is missing"),
        (lambda weights: without(weights, "layers.1.fc2"), "Missing key"),
        (lambda weights: {name: each.flatten() for name, each in weights.items()}, "no table"),
        (
            lambda weights: {name: each.expand(10**6, *each.shape) for name, each in weights.items()},
            "its sizes make",
        ),
        (
            lambda weights: {**weights, "decoder.sentence_encoder.layers.0.what.weight": torch.zeros(1)},
            "'what'",
        ),
        (lambda weights: {name: [1] for name in weights}, "tensors by their names"),
    ],
)
def test_a_model_pt_of_another_model_is_named(folder, spoil, complaint):
    path = folder("fairseq") / "model.pt"
    content = torch.load(path, weights_only=False)
    torch.save({**content, "model": spoil(content["model"])}, path)
    message = refusal(path.parent)
    assert message.startswith(f"{path}: ") and complaint in message


@pytest.mark.parametrize("heads", [0, 3, -1, "4", None, 10**9])
def test_the_heads_that_a_model_pt_names_are_checked(folder, heads):
    path = folder("fairseq") / "model.pt"
    content = torch.load(path, weights_only=False)
    torch.save({**content, "args": Namespace(encoder_attention_heads=heads)}, path)
    assert refusal(path.parent).startswith(f"{path}: num_attention_heads is ")


@pytest.mark.parametrize("file", ["dict.txt", "sentencepiece.bpe.model"])
def test_a_vocabulary_of_fairseqs_that_cannot_be_read_is_named(folder, file):
    path = folder("fairseq") / file
    path.write_bytes(b"\xff\xfe\x00")
    message = refusal(path.parent)
    assert message.startswith(f"{path.parent}: ") and file in message


@pytest.mark.parametrize("mode", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("file", ["model.pt", "unrelated.bin"])
def test_an_archive_is_unpacked_within_bounds(tmp_path, mode, file):
    path = tmp_path / f"xlmr.tar.{mode}"
    with tarfile.open(path, f"w:{mode}") as tar:
        member = tarfile.TarInfo(f"xlmr/{file}")
        member.size = (1 << 26) + 1
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    assert refusal(path).startswith(f"{path}: unpacks to more than 67,108,864 bytes")


def test_a_model_pt_that_would_expand_is_not_read(folder):
    path = folder("fairseq") / "model.pt"
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    [largest] = sorted(members, key=lambda name: len(members[name]))[-1:]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, bytes(1 << 26) if name == largest else content)
    message = refusal(path.parent)
    assert message.startswith(f"{path}: has ") and "unpacks to 67," in message


def test_a_zip_file_that_cannot_be_measured_is_not_read(folder, monkeypatch):
    path = folder("fairseq") / "model.pt"
    path.write_bytes(path.read_bytes()[:-100])  # torch might read what Python does not
    monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("it was read"))
    assert "model.pt: cannot be read as fairseq's XLM-R: damaged (" in refusal(path.parent)
