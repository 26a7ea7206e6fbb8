"""Targets that load a checkpoint with one file of it changed; a thousand times as slow as other parsers."""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from fuzz_targets import Parser, Target
from safetensors.torch import save
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from xalign.encoders.families import load_encoder
from xalign.encoders.prenorm import PrenormModel
from xalign.encoders.shape import Shape
from xalign.models import resolve

WORDS = ("▁", "a", "b", "▁a", "ab")
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
SENTENCE = ("ab", "b\u0301", "\x00", "x" * 50, "")


@cache
def files() -> dict[str, bytes]:
    """A checkpoint of some thousand bytes, as `mini` is one."""
    pieces = [*SPECIALS, *WORDS]
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0 - k) for k, piece in enumerate(pieces)], 3))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("x", "ab")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(list(SPECIALS))
    config = {
        "model_type": "xlm-roberta-xl", "vocab_size": len(pieces), "hidden_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 16, "type_vocab_size": 2,
        "pad_token_id": 1,
    }  # fmt: skip
    torch.manual_seed(0)
    weights = {name: each.clone() for name, each in PrenormModel(Shape.of(config)).state_dict().items()}
    return {
        "config.json": json.dumps(config).encode(),
        "tokenizer.json": tokenizer.to_str().encode(),
        "tokenizer_config.json": json.dumps({"sep_token": "</s>", "cls_token": {"content": "<s>"}}).encode(),
        "model.safetensors": save({name: torch.randn_like(each) for name, each in weights.items()}),
    }


def changing(name: str, folder: Path) -> Parser:
    """Loads the checkpoint with this content in one of its files, and splits words."""
    folder = folder / f"with {name}"
    folder.mkdir(exist_ok=True)
    for each, content in files().items():
        (folder / each).write_bytes(content)

    def parse(content: bytes) -> None:
        (folder / name).write_bytes(content)
        load_encoder(resolve(str(folder))).split(SENTENCE, None)

    return parse


def loading(name: str, folder: Path) -> Parser:
    """Loads an archive, or a folder with a model.pt beside the other two files of fairseq's."""
    own = folder / f"fairseq {name}"
    own.mkdir(exist_ok=True)
    for each in ("dict.txt", "sentencepiece.bpe.model"):
        (own / each).write_bytes(b"a 1\n")

    def parse(content: bytes) -> None:
        (own / name).write_bytes(content)
        load_encoder(resolve(str(own if name == "model.pt" else own / name)))

    return parse


def model_pt() -> bytes:
    content = io.BytesIO()
    weights = {"decoder.sentence_encoder.embed_tokens.weight": torch.zeros(5, 4)}
    torch.save({"args": argparse.Namespace(encoder_attention_heads=2), "model": weights}, content)
    return content.getvalue()


def archive(compression: str) -> bytes:
    mode: Any = f"w:{compression}"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as tar:
        for name, data in (
            ("model.pt", model_pt()),
            ("dict.txt", b"a 1\n"),
            ("sentencepiece.bpe.model", b"\n\x07"),
        ):
            member = tarfile.TarInfo(f"xlmr/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue()


def all_targets() -> Iterator[tuple[str, Target]]:
    for name, content in files().items():
        yield f"checkpoint {name}", Target(partial(changing, name), (content,))
    yield "fairseq model.pt", Target(partial(loading, "model.pt"), (model_pt(),))
    yield "fairseq archive", Target(partial(loading, "archive"), tuple(map(archive, ("", "gz", "bz2", "xz"))))


CHECKPOINT_TARGETS: dict[str, Target] = dict(all_targets())
