"""Does a text get the same links however it is cut, ordered and computed?

    python benchmarks/same_answer.py corpus.de corpus.en --folder runs/same

The text is aligned in float32 with one thread, and again with something changed that should not matter: the order of
the lines, the size of batches, three shards in place of the whole, two threads. Then in bfloat16, which does matter a
little. Each pass writes its links and scores into the folder. The same command again goes on with a pass that was
stopped; with `--compare` it compares what there is.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xalign.files import count_lines, read_lines

Answer = dict[tuple[int, int], float]  # the links of a pair, with their scores

CLOSE = 1e-5  # how far float32 may move a score
SHOWN = 5  # differing links printed for each pass


@dataclass(frozen=True)
class Pass:
    """One way to align the text. `shards`: so many runs. `reference`: the pass that it is compared with."""

    name: str
    options: tuple[str, ...] = ()
    threads: int = 1
    dtype: str = "float32"
    shuffled: bool = False
    shards: int = 1
    reference: str = "base"


BASE = Pass("base")
PASSES = (
    BASE,
    Pass("lines shuffled", shuffled=True),
    Pass("bfloat16", dtype="bfloat16"),
    Pass("batch-tokens 1000", ("--batch-tokens", "1000")),
    Pass("three shards", shards=3),
    Pass("two threads", threads=2),
    Pass("bfloat16, lines shuffled", dtype="bfloat16", shuffled=True, reference="bfloat16"),
)


@dataclass
class Difference:
    """Of the pairs of two passes."""

    pairs: int = 0
    links: int = 0  # of either pass
    pairs_with_others: int = 0  # whose links differ
    others: list[tuple[int, tuple[int, int], float]] = field(default_factory=list)  # line, link, its score
    largest: float = 0.0  # difference of the two scores of a link
    beyond: int = 0  # links whose scores differ by more than CLOSE

    def add(self, line: int, one: Answer, other: Answer) -> None:
        self.pairs += 1
        self.links += len(one.keys() | other.keys())
        differing = sorted(one.keys() ^ other.keys())
        self.pairs_with_others += bool(differing)
        self.others += [(line, link, {**one, **other}[link]) for link in differing]
        for link in one.keys() & other.keys():
            difference = abs(one[link] - other[link])
            self.largest = max(self.largest, difference)
            self.beyond += difference > CLOSE


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--folder", type=Path, required=True, help="where the passes write")
    parser.add_argument(
        "--passes", nargs="+", default=[each.name for each in PASSES], choices=[each.name for each in PASSES]
    )
    parser.add_argument("--compare", action="store_true", help="compare what is there, and align nothing")
    parser.add_argument("texts", type=Path, nargs=2, metavar="TEXT")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = [each for each in PASSES if each.name in options.passes]
    if (lines := count_lines(options.texts[0])) is None:
        parser.error("the texts are plain files: one pass shuffles their lines")
    order = shuffled_order(lines)
    if not options.compare:
        for each in chosen:
            align(each, options.model, options.texts, order, options.folder)
    print(
        "| pass | pairs | with other links | links | other links | largest difference of a score | beyond 1e-5 |"
    )
    print("|---|---|---|---|---|---|---|")
    for each in chosen:
        if each != BASE and (path := output(each, options.folder)):
            report(each, compare(each, path, order, options.folder))


def shuffled_order(lines: int) -> list[int]:
    """The line of the text that stands at each place, counted from 0; the same each time."""
    order = list(range(lines))
    random.Random(1).shuffle(order)
    return order


def align(way: Pass, model: str, texts: Sequence[Path], order: Sequence[int], folder: Path) -> None:
    """Write the links of a pass, or those that are missing."""
    if file_of(way, folder).exists():
        return
    if way.shuffled:
        texts = [shuffled(text, order, folder) for text in texts]
    command = [sys.executable, "-m", "xalign.cli", "align", *map(str, texts), *way.options]
    command += ["--model", model, "--dtype", way.dtype, "--format", "jsonl", "--scores"]
    for k, file in enumerate(files := files_of(way, folder), start=1):
        if not file.exists():
            shard = ["--shard", f"{k}/{way.shards}"] if way.shards > 1 else []
            ending = [*shard, "-o", str(file), "--resume", "--progress", "lines"]
            environment = {**os.environ, "OMP_NUM_THREADS": str(way.threads)}
            subprocess.run([*command, *ending], check=True, env=environment)
    if way.shards > 1:
        file_of(way, folder).write_bytes(b"".join(file.read_bytes() for file in files))


def shuffled(text: Path, order: Sequence[int], folder: Path) -> Path:
    path = folder / f"shuffled-{text.name}"
    lines = list(read_lines(text))
    path.write_text("".join(lines[line].rstrip("\n") + "\n" for line in order), encoding="utf-8")
    return path


def file_of(way: Pass, folder: Path) -> Path:
    return folder / f"{way.name.replace(' ', '_').replace('/', '_')}.jsonl"


def files_of(way: Pass, folder: Path) -> list[Path]:
    """The files of its runs, which together make that of the pass."""
    whole = file_of(way, folder)
    if way.shards == 1:
        return [whole]
    return [whole.with_name(f"{k}-of-{whole.name}") for k in range(1, way.shards + 1)]


def output(way: Pass, folder: Path) -> Path | None:
    """The file of a pass, or what there is of it."""
    whole = file_of(way, folder)
    for path in (whole, whole.with_name(f"{whole.name}.partial")):
        if path.exists():
            return path
    return None


def answers(path: Path) -> Iterator[Answer]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.endswith("\n"):  # of a pass that is not complete
                return
            found = json.loads(line)
            yield dict(zip(map(tuple, found["links"]), found.get("scores", ()), strict=True))


def compare(way: Pass, path: Path, order: Sequence[int], folder: Path) -> Difference:
    base = next(each for each in PASSES if each.name == way.reference)
    reference = output(base, folder)
    if reference is None:
        sys.exit(f"{folder}: the pass {base.name!r} is missing")
    difference = Difference()
    for line, one, other in paired(way, answers(reference), answers(path), order):
        difference.add(line + 1, one, other)
    return difference


def paired(
    way: Pass, base: Iterable[Answer], found: Iterable[Answer], order: Sequence[int]
) -> Iterator[tuple[int, Answer, Answer]]:
    """The two answers to each line that both have, with its number, counted from 0."""
    if way.shuffled:
        known = list(base)
        for line, answer in zip(order, found, strict=False):
            if line < len(known):
                yield line, known[line], answer
        return
    for line, (one, other) in enumerate(zip(base, found, strict=False)):
        yield line, one, other


def report(way: Pass, difference: Difference) -> None:
    d = difference
    print(
        f"| {way.name} | {d.pairs:,} | {d.pairs_with_others:,} ({d.pairs_with_others / max(1, d.pairs):.3%}) | "
        f"{d.links:,} | {len(d.others):,} ({len(d.others) / max(1, d.links):.3%}) | "
        f"{d.largest:.1e} | {d.beyond:,} |",
        flush=True,
    )
    for line, (source, target), score in d.others[:SHOWN] if way.dtype == BASE.dtype else ():
        print(f"  line {line}: {source}-{target}, score {score:.6f}", file=sys.stderr)


if __name__ == "__main__":
    main()
