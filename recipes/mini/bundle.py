"""The trained checkpoint -> the one in the package: half the size, and the threshold that the choosing halves chose.

python recipes/mini/bundle.py --trained runs/mini/trained
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from xalign.encoder import load_encoder
from xalign.models import BUNDLED, resolve
from xalign.train.checkpoint import save_checkpoint

THRESHOLD = 0.35  # chosen on the choosing halves, see README.md


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=BUNDLED)
    options = parser.parse_args()
    preset = resolve(str(options.trained))
    encoder = load_encoder(preset, dtype=torch.bfloat16)
    description = "bundled: English with 34 languages, 19 M parameters, trained by recipes/mini"
    source = "recipes/mini/README.md"
    bundled = replace(preset, name="mini", threshold=THRESHOLD, description=description, source=source)
    save_checkpoint(encoder, bundled, options.out)
    size = sum(file.stat().st_size for file in options.out.iterdir())
    print(f"{options.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
