"""The trained checkpoint -> the one in the package: half the size, and what the choosing halves chose.

python recipes/mini/bundle.py --trained runs/mini/trained
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path

import torch

from xalign.families import load_encoder
from xalign.models import BUNDLED, resolve
from xalign.train.checkpoint import save_checkpoint

# Chosen on the choosing halves, see README.md.
EXTRACT, THRESHOLD = "agreement", 0.4
SHARPNESS = 0.5  # what similarities are multiplied by: the training leaves probabilities too close to 0 and 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=BUNDLED["mini"])
    options = parser.parse_args()
    preset = resolve(str(options.trained))
    encoder = load_encoder(preset)
    final = encoder.model.get_submodule(
        "encoder.LayerNorm"
    )  # of both states that a similarity is the product of
    with torch.no_grad():
        for weight in final.parameters():
            weight.mul_(math.sqrt(SHARPNESS))
    description = "bundled: English with 34 languages, 19 M parameters, trained by recipes/mini"
    source = "recipes/mini/README.md"
    described = preset.changed(extract=EXTRACT, threshold=THRESHOLD, description=description, source=source)
    bundled = replace(described, name="mini")
    encoder.model.to(torch.bfloat16)
    save_checkpoint(encoder, bundled, options.out)
    size = sum(file.stat().st_size for file in options.out.iterdir())
    print(f"{options.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
