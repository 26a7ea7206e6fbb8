"""XLM-R in the original files of fairseq: `model.pt`, `dict.txt`, `sentencepiece.bpe.model`, in a folder or a .tar.gz.

fairseq itself is not needed (it does not install on a current Python). The weights get the names of transformers'
XLM-R. The tokenizer is made from the sentencepiece model and compared with the dictionary, whose ids are those of
sentencepiece plus one: <s> 0, <pad> 1, </s> 2, <unk> 3, the pieces, <mask> last. From then on it is an ordinary XLM-R.

The pickle in `model.pt` is loaded safely: it may contain tensors and one `argparse.Namespace`, and nothing else.
Does not: read XLM-R XL and XXL, whose archives need omegaconf (use facebook/xlm-roberta-xl).
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import pickle
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias, TypeGuard

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase, XLMRobertaConfig, XLMRobertaModel

from ..errors import ModelError, first_line
from ..json_file import shortened
from ..models.preset import Preset
from .pretrained import read_tokenizer
from .roberta import RobertaEncoder
from .shape import Shape, check_weights_fit

Weights: TypeAlias = dict[str, Tensor]

_FILES = ("model.pt", "dict.txt", "sentencepiece.bpe.model")
_ZIP = b"PK\x03\x04"  # the first bytes of a zip file, by which torch, too, tells it
_SPECIALS = 4  # <s> <pad> </s> <unk>, which the dictionary does not list

# The most bytes that an archive may unpack to: this multiple of its size (weights hardly compress), at least some
# megabytes, and never more than a fixed limit.
_MOST_RATIO, _FEW_BYTES, _MOST_BYTES = 20, 1 << 26, 1 << 35
_OPENERS: dict[bytes, Callable[..., Any]] = {  # by the first bytes of a file
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}

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
        place = Path(preset.checkpoint.place)
        where = place if place.name == "model.pt" else place / "model.pt"
        with _opened(place) as folder:
            weights, arguments = _read_weights(folder / "model.pt", where)
            config = _config(weights, arguments, where)
            tokenizer = _read_tokenizer(folder, preset.checkpoint.place)
        if config.vocab_size != len(tokenizer):
            raise ModelError(
                f"{preset.checkpoint.place}: dict.txt and model.pt are of different vocabularies"
            )
        model = XLMRobertaModel(config, add_pooling_layer=False)
        # fairseq's XLM-R has no token types; transformers adds one to every position.
        no_types = {"embeddings.token_type_embeddings.weight": torch.zeros(1, config.hidden_size)}
        try:
            model.load_state_dict({**weights, **no_types})
        except RuntimeError as error:  # a line for each weight that does not fit
            raise ModelError(f"{where}: not fairseq's XLM-R: {first_line(error)}") from error
        return cls(model.to(dtype), tokenizer, preset)


@contextmanager
def _opened(path: Path) -> Iterator[Path]:
    """A folder with the three files; an archive is unpacked into a temporary folder."""
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
    """Write the three files, wherever they are in the archive, to the folder; no path in the archive is used."""
    try:
        with _decompressed(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                if name not in _FILES or not member.isfile() or member.issparse():
                    continue
                content = tar.extractfile(member)
                if content is not None:
                    with (folder / name).open("wb") as file:
                        shutil.copyfileobj(content, file)
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, ValueError) as error:
        raise ModelError(
            f"{archive}: neither a checkpoint folder nor a readable .tar.gz of one ({error})"
        ) from error


def _decompressed(archive: Path) -> Any:
    """A file with the decompressed content of the archive, which is bounded. The caller closes it."""
    size = archive.stat().st_size
    with archive.open("rb") as file:
        begins = file.read(6)
    opener = next((each for mark, each in _OPENERS.items() if begins.startswith(mark)), open)
    return _Bounded(opener(archive, "rb"), archive, min(_MOST_BYTES, max(_FEW_BYTES, size * _MOST_RATIO)))


class _Bounded(AbstractContextManager["_Bounded"]):
    """The decompressed content of an archive, up to `most` bytes; ModelError if there are more."""

    def __init__(self, stream: Any, archive: Path, most: int) -> None:
        self._stream = stream
        self._archive = archive
        self._most = self._left = most

    def read(self, size: int) -> bytes:
        chunk: bytes = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise ModelError(
                f"{self._archive}: unpacks to more than {self._most:,} bytes, which no checkpoint of its size does; "
                "if you trust it, unpack it yourself and give the folder"
            )
        return chunk

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def _expect_files(folder: Path, named: Path) -> None:
    for name in _FILES:
        if not (folder / name).is_file():
            raise ModelError(
                f"{named}: {name} is missing; a fairseq XLM-R checkpoint has {', '.join(_FILES)}"
            )


def _read_weights(path: Path, where: Path) -> tuple[Weights, argparse.Namespace]:
    """The encoder's weights by transformers' names, and the arguments that it was trained with."""
    _expect_uncompressed(path, where)
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{where}: not loaded, since it holds more than tensors and an argparse.Namespace "
            "(XLM-R XL and XXL do: use facebook/xlm-roberta-xl or -xxl)"
        ) from error
    except Exception as error:  # of damaged files, torch raises what it happens to run into
        raise ModelError(f"{where}: cannot be read as fairseq's XLM-R ({first_line(error)})") from error
    if not isinstance(content, dict):
        raise ModelError(f"{where}: expected what fairseq saves, found {shortened(content)}")
    weights, arguments = content.get("model"), content.get("args")
    if not isinstance(arguments, argparse.Namespace) or not _are_weights(weights):
        raise ModelError(f'{where}: expected "args", a Namespace, and "model", tensors by their names')
    check_weights_fit(sum(each.numel() for each in weights.values()), path.parent, where)
    try:
        return _renamed(_split(_encoder_part(weights))), arguments
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelError(f"{where}: not fairseq's XLM-R: its weights cannot be renamed ({error})") from error


def _expect_uncompressed(path: Path, where: Path) -> None:
    """ModelError if torch would read more bytes than the file has: torch never compresses, but it decompresses."""
    with path.open("rb") as file:
        if file.read(len(_ZIP)) != _ZIP:
            return  # the format of 2019, which is never compressed
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:  # the last: a newer kind of zip
        raise ModelError(f"{where}: cannot be read as fairseq's XLM-R: damaged ({error})") from error
    if size > path.stat().st_size:
        raise ModelError(
            f"{where}: has {path.stat().st_size:,} bytes, but unpacks to {size:,}: not saved by torch"
        )


def _are_weights(content: object) -> TypeGuard[Weights]:
    return isinstance(content, dict) and all(
        isinstance(name, str) and isinstance(each, Tensor) for name, each in content.items()
    )


def _encoder_part(weights: Weights) -> Weights:
    """The weights of the encoder without their prefix: `decoder.` in the published archives, later `encoder.`."""
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
    return renamed


def _config(weights: Weights, arguments: argparse.Namespace, where: Path) -> XLMRobertaConfig:
    """The config, derived from the shapes of the weights; only the number of heads cannot be seen in them."""
    tables = [_rows(weights, f"embeddings.{name}_embeddings.weight", where) for name in ("word", "position")]
    sizes = {
        "vocab_size": tables[0],
        "hidden_size": weights["embeddings.word_embeddings.weight"].shape[1],
        "num_hidden_layers": sum(name.endswith("intermediate.dense.bias") for name in weights),
        "num_attention_heads": getattr(arguments, "encoder_attention_heads", None),
        "intermediate_size": _rows(weights, "encoder.layer.0.intermediate.dense.weight", where),
        "max_position_embeddings": tables[1],
    }
    Shape.of(sizes, where)
    return XLMRobertaConfig(
        **sizes, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2
    )


def _rows(weights: Weights, name: str, where: Path) -> int:
    """The number of rows of a matrix; ModelError if it is missing."""
    if name not in weights or weights[name].dim() != 2:
        raise ModelError(f"{where}: not fairseq's XLM-R: the table {name} is missing or no table")
    return weights[name].shape[0]


def _read_tokenizer(folder: Path, checkpoint: str) -> PreTrainedTokenizerBase:
    """transformers' tokenizer from the sentencepiece model; ModelError unless it has the dictionary's ids."""
    with tempfile.TemporaryDirectory(prefix="xalign-") as alone:
        shutil.copy(folder / "sentencepiece.bpe.model", alone)
        (Path(alone) / "config.json").write_text('{"model_type": "xlm-roberta"}', encoding="utf-8")
        try:
            tokenizer = read_tokenizer(alone)
        except ModelError as error:
            raise ModelError(str(error).replace(alone, f"{checkpoint}: sentencepiece.bpe.model")) from error
    try:
        lines = (folder / "dict.txt").read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ModelError(f"{checkpoint}: dict.txt is not UTF-8 (position {error.start + 1})") from error
    pieces = [line.rpartition(" ")[0] for line in lines if line]
    expected = [*pieces, tokenizer.mask_token]
    if tokenizer.convert_ids_to_tokens(range(_SPECIALS, len(tokenizer))) != expected:
        raise ModelError(
            f"{checkpoint}: dict.txt does not list the pieces of sentencepiece.bpe.model in their order"
        )
    return tokenizer
