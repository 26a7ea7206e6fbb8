"""Trained checkpoints -> the one in the package: the mean of their weights, in bfloat16.

    python recipes/small/bundle.py --trained runs/small/trained-1 runs/small/trained-2 --languages "de en"

All must have been trained from one start (Wortsman et al. 2022, "Model soups"). The word embeddings stay at the four
bits that they came in. The threshold is the one that the choosing halves chose.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path

import torch

from xalign.encoders.families import load_encoder
from xalign.models import BUNDLED, resolve
from xalign.train.checkpoint import save_checkpoint

# Chosen on the choosing halves, see README.md.
EXTRACT, THRESHOLD = "agreement-grow", 0.5
SHARPNESS = 0.45  # what similarities are multiplied by
LAST = "encoder.layer.{}.output.LayerNorm."


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trained", type=Path, nargs="+", required=True)
    parser.add_argument("--languages", required=True, help="codes, separated by spaces")
    parser.add_argument("--out", type=Path, default=BUNDLED["small"])
    parser.add_argument("--sharpness", type=float, default=SHARPNESS)
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    options = parser.parse_args()
    trained = [load_encoder(resolve(str(folder))) for folder in options.trained]
    encoder = trained[0]
    languages = tuple(sorted({"en", *options.languages.split()}))
    described = encoder.preset.changed(
        family="postnorm",
        extract=EXTRACT,
        threshold=options.threshold,
        languages=languages,
        description=f"bundled: {len(languages)} languages, started from multilingual-e5-small",
        source="recipes/small/README.md",
    )
    bundled = replace(described, name="small")
    buffers = {name for name, _ in encoder.model.named_buffers()}
    last = LAST.format(encoder.layers - 1)  # of both states that a similarity is the product of
    states = [each.model.state_dict() for each in trained]
    weights = {}
    for name, weight in states[0].items():
        if name in buffers:
            weights[name] = weight
            continue
        mean = torch.stack([state[name] for state in states]).mean(dim=0)
        if name.startswith(last):
            mean *= math.sqrt(options.sharpness)
        weights[name] = mean.to(torch.bfloat16)
    options.out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(encoder, bundled, options.out, weights)
    size = sum(file.stat().st_size for file in options.out.iterdir())
    print(f"{options.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
