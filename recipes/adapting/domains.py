"""Gold sets and text near to them -> what a user would have: 10,000 sentence pairs, no links.

    python recipes/adapting/domains.py --data DATA --out runs/adapting

A folder per domain: `src` and `tgt`, 10,000 lines each; `gold`, links of the first of these lines, for scoring alone,
with their text once more as `gold.src` and `gold.tgt`. Adapting to the very text that is to be aligned is the natural
use.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "mini"))
from text import clean, read_source, tokenizer, usable

PAIRS = 10_000
SEED = 20261121


class Domain(NamedTuple):
    """A gold set (or several in one language pair), and the sources that its text is near to, nearest first."""

    gold: tuple[str, ...]
    languages: tuple[str, str]
    sources: tuple[str, ...]
    lower: tuple[bool, bool] = (False, False)  # which sides the gold set has in lower case
    halved: bool = False  # mini was trained on the gold set's even lines: only the others count


DOMAINS = {
    "ges_en-sv": Domain(("ges_en-sv",), ("en", "sv"), ("infopankki",)),
    "kftt_en-ja": Domain(
        ("kftt_en-ja_dev",),
        ("en", "ja"),
        ("flores_multi", "ntrex_multi", "wmtnews", "small_parallel_enja"),
        (True, False),
        halved=True,
    ),
    "alibi_fr-en": Domain(
        tuple(
            f"alibi_fr-en_{story}"
            for story in (
                "ChatBotte_MasterCat",
                "LAuberge_TheInn",
                "LaBarbeBleue_BlueBeard",
                "LaDerniereClasse_TheLastLesson",
                "LaVision_TheVision",
            )
        ),
        ("fr", "en"),
        ("atmt_enfr", "tatoeba"),
    ),
    "graca_en-es": Domain(
        ("graca_en-es",), ("en", "es"), ("wmtnews", "ntrex_multi", "tatoeba"), (True, True)
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("XALIGN_DATA"), help="folder with gold/ and parallel/"
    )
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.data is None:
        parser.error("give the data folder: --data DATA, or set XALIGN_DATA")
    for name, domain in DOMAINS.items():
        print(write_domain(Path(options.data), domain, options.out / name))


def write_domain(data: Path, domain: Domain, out: Path) -> str:
    out.mkdir(parents=True, exist_ok=True)
    sides: list[list[str]] = [[], []]
    gold: list[str] = []
    for name in domain.gold:
        folder = data / "gold" / "dev" / name
        for side, file in zip(sides, ("src", "tgt"), strict=True):
            side += read_lines(folder / file, domain.halved)
        gold += read_lines(folder / "gold", domain.halved)
    for lines, file in ((gold, "gold"), (sides[0], "gold.src"), (sides[1], "gold.tgt")):
        write_lines(out / file, lines)
    for source, target in near(data / "parallel", domain, PAIRS - len(gold)):
        sides[0].append(source)
        sides[1].append(target)
    for side, file in zip(sides, ("src", "tgt"), strict=True):
        write_lines(out / file, side)
    return f"{out}: {len(gold)} pairs with gold, {len(sides[0])} in all"


def read_lines(path: Path, halved: bool) -> list[str]:
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return lines[1::2] if halved else lines


def write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def near(parallel: Path, domain: Domain, most: int) -> list[tuple[str, str]]:
    """Sentence pairs of the sources, in their order, tokenised as the gold sets are."""
    first, second = domain.languages
    backwards = second == "en"  # the folders have English first
    found: dict[tuple[str, str], None] = {}
    for source in domain.sources:
        rows = read_source(parallel / source, f"{second}-{first}" if backwards else f"{first}-{second}")
        random.Random(f"{SEED} {source}").shuffle(rows)
        for row in rows:
            texts = row[::-1] if backwards else row
            pair = tuple(
                " ".join(tokenizer(language)(clean(text.lower() if lower else text)))
                for text, language, lower in zip(texts, domain.languages, domain.lower, strict=True)
            )
            if usable(*pair):
                found.setdefault((pair[0], pair[1]))
            if len(found) == most:
                return list(found)
    return list(found)


if __name__ == "__main__":
    main()
