"""The public encoder -> what training starts from: fewer blocks, a smaller vocabulary, embeddings at four bits.

    python recipes/small/start.py --encoder runs/small/encoder --text runs/small/text --out runs/small/start

Kept are the subwords that the text uses most, and every single character. The others are split into these. A row of the
embeddings keeps its values: four bits are what the encoder comes in. Text is read as `mini` reads it
(recipes/mini/reading.py).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from reading import SPLIT, normalizer
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from xalign.encoders.fourbit import pack
from xalign.models.preset import Preset

SUBWORDS = 150_000
BLOCKS = 8
WORDS = "embeddings.word_embeddings"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", type=Path, required=True, help="what convert.py wrote")
    parser.add_argument("--text", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--subwords", type=int, default=SUBWORDS)
    parser.add_argument("--blocks", type=int, default=BLOCKS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    described = json.loads((options.encoder / "tokenizer.json").read_text(encoding="utf-8"))
    counts = count_subwords(Tokenizer.from_file(str(options.encoder / "tokenizer.json")), options.text)
    kept = choose(described, counts, options.subwords)
    write_tokenizer(described, kept, options.out)
    weights = load_file(options.encoder / "model.safetensors")
    write_weights(weights, kept, options.blocks, options.out)
    config = json.loads((options.encoder / "config.json").read_text(encoding="utf-8"))
    config |= {"num_hidden_layers": options.blocks, "vocab_size": len(kept)}
    (options.out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    told = (options.encoder / "tokenizer_config.json").read_text(encoding="utf-8")
    (options.out / "tokenizer_config.json").write_text(told, encoding="utf-8")
    preset = Preset.of("small", ".", layer=options.blocks, **PRESET)
    (options.out / "xalign.json").write_text(preset.to_json(), encoding="utf-8")
    share = counts[kept].sum() / counts.sum()
    print(f"{options.out}: {len(kept)} subwords, which make up {100 * share:.2f} % of the text")


def count_subwords(tokenizer: Tokenizer, folders: list[Path]) -> NDArray[np.int64]:
    """How often each subword stands in the text. Shape: (subwords,)"""
    words: Counter[str] = Counter()
    for folder in folders:
        for file in sorted(folder.glob("en-??.??")):
            words.update(file.read_text(encoding="utf-8").split())
    counts = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
    texts = list(words)
    for first in range(0, len(texts), 100_000):
        some = texts[first : first + 100_000]
        for word, encoding in zip(
            some, tokenizer.encode_batch_fast(some, add_special_tokens=False), strict=True
        ):
            np.add.at(counts, encoding.ids, words[word])
    return counts


def choose(described: dict[str, Any], counts: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """The ids that are kept, in their order."""
    pieces = [text for text, _ in described["model"]["vocab"]]
    specials = {token["id"] for token in described["added_tokens"]}
    always = np.array([k in specials or len(text.lstrip("▁")) <= 1 for k, text in enumerate(pieces)])
    ranks = np.lexsort(
        (np.arange(len(pieces)), -counts, ~always)
    )  # of equally frequent ones the earlier first
    return np.sort(ranks[:most])


def write_tokenizer(described: dict[str, Any], kept: NDArray[np.int64], out: Path) -> None:
    numbers = {int(old): new for new, old in enumerate(kept)}
    vocabulary = described["model"]["vocab"]
    described["model"]["vocab"] = [vocabulary[old] for old in kept]
    described["model"]["unk_id"] = numbers[described["model"]["unk_id"]]
    for token in described["added_tokens"]:
        token["id"] = numbers[token["id"]]
    tokenizer = Tokenizer.from_str(json.dumps(described))
    tokenizer.normalizer = normalizer(
        variants={}
    )  # the encoder knows Persian and Romanian with letters of their own
    tokenizer.pre_tokenizer = SPLIT
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)


def write_weights(weights: dict[str, torch.Tensor], kept: NDArray[np.int64], blocks: int, out: Path) -> None:
    rows = weights.pop(f"{WORDS}.weight")[torch.from_numpy(kept)]
    dropped = tuple(f"encoder.layer.{k}." for k in range(blocks, 100))
    tensors = {name: each for name, each in weights.items() if not name.startswith(dropped)}
    tensors[f"{WORDS}.packed"], tensors[f"{WORDS}.scales"] = pack(rows)
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})


PRESET = {
    "family": "postnorm",
    "encode": "pair",
    "similarity": "dot",
    "extract": "agreement",
    "threshold": 0.4,
    "level": "word",
    "punctuation": "apart",
}

if __name__ == "__main__":
    main()
