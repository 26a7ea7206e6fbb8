"""The results of throughput.py and startup.py as the tables of README.md.

python benchmarks/table.py benchmarks/results/*.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

Result = dict[str, Any]


def main(paths: list[str]) -> None:
    for path in paths:
        result: Result = json.loads(Path(path).read_text(encoding="utf-8"))
        machine = result["machine"]
        print(f"\n### {result.get('model') or result['options']['model']}, {machine['device']}\n")
        print(
            f"{machine['processor']}, {machine['threads']} threads, torch {machine['versions']['torch']}, ",
            end="",
        )
        print(f"commit {machine['commit']}, load before {machine['load_before']:.1f}\n")
        if "align" in result:
            _print_startup(result)
        else:
            _print_rates(result)
            _print_stages(result)
            _print_scaling(result)


def _print_rates(result: Result) -> None:
    memory = "device_peak_mib" if result["machine"]["cuda"] else "host_peak_mib"
    print("| | pairs/s (median) | least to most | peak MiB | times as fast as |")
    print("|---|---|---|---|---|")
    for name, rates in result["pairs_per_s"].items():
        peak = max(repeat[name][memory] or 0 for repeat in result["repeats"])
        ratios = result["ratios"].get(name, {})
        shown = "; ".join(
            f"{peer}: {median(r):.1f} ({min(r):.1f} to {max(r):.1f})" for peer, r in ratios.items()
        )
        print(
            f"| {name} | {median(rates):.1f} | {min(rates):.1f} to {max(rates):.1f} | {peak:.0f} | {shown} |"
        )


def _print_stages(result: Result) -> None:
    print(
        "\n| | encode, of all stages | TFLOP/s, on real subwords | of the ceiling "
        "| real subwords, of the padded batches |"
    )
    print("|---|---|---|---|---|")
    for name, report in result["stages"].items():
        seconds = report["stages_s"]
        rate, ceiling = report["encoder_flop_per_s"], result["product_ceiling_flop_per_s"][name.split()[-1]]
        share, real = (
            seconds["encode"] / sum(seconds.values()),
            report["subwords"] / report["padded_subwords"],
        )
        print(f"| {name} | {share:.0%} | {rate / 1e12:.3f} | {rate / ceiling:.0%} | {real:.0%} |")


def _print_scaling(result: Result) -> None:
    if result["scaling"]:
        print("\n| pairs | ms a pair | peak MiB |\n|---|---|---|")
    for row in result["scaling"]:
        print(
            f"| {row['pairs']:,} | {1000 * row['align_s'] / row['pairs']:.2f} | {row['host_peak_mib']:.0f} |"
        )


def _print_startup(result: Result) -> None:
    print("| | wall s | CPU s |\n|---|---|---|")
    runs = result["align"]
    print(f"| first line | {median(run['first_line_s'] for run in runs):.2f} | |")
    for name, each in (("all", runs), ("`xalign --help`", result["help"])):
        wall, cpu = (median(run[key] for run in each) for key in ("wall_s", "cpu_s"))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} |")
    for step in result["steps"][0]:
        wall, cpu = (median(run[step][key] for run in result["steps"]) for key in ("wall_s", "cpu_s"))
        print(f"| {step} | {wall:.2f} | {cpu:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
