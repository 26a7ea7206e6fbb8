#!/usr/bin/env bash
# Teaches `mini` what `small` knows: its links on text of every language pair. After make.sh, in its folder; about an hour on two
# CPU cores with bfloat16 products.
#
#     XALIGN_DATA=/path/to/data recipes/mini/teach.sh [WORK_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-runs/mini}
taught=$work/taught text=$work/taught-varied

[ -e "$taught/ru-uk.links" ] ||
  python recipes/small/relabel.py --model small --text "$work/text" --out "$taught" --most 7500
[ -e "$text/ru-uk.uk" ] || python recipes/mini/vary.py --text "$taught" --out "$text"
files=()
for links in "$text"/??-??.links; do
  pair=$(basename "$links" .links) most=7500
  [[ $pair == en-* ]] || most=3750
  for part in "${pair%-*}" "${pair#*-}" links; do head -n "$most" "$text/$pair.$part" > "$text/short.$pair.$part"; done
  files+=(--src "$text/short.$pair.${pair%-*}" --tgt "$text/short.$pair.${pair#*-}" --links "$text/short.$pair.links")
done
for part in kftt.{en,ja,links} alibi.{fr,en,links}; do head -n 3300 "$work/text/$part" > "$text/$part"; done
files+=(--src "$text/kftt.en" --tgt "$text/kftt.ja" --links "$text/kftt.links")
files+=(--src "$text/alibi.fr" --tgt "$text/alibi.en" --links "$text/alibi.links")
resume=()
[ -e "$taught/trained/state" ] && resume=(--resume)
xalign train --init mini --out "$taught/trained" "${files[@]}" "${resume[@]}" --split-rate 0.1 --optimizer muon \
  --muon-factor 7 --steps 3000 --learning-rate 1e-3 --batch-subwords 8192 --warmup-steps 100 --descent 0.7 \
  --save-steps 250 --dtype bfloat16

python recipes/mini/bundle.py --trained "$taught/trained" --beside mini --sharpness 0.7
python recipes/mini/calibrate.py --model mini
