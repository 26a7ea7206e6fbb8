"""How many sentence pairs a second, from file to file, beside other aligners on the same machine, text and checkpoint.

    python benchmarks/throughput.py                                   # base shape, random weights, CPU
    python benchmarks/throughput.py --model mini --src a.de --tgt a.en --pairs 94000
    python benchmarks/throughput.py --device cuda --pairs 200000 --peer-pairs 2000 --src a.de --tgt a.en

Models: `base` is the shape of XLM-R base and of multilingual BERT with random weights (checkpoints.py), against
SimAlign and awesome-align, each on the one that it takes; `tiny` is the same made small, to try this script out;
anything else is what `xalign align --model` takes, against eflomal. Every run is a process of its own (runners.py);
a repeat runs all aligners once, in turn, and ratios are taken within a repeat. --scaling adds a table over lengths
of text.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from checkpoints import MAKERS, SHAPES
from machine import describe, product_ceiling
from runners import Report, Task, run

from xalign.device import DTYPES, choose_device, choose_dtype
from xalign.text.sentences import SentencePair, read_files

REPOSITORY = Path(__file__).resolve().parent.parent
EVAL_DATA = REPOSITORY / "eval_data"
RESULTS = REPOSITORY / "benchmarks" / "results"
LONGEST = 150  # words of a side: what every aligner takes without cutting it
PEERS = {"simalign": "xlmr", "awesome-align": "bert", "eflomal": ""}  # peer -> the checkpoint that it takes


@dataclass(frozen=True)
class Contestant:
    """An aligner on a checkpoint: a row of the table."""

    name: str
    checkpoint: str  # its name: of MAKERS, or the --model
    task: Task

    @property
    def is_peer(self) -> bool:
        return self.task.system != "xalign"


def main() -> None:
    arguments = _parse()
    if arguments.threads:
        os.environ["OMP_NUM_THREADS"] = str(arguments.threads)  # of the processes to come
        torch.set_num_threads(arguments.threads)
    with TemporaryDirectory() as folder:
        measured = _measure(arguments, Path(folder))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nwritten to {arguments.out.name}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", default="base", help="base, tiny, or what xalign align takes")
    add("--src", type=Path, nargs="+", help="default: all of eval_data")
    add("--tgt", type=Path, nargs="+")
    add("--pairs", type=int, help="length of the text, which is repeated until then; default: as it is")
    add("--peer-pairs", type=int, help="how much of it peers align; default: all")
    add("--peers", nargs="*", choices=PEERS, help="default: those that take the model and are installed")
    add("--device", default="auto")
    add("--dtypes", nargs="+", choices=DTYPES, help="xalign's; default: what --dtype auto takes, and float32")
    add("--batch-tokens", type=int)
    add("--src-lang")
    add("--tgt-lang")
    add("--repeats", type=int, default=3)
    add("--threads", type=int, help="of every aligner; default: as each likes")
    add(
        "--scaling",
        type=int,
        nargs="+",
        default=[],
        metavar="PAIRS",
        help="lengths of text, for xalign's first row",
    )
    add("--out", type=Path, help="default: benchmarks/results/throughput-MODEL-DEVICE.json")
    arguments = parser.parse_args()
    arguments.device = str(choose_device(arguments.device))
    if arguments.dtypes is None:
        auto = choose_dtype("auto", choose_device(arguments.device))
        name_of = {dtype: name for name, dtype in DTYPES.items()}
        arguments.dtypes = list(dict.fromkeys([name_of[auto], "float32"]))
    if arguments.peers is None:
        fitting = ["simalign", "awesome-align"] if arguments.model in SHAPES else ["eflomal"]
        arguments.peers = [peer for peer in fitting if find_spec(peer.replace("-", "_"))]
        if missing := sorted(set(fitting) - set(arguments.peers)):
            print(f"not installed, left out: {', '.join(missing)}")
    if arguments.out is None:
        name = Path(arguments.model).name
        arguments.out = RESULTS / f"throughput-{name}-{arguments.device.replace(':', '')}.json"
    return arguments


def _measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    device = choose_device(arguments.device)
    machine = describe(device)
    pairs = _read_text(arguments)
    count = arguments.pairs or len(pairs)
    text = Text.write(folder / "text", pairs, count)
    peer_text = Text.write(folder / "peers", pairs, min(arguments.peer_pairs or count, count))
    checkpoints = _checkpoints(arguments, folder, pairs)
    contestants = list(_contestants(arguments, checkpoints, text, peer_text))
    ceilings = {name: product_ceiling(device, DTYPES[name]) for name in arguments.dtypes}

    repeats = [_repeat(contestants, number) for number in range(arguments.repeats)]
    lengths = {each.name: peer_text.pairs if each.is_peer else text.pairs for each in contestants}
    rates = {name: [length / each[name]["align_s"] for each in repeats] for name, length in lengths.items()}
    _print_rates(rates, repeats)
    ratios = _ratios(contestants, rates)
    _print_ratios(ratios)
    own = [each for each in contestants if not each.is_peer]
    stages = {each.name: run(replace(each.task, system="stages")) for each in own}
    for each in own:
        _print_stages(each.name, stages[each.name], text.pairs, ceilings[each.task.dtype])
    scaling = _scale(own[0], pairs, arguments.scaling, folder)
    return {
        "options": _options(arguments),
        "machine": machine,
        "text": {**text.facts(), "peer_pairs": peer_text.pairs},
        "product_ceiling_flop_per_s": ceilings,
        "pairs_per_s": rates,
        "ratios": ratios,
        "repeats": repeats,
        "stages": stages,
        "scaling": scaling,
    }


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options as a result gives them: of files their names alone."""
    options = {**vars(arguments), "model": Path(arguments.model).name}
    for side in ("src", "tgt"):
        options[side] = [path.name for path in options[side] or ()]
    del options["out"]
    return options


# The text.


@dataclass(frozen=True)
class Text:
    source: Path
    target: Path
    joined: Path
    pairs: int

    @classmethod
    def write(cls, folder: Path, pairs: Sequence[SentencePair], count: int) -> Text:
        """`count` pairs: those given, over and over."""
        folder.mkdir()
        text = cls(folder / "source", folder / "target", folder / "joined", count)
        with (
            text.source.open("w", encoding="utf-8") as source_file,
            text.target.open("w", encoding="utf-8") as target_file,
            text.joined.open("w", encoding="utf-8") as joined_file,
        ):
            for pair in islice(cycle(pairs), count):
                source, target = " ".join(pair.source), " ".join(pair.target)
                source_file.write(source + "\n")
                target_file.write(target + "\n")
                joined_file.write(f"{source} ||| {target}\n")
        return text

    def facts(self) -> dict[str, Any]:
        joined = self.joined.read_bytes()
        return {
            "pairs": self.pairs,
            "words": len(joined.split()) - self.pairs,
            "sha256": hashlib.sha256(joined).hexdigest(),
        }


def _read_text(arguments: argparse.Namespace) -> list[SentencePair]:
    """The pairs that every aligner takes: SimAlign breaks at an empty side and at more than 512 subwords."""
    sources = arguments.src or [
        folder / f"test.{folder.name[:2]}" for folder in sorted(EVAL_DATA.glob("*-en"))
    ]
    targets = arguments.tgt or [path.with_name("test.en") for path in sources]
    files = zip(sources, targets, strict=True)
    pairs = [pair for source, target in files for pair in read_files(source, target)]
    return [pair for pair in pairs if _takeable(pair.source) and _takeable(pair.target)]


def _takeable(words: Sequence[str]) -> bool:
    return 0 < len(words) <= LONGEST and "|||" not in words


# Who takes part.


def _checkpoints(
    arguments: argparse.Namespace, folder: Path, pairs: Sequence[SentencePair]
) -> dict[str, str]:
    """name -> what `--model` takes."""
    if arguments.model not in SHAPES:
        return {Path(arguments.model).name: arguments.model}
    sentences = [" ".join(side) for pair in pairs for side in (pair.source, pair.target)]
    wanted = ["xlmr", *{PEERS[peer] for peer in arguments.peers if PEERS[peer] == "bert"}]
    for name in wanted:
        MAKERS[name](folder / name, SHAPES[arguments.model], sentences)
    return {name: str(folder / name) for name in wanted}


def _contestants(
    arguments: argparse.Namespace, checkpoints: dict[str, str], text: Text, peer_text: Text
) -> Iterator[Contestant]:
    """Peers, then xalign on every checkpoint in every precision."""
    for peer in arguments.peers:
        name = PEERS[peer] if PEERS[peer] in checkpoints else next(iter(checkpoints))
        task = _task(arguments, peer, checkpoints[name], peer_text)
        yield Contestant(peer, name, task)
    for name, checkpoint in checkpoints.items():
        for dtype in arguments.dtypes:
            task = replace(_task(arguments, "xalign", checkpoint, text), dtype=dtype)
            yield Contestant(f"xalign {name} {dtype}", name, task)


def _task(arguments: argparse.Namespace, system: str, checkpoint: str, text: Text) -> Task:
    return Task(
        system=system,
        checkpoint=checkpoint,
        source=str(text.source),
        target=str(text.target),
        joined=str(text.joined),
        links=str(text.joined.with_name("links")),
        device=arguments.device,
        batch_tokens=arguments.batch_tokens,
        source_language=arguments.src_lang,
        target_language=arguments.tgt_lang,
    )


# What is measured.


def _repeat(contestants: Sequence[Contestant], number: int) -> dict[str, Report]:
    reports = {}
    for each in contestants:
        reports[each.name] = run(each.task)
        print(f"repeat {number + 1}: {each.name} {reports[each.name]['align_s']:.2f} s", flush=True)
    return reports


def _ratios(
    contestants: Sequence[Contestant], rates: dict[str, list[float]]
) -> dict[str, dict[str, list[float]]]:
    """xalign's row -> peer on the same checkpoint -> how many times as fast, per repeat."""
    return {
        own.name: {
            peer.name: [a / b for a, b in zip(rates[own.name], rates[peer.name], strict=True)]
            for peer in contestants
            if peer.is_peer and peer.checkpoint == own.checkpoint
        }
        for own in contestants
        if not own.is_peer
    }


def _scale(
    contestant: Contestant, pairs: Sequence[SentencePair], lengths: Sequence[int], folder: Path
) -> list[Report]:
    """One run per length of text."""
    rows: list[Report] = []
    for length in lengths:
        text = Text.write(folder / f"scaling-{length}", pairs, length)
        source, target, joined = str(text.source), str(text.target), str(text.joined)
        task = replace(contestant.task, source=source, target=target, joined=joined)
        rows.append({"pairs": length, **run(task)})
        _print_scaling(contestant.name, rows[-1], is_first=len(rows) == 1)
    return rows


# What is printed.


def _print_rates(rates: dict[str, list[float]], repeats: Sequence[dict[str, Report]]) -> None:
    print(f"\n{'from file to file':28} {'pairs/s':>9} {'least':>9} {'most':>9} {'load s':>7} "
          f"{'host MiB':>9} {'device MiB':>10}")  # fmt: skip
    for name, each in rates.items():
        reports = [repeat[name] for repeat in repeats]
        host = max(report["host_peak_mib"] for report in reports)
        device = max(report["device_peak_mib"] or 0 for report in reports)
        load = median(report["load_s"] for report in reports)
        print(f"{name:28} {median(each):9.1f} {min(each):9.1f} {max(each):9.1f} {load:7.1f} "
              f"{host:9.0f} {device:10.0f}")  # fmt: skip


def _print_ratios(ratios: dict[str, dict[str, list[float]]]) -> None:
    print(f"\n{'times as fast':28} {'as':>14} {'median':>8} {'least':>8} {'most':>8}")
    for own, peers in ratios.items():
        for peer, each in peers.items():
            print(f"{own:28} {peer:>14} {median(each):8.1f} {min(each):8.1f} {max(each):8.1f}")


def _print_stages(name: str, report: Report, pairs: int, ceiling: float) -> None:
    """Milliseconds per pair and share of each stage; what the encoder achieves."""
    seconds = report["stages_s"]
    print(f"\n{name}: stages, one after the other")
    for stage, spent in seconds.items():
        share = spent / sum(seconds.values())
        print(f"  {stage:9} {1000 * spent / pairs:9.3f} ms/pair {share:7.1%} {pairs / spent:12.0f} pairs/s")
    rate, full = report["encoder_flop_per_s"], report["subwords"] / report["padded_subwords"]
    print(f"  encoder: {rate / 1e12:.3f} TFLOP/s on real subwords, {rate / ceiling:.1%} of the ceiling of "
          f"{ceiling / 1e12:.3f}; {full:.1%} of the padded batches are real subwords, "
          f"{report['subwords'] / pairs:.1f} a pair")  # fmt: skip


def _print_scaling(name: str, row: Report, is_first: bool) -> None:
    if is_first:
        print(f"\n{name:28} {'ms/pair':>9} {'host MiB':>9} {'device MiB':>10}")
    per_pair = 1000 * row["align_s"] / row["pairs"]
    print(f"{row['pairs']:28,} {per_pair:9.3f} {row['host_peak_mib']:9.0f} "
          f"{row['device_peak_mib'] or 0:10.0f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
