"""Text of each pair -> directed links of a statistical aligner (eflomal), combined by grow-diag.

    python recipes/mini/links.py --text runs/mini/text

Writes `en-de.forward`, `en-de.backward` and `en-de.links` beside the text, all source-target in Pharaoh format.
Eflomal: Östling and Tiedemann (2016), https://pypi.org/project/eflomal (GPL; a tool of this recipe, not of xalign).
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, required=True)
    options = parser.parse_args()
    for source in sorted(options.text.glob("en-*.en")):
        label(source, source.with_suffix(f".{source.stem.split('-')[1]}"))


def label(source: Path, target: Path) -> None:
    forward, backward, links = (source.with_suffix(suffix) for suffix in (".forward", ".backward", ".links"))
    if not backward.exists():
        subprocess.run(
            ["eflomal-align", "-s", source, "-t", target, "-f", forward, "-r", backward, "--overwrite"],
            check=True,
        )
    if not links.exists():
        subprocess.run(
            ["xalign", "symmetrize", "--method", "grow-diag", forward, backward, "-o", links], check=True
        )
    print(links)


if __name__ == "__main__":
    main()
