"""Text of each pair -> links that two statistical aligners, in both directions, vote for.

    python recipes/mini/links.py --text runs/mini/text

Eflomal aligns each text twice, its words cut to their first four and to their first six letters: stems, by which rare
forms of a word share what is known of it. That makes four directed alignments. Every link of any of them is written to
`en-de.links` beside the text in Pharaoh format, with the share of the four that have it as its score. The fifth of the
pairs with the fewest links that three agree on, for their length, gets none at all: free or wrong translations, mostly.
Eflomal: Östling and Tiedemann (2016), https://pypi.org/project/eflomal (GPL; a tool of this recipe, not of xalign).
"""

from __future__ import annotations

import argparse
import os
import subprocess
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

STEMS = (4, 6)  # letters of a word that are kept
LENGTH = 0.3  # of eflomal's own number of iterations; more does not make better links
AGREED = 3  # votes
UNLABELLED = 0.2  # the share of pairs that is left out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, required=True)
    options = parser.parse_args()
    sizes = {text: text.stat().st_size for text in options.text.glob("??-??.??")}
    sources = sorted((text for text in sizes if text.stem[:2] == text.suffix[1:]), key=sizes.__getitem__)
    with Pool(os.cpu_count()) as pool:
        jobs = [(source, stem) for source in reversed(sources) for stem in STEMS]
        pool.starmap(align, jobs, chunksize=1)
        for labels in pool.imap(vote, sources, chunksize=1):
            print(labels)


def align(source: Path, stem: int) -> None:
    """Eflomal's two directions, both written source-target, in a run that can be repeated where it was stopped."""
    forward, backward = directed(source, stem)
    if backward.exists():
        return
    unfinished = [path.with_suffix(f"{path.suffix}.part") for path in (forward, backward)]
    command: list[str | Path] = ["eflomal-align", "--overwrite", "-s", source, "-t", target_of(source)]
    command += ["-f", unfinished[0], "-r", unfinished[1], "--length", str(LENGTH)]
    command += ["--source-prefix", str(stem), "--target-prefix", str(stem)]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    unfinished[0].rename(forward)
    unfinished[1].rename(backward)


def vote(source: Path) -> Path:
    sentences = [path.read_text(encoding="utf-8").splitlines() for path in (source, target_of(source))]
    ballots = [path.open(encoding="utf-8") for stem in STEMS for path in directed(source, stem)]
    labelled, coverage = [], []
    for lines, first, second in zip(zip(*ballots, strict=True), *sentences, strict=True):
        votes = Counter(link for line in lines for link in line.split())
        labelled.append(" ".join(f"{link}:{count / len(ballots):g}" for link, count in votes.items()))
        agreed = sum(count >= AGREED for count in votes.values())
        coverage.append(agreed / (first.count(" ") + second.count(" ") + 2))
    least = sorted(coverage)[int(UNLABELLED * len(coverage))]
    labels = source.with_suffix(".links")
    with labels.open("w", encoding="utf-8") as out:
        out.writelines(
            f"{links if share >= least else ''}\n" for links, share in zip(labelled, coverage, strict=True)
        )
    return labels


def target_of(source: Path) -> Path:
    return source.with_suffix(f".{source.stem[3:]}")


def directed(source: Path, stem: int) -> tuple[Path, Path]:
    return source.with_suffix(f".forward{stem}"), source.with_suffix(f".backward{stem}")


if __name__ == "__main__":
    main()
