"""How well do SimAlign and awesome-align align with the encoder that `small` was made from, as it is?

    pip install . simalign==0.4 awesome-align==0.1.7
    python recipes/small/convert.py --out runs/small/encoder
    PYTHONPATH=recipes/mini python benchmarks/public_encoder.py --encoder runs/small/encoder --data DATA

Each aligner's own package aligns the sentences that are for reporting (recipes/mini/gold.py). The layer, and
awesome-align's threshold, are those with the best mean AER on the sentences that are for choosing, of each set some
hundred. There xalign takes the package's place: on the same layer it finds the same links (`pytest -m public`), and it
reads all layers off one pass.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import other_aligners
from gold import TEST, GoldSet, for_choosing, for_reporting

from xalign import Aligner
from xalign.formats import read_alignments
from xalign.links import Alignment
from xalign.score.aer import count, total
from xalign.score.significance import bootstrap_interval

LAYERS = range(4, 10)  # of twelve
CHOOSING = 100  # pairs of a set, about
PACKAGES = ("simalign", "awesome-align")
SIMALIGN_NAMES = {"argmax": "inter", "itermax": "itermax"}

Links = list[Alignment]


@dataclass(frozen=True)
class System:
    """A package's method by xalign's names; a threshold is awesome-align's."""

    extract: str
    threshold: float | None = None

    @property
    def package(self) -> str:
        return "simalign" if self.threshold is None else "awesome-align"

    @property
    def name(self) -> str:
        if self.threshold is None:
            return f"SimAlign {self.extract}"
        return f"awesome-align > {self.threshold}"


SYSTEMS = (
    System("argmax"),
    System("itermax"),
    *(System("softmax", threshold) for threshold in (0.001, 0.01, 0.1, 0.3, 0.5)),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("XALIGN_DATA"), help="folder with gold/ inside"
    )
    parser.add_argument(
        "--encoder",
        type=Path,
        required=True,
        help="what recipes/small/convert.py writes, or awesome_training.py",
    )
    parser.add_argument("--only", choices=PACKAGES, nargs="+", default=PACKAGES)
    options = parser.parse_args()
    if options.data is None:
        parser.error("give the data folder: --data DATA, or set XALIGN_DATA")
    systems = [each for each in SYSTEMS if each.package in options.only]
    layers = chosen_layers(options.encoder, systems, [thinned(each) for each in for_choosing(options.data)])
    reporting = sorted(for_reporting(options.data), key=lambda each: each.name not in TEST)  # these first
    aers: dict[str, dict[str, float]] = {}
    for run in runs(options.encoder, layers):
        for gold_set in reporting:
            for name, links in run(gold_set).items():
                aers.setdefault(name, {})[gold_set.name] = print_row(name, gold_set, links)
    for name, of_sets in aers.items():
        for prefix in ("xlwa", ""):
            chosen = [aer for gold_set, aer in of_sets.items() if gold_set.startswith(prefix)]
            print(f"{name}: mean of {len(chosen)} {prefix or 'sets'}: {sum(chosen) / len(chosen):.2f}")


def thinned(gold_set: GoldSet) -> GoldSet:
    step = max(1, len(gold_set.pairs) // CHOOSING)
    return replace(gold_set, pairs=gold_set.pairs[::step], gold=gold_set.gold[::step])


def chosen_layers(encoder: Path, systems: Sequence[System], sets: Sequence[GoldSet]) -> dict[System, int]:
    """The best layer of each system; of awesome-align's thresholds the best one is kept."""
    best: dict[System, tuple[float, int]] = {}
    for system in systems:
        by_layer = aer_by_layer(encoder, system, sets)
        shown = ", ".join(f"{layer} {aer:.1f}" for layer, aer in by_layer.items())
        print(f"{system.name}, mean AER of the choosing sets by layer: {shown}", flush=True)
        best[system] = min((aer, layer) for layer, aer in by_layer.items())
    kept = min((system for system in best if system.threshold), key=best.__getitem__, default=None)
    return {
        system: layer for system, (_, layer) in best.items() if system.threshold is None or system == kept
    }


def aer_by_layer(encoder: Path, system: System, sets: Sequence[GoldSet]) -> dict[int, float]:
    """Mean AER of the sets, in percent, with xalign's method in the package's place."""
    aligner = Aligner.load(
        str(encoder),
        encode="separate",
        layer=0,
        similarity="dot" if system.threshold else "cosine",
        extract=system.extract,
        threshold=system.threshold,
    )
    found = aligner.align_layers((pair for each in sets for pair in each.pairs), LAYERS)
    sums = dict.fromkeys(LAYERS, 0.0)
    for gold_set in sets:
        alignments = [next(found) for _ in gold_set.gold]
        for layer in LAYERS:
            counts = map(count, (each[layer] for each in alignments), gold_set.gold)
            sums[layer] += 100 * total(counts).aer
    return {layer: summed / len(sets) for layer, summed in sums.items()}


def runs(encoder: Path, layers: dict[System, int]) -> list[Callable[[GoldSet], dict[str, Links]]]:
    """What aligns a set with a package, by the names that its rows get; a layer of SimAlign's is encoded once."""
    found: list[Callable[[GoldSet], dict[str, Links]]] = []
    simalign = {system: layer for system, layer in layers.items() if system.threshold is None}
    for layer in sorted(set(simalign.values())):
        names = {
            f"{system.name}, layer {layer}": SIMALIGN_NAMES[system.extract]
            for system, own in simalign.items()
            if own == layer
        }
        found.append(partial(simalign_links, other_aligners.simalign(encoder, "ai", layer=layer), names))
    for system, layer in layers.items():
        if system.threshold:
            align = other_aligners.awesome_align(encoder, layer=layer, threshold=system.threshold)
            found.append(partial(awesome_align_links, align, f"{system.name}, layer {layer}"))
    return found


def simalign_links(aligner: Any, names: dict[str, str], gold_set: GoldSet) -> dict[str, Links]:
    found = [aligner.get_word_aligns([*pair.source], [*pair.target]) for pair in gold_set.pairs]
    return {name: [Alignment.of(links[theirs]) for links in found] for name, theirs in names.items()}


def awesome_align_links(
    align: Callable[[Path, Path], None], name: str, gold_set: GoldSet
) -> dict[str, Links]:
    with TemporaryDirectory() as folder:
        joined, links = Path(folder, "joined"), Path(folder, "links")
        lines = (f"{' '.join(pair.source)} ||| {' '.join(pair.target)}\n" for pair in gold_set.pairs)
        joined.write_text("".join(lines), encoding="utf-8")
        align(joined, links)
        return {name: read_alignments(links, format="pharaoh")}


def print_row(name: str, gold_set: GoldSet, links: Links) -> float:
    """A line of figures; the AER in percent."""
    counts = [count(*each) for each in zip(links, gold_set.gold, strict=True)]
    scored, interval = total(counts), bootstrap_interval(counts)
    precision, recall, aer = (100 * each for each in (scored.precision, scored.recall, scored.aer))
    around = f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
    print(
        f"{name:35} {gold_set.name:44} {len(counts):5} P {precision:5.1f} R {recall:5.1f} AER {aer:5.1f} ({around})",
        flush=True,
    )
    return aer


if __name__ == "__main__":
    main()
