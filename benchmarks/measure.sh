#!/usr/bin/env bash
# Every figure in README.md that needs no GPU, in under ten minutes on two quiet cores:
#   benchmarks/measure.sh SOURCE TARGET
# The first 100 pairs are the peers' share on the base shape: on a CPU they take seconds for a few.
set -euo pipefail
source=$(realpath "$1") target=$(realpath "$2")
cd "$(dirname "$0")"
lines=$(wc -l < "$source")

python startup.py
python throughput.py --model mini --src "$source" --tgt "$target" --pairs $((10 * lines)) --scaling 1000 10000
python throughput.py --src "$source" --tgt "$target" --peer-pairs 100 --repeats 2
python table.py results/startup-mini-cpu.json results/throughput-mini-cpu.json results/throughput-base-cpu.json
