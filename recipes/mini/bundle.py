"""The trained checkpoint -> the one in the package: half the size, and what the choosing halves chose.

python recipes/mini/bundle.py --trained runs/mini/trained
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

BESIDE = 0.25  # the share of --beside in the mean of weights
# Chosen on the choosing halves, see README.md.
EXTRACT, THRESHOLD = "agreement-grow", 0.45
SHARPNESS = 0.5  # what similarities are multiplied by: the training leaves probabilities too close to 0 and 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--beside", metavar="MODEL", help="its weights count for a quarter of the mean")
    parser.add_argument("--sharpness", type=float, default=SHARPNESS)
    parser.add_argument("--out", type=Path, default=BUNDLED["mini"])
    options = parser.parse_args()
    preset = resolve(str(options.trained))
    encoder = load_encoder(preset)
    final = encoder.model.get_submodule("encoder.LayerNorm")  # both states of a similarity leave it
    with torch.no_grad():
        if options.beside:
            beside = load_encoder(resolve(options.beside)).model.state_dict()
            for name, weight in encoder.model.named_parameters():
                weight.lerp_(beside[name], BESIDE)
        for weight in final.parameters():
            weight.mul_(math.sqrt(options.sharpness))
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
