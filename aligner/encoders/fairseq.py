"""XLM-R as fairseq published it: `model.pt`, `dict.txt`, `sentencepiece.bpe.model`, in a folder or a .tar.gz.

fairseq itself is not needed (nor does it install on a current Python). The weights are renamed into
transformers' XLM-R; the tokenizer is made from the sentencepiece model and checked against the dictionary,
whose ids are sentencepiece's plus one: <s> 0, <pad> 1, </s> 2, <unk> 3, the pieces, <mask> last. From there
on it is XLM-R like any other.

Safe: the pickle may hold tensors and one `argparse.Namespace`, nothing else.
Does not: XLM-R XL and XXL, whose archives need omegaconf (use facebook/xlm-roberta-xl).
"""

from __future__ import annotations

import argparse
import pickle
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase, XLMRobertaConfig, XLMRobertaModel

from xalign.encoders.pretrained import read_tokenizer
from xalign.encoders.roberta import RobertaEncoder
from xalign.errors import ModelError
from xalign.models import Preset

Weights: TypeAlias = dict[str, Tensor]

_FILES = ("model.pt", "dict.txt", "sentencepiece.bpe.model")
_SPECIALS = 4  # <s> <pad> </s> <unk>, which the dictionary does not list

# fairseq's names, after the prefix -> transformers'. {n} is the number of a block.
_EMBEDDINGS = {
    "embed_tokens.weight": "embeddings.word_embeddings.weight",
    "embed_positions.weight": "embeddings.position_embeddings.weight",
    "emb_layer_norm": "embeddings.LayerNorm",
    "layernorm_embedding": "embeddings.LayerNorm",  # since fairseq 0.10
}
_BLOCK = {
    "self_attn.q_proj": "attention.self.query",
    "self_attn.k_proj": "attention.self.key",
    "self_attn.v_proj": "attention.self.value",
    "self_attn.out_proj": "attention.output.dense",
    "self_attn_layer_norm": "attention.output.LayerNorm",
    "fc1": "intermediate.dense",
    "fc2": "output.dense",
    "final_layer_norm": "output.LayerNorm",
}
_ENCODER = re.compile(r"(?:decoder|encoder)\.sentence_encoder\.(?P<name>.+)")
_IN_BLOCK = re.compile(r"layers\.(?P<number>\d+)\.(?P<part>.+)\.(?P<kind>weight|bias)")
_FUSED = re.compile(r"(?P<attention>layers\.\d+\.self_attn)\.in_proj_(?P<kind>weight|bias)")


class FairseqEncoder(RobertaEncoder):
    @classmethod
    def load(cls, preset: Preset, dtype: torch.dtype) -> FairseqEncoder:
        with _opened(Path(preset.checkpoint)) as folder:
            weights, arguments = _read_weights(folder / "model.pt", preset.checkpoint)
            tokenizer = _read_tokenizer(folder, preset.checkpoint)
        if weights["embeddings.word_embeddings.weight"].shape[0] != len(tokenizer):
            raise ModelError(f"{preset.checkpoint}: dict.txt and model.pt are of different vocabularies")
        model = XLMRobertaModel(_config(weights, arguments), add_pooling_layer=False)
        model.load_state_dict(weights)
        return cls(model.to(dtype), tokenizer, preset)


@contextmanager
def _opened(path: Path) -> Iterator[Path]:
    """A folder that holds the three files, unpacked for the while if they are still in their archive."""
    if path.name == "model.pt":
        path = path.parent
    if path.is_dir():
        _expect_files(path, path)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="xalign-") as folder:
        _unpack(path, Path(folder))
        _expect_files(Path(folder), path)
        yield Path(folder)


def _unpack(archive: Path, folder: Path) -> None:
    """Write the three files, wherever in the archive they stand, under names of our own choosing."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                content = tar.extractfile(member) if name in _FILES and member.isfile() else None
                if content is not None:
                    with (folder / name).open("wb") as file:
                        shutil.copyfileobj(content, file)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ModelError(
            f"{archive}: neither a checkpoint folder nor a readable .tar.gz of one ({error})"
        ) from error


def _expect_files(folder: Path, named: Path) -> None:
    for name in _FILES:
        if not (folder / name).is_file():
            raise ModelError(
                f"{named}: {name} is missing; a fairseq XLM-R checkpoint has {', '.join(_FILES)}"
            )


def _read_weights(path: Path, checkpoint: str) -> tuple[Weights, argparse.Namespace]:
    """The encoder's weights by transformers' names, and the arguments that it was trained with."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(path, map_location="cpu", weights_only=True)
        return _renamed(_split(_encoder_part(content["model"]))), content["args"]
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{checkpoint}: not loaded, since model.pt holds more than tensors and an argparse.Namespace "
            "(XLM-R XL and XXL do: use facebook/xlm-roberta-xl or -xxl)"
        ) from error
    except (KeyError, RuntimeError, EOFError) as error:
        raise ModelError(f"{checkpoint}: model.pt cannot be read as fairseq's XLM-R ({error})") from error


def _encoder_part(weights: Weights) -> Weights:
    """Without the heads, and without the prefix: `decoder.` in the published archives, later `encoder.`."""
    matches = ((_ENCODER.fullmatch(name), weight) for name, weight in weights.items())
    return {match["name"]: weight for match, weight in matches if match}


def _split(weights: Weights) -> Weights:
    """Older archives hold query, key and value projection in one tensor, in this order."""
    split: Weights = {}
    for name, weight in weights.items():
        if fused := _FUSED.fullmatch(name):
            for projection, part in zip(("q_proj", "k_proj", "v_proj"), weight.chunk(3), strict=True):
                split[f"{fused['attention']}.{projection}.{fused['kind']}"] = part
        else:
            split[name] = weight
    return split


def _renamed(weights: Weights) -> Weights:
    renamed = {}
    for name, weight in weights.items():
        if in_block := _IN_BLOCK.fullmatch(name):
            part = _BLOCK[in_block["part"]]
            renamed[f"encoder.layer.{in_block['number']}.{part}.{in_block['kind']}"] = weight
        elif name in _EMBEDDINGS:
            renamed[_EMBEDDINGS[name]] = weight
        elif (stem := name.rpartition(".")[0]) in _EMBEDDINGS:
            renamed[name.replace(stem, _EMBEDDINGS[stem])] = weight
    # fairseq's XLM-R has no token types; transformers adds one to every position.
    width = renamed["embeddings.word_embeddings.weight"].shape[1]
    return {**renamed, "embeddings.token_type_embeddings.weight": torch.zeros(1, width)}


def _config(weights: Weights, arguments: argparse.Namespace) -> XLMRobertaConfig:
    """The shape, read off the weights; only the number of heads leaves no trace in them."""
    vocabulary, width = weights["embeddings.word_embeddings.weight"].shape
    return XLMRobertaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=sum(name.endswith("intermediate.dense.bias") for name in weights),
        num_attention_heads=arguments.encoder_attention_heads,
        intermediate_size=weights["encoder.layer.0.intermediate.dense.bias"].shape[0],
        max_position_embeddings=weights["embeddings.position_embeddings.weight"].shape[0],
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )


def _read_tokenizer(folder: Path, checkpoint: str) -> PreTrainedTokenizerBase:
    """transformers' tokenizer from the sentencepiece model; ModelError unless it has the dictionary's ids."""
    with tempfile.TemporaryDirectory(prefix="xalign-") as alone:
        shutil.copy(folder / "sentencepiece.bpe.model", alone)
        (Path(alone) / "config.json").write_text('{"model_type": "xlm-roberta"}', encoding="utf-8")
        tokenizer = read_tokenizer(alone)
    lines = (folder / "dict.txt").read_text(encoding="utf-8").split("\n")
    pieces = [line.rpartition(" ")[0] for line in lines if line]
    expected = [*pieces, tokenizer.mask_token]
    if tokenizer.convert_ids_to_tokens(range(_SPECIALS, len(tokenizer))) != expected:
        raise ModelError(
            f"{checkpoint}: dict.txt does not list the pieces of sentencepiece.bpe.model in their order"
        )
    return tokenizer
