"""A model beside the votes of statistical aligners, language by language: a proxy where there is no gold.

    python recipes/small/votes.py --text runs/small/text --work runs/small/votes --languages af am as

Prints for each language what share of the links that three of four votes contain (../mini/links.py) the model finds,
and what share of its own links at least one vote contains. The pairs are lines 1,501 to 1,800 of the text of English
and that language, but for the fifth on which the votes agree least; `make.sh` trains on the first 1,500, and on lines
after the 4,000th. The votes come from the first 8,000 lines.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path
from statistics import median

from links import AGREED, STEMS, align, vote

from xalign import Aligner
from xalign.formats import read_alignments
from xalign.text.sentences import SentencePair

VOTED = 8_000  # lines
TRAINED = 1_500  # lines
SCORED = 300  # lines
BALLOTS = 4


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, required=True, help="folder of en-af.en, en-af.af, ...")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for the votes; what is there is used"
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--languages", nargs="+", required=True)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    aligner = Aligner.load(options.model)
    print(f"{'':8} {'pairs':>6} {'found':>6} {'voted':>6}")
    shares = []
    for language in options.languages:
        source = shortened(options.text, options.work, f"en-{language}")
        pairs, ballots = voted_pairs(source)
        found, voted = compared(aligner, pairs, ballots)
        shares.append(found)
        print(f"en-{language:5} {len(pairs):6} {100 * found:6.1f} {100 * voted:6.1f}", flush=True)
    print(f"median of {len(shares)} languages: {100 * median(shares):.1f}")


def shortened(text: Path, work: Path, pair: str) -> Path:
    """The first lines of both sides in `work`; the source side."""
    for side in pair.split("-"):
        with (text / f"{pair}.{side}").open(encoding="utf-8") as lines:
            (work / f"{pair}.{side}").write_text("".join(islice(lines, VOTED)), encoding="utf-8")
    return work / f"{pair}.en"


def voted_pairs(source: Path) -> tuple[list[SentencePair], list[dict[tuple[int, int], float]]]:
    """The pairs that are scored, and the share of the votes that contain each link."""
    labels = source.with_suffix(".links")
    if not labels.exists():
        for stem in STEMS:
            align(source, stem)
        vote(source)
    sides = (
        path.read_text("utf-8").splitlines() for path in (source, source.with_suffix(f".{source.stem[3:]}"))
    )
    lines = list(zip(*sides, read_alignments(labels), strict=True))[TRAINED : TRAINED + SCORED]
    labelled = [each for each in lines if each[2].links]
    pairs = [SentencePair.of(english, other) for english, other, _ in labelled]
    return pairs, [dict(zip(each.links, each.scores or (), strict=True)) for _, _, each in labelled]


def compared(
    aligner: Aligner, pairs: list[SentencePair], ballots: list[dict[tuple[int, int], float]]
) -> tuple[float, float]:
    """The share of agreed links that the model finds, and of its links that have a vote."""
    agreed = found = linked = voted = 0
    for alignment, shares in zip(aligner.align(pairs), ballots, strict=True):
        links = set(alignment.links)
        sure = {link for link, share in shares.items() if share >= AGREED / BALLOTS}
        agreed, found = agreed + len(sure), found + len(sure & links)
        linked, voted = linked + len(links), voted + len(links & shares.keys())
    return found / max(1, agreed), voted / max(1, linked)


if __name__ == "__main__":
    main()
