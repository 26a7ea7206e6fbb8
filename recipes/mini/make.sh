#!/usr/bin/env bash
# Makes `mini` from the data folder, every step from the text to the packaged checkpoint; steps that are done are
# skipped, a training that was stopped goes on. About five hours on two CPU cores with bfloat16 instructions.
#
#     pip install -e '.[train]' -r recipes/mini/requirements.txt
#     XALIGN_DATA=/path/to/data recipes/mini/make.sh [WORK_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${XALIGN_DATA:?set XALIGN_DATA to the folder that holds parallel/ and gold/}"
work=${1:-runs/mini}
text=$work/text

[ -e "$text/ru-uk.uk" ] || python recipes/mini/text.py --out "$text"
[ -e "$text/en-zh.links" ] || python recipes/mini/links.py --text "$text"
[ -e "$work/start/xalign.json" ] || python recipes/mini/start.py --text "$text" --out "$work/start"
[ -e "$text/kftt.links" ] || python recipes/mini/gold.py --out "$work"

files=(--src "$text/kftt.en" --tgt "$text/kftt.ja" --links "$text/kftt.links")
mkdir -p "$work/short"
for links in "$text"/??-??.links; do
  pair=$(basename "$links" .links)
  from=$text
  if [[ $pair != en-* ]]; then # a little of each: they are many
    from=$work/short
    for part in "${pair%-*}" "${pair#*-}" links; do head -n 6250 "$text/$pair.$part" > "$from/$pair.$part"; done
  fi
  files+=(--src "$from/$pair.${pair%-*}" --tgt "$from/$pair.${pair#*-}" --links "$from/$pair.links")
done
development=()
for name in graca_en-es graca_en-fr graca_en-pt xlwa_en-{bg,da,es,et,hu,it,nl,pt,ru,sl}_dev; do
  development+=(--dev "$work/choosing/$name"/{src,tgt,gold})
done
learn() { # INIT OUT, and options: a training that was stopped goes on
  local init=$1 out=$2 resume=()
  shift 2
  [ -e "$out/state" ] && resume=(--resume)
  xalign train --init "$init" --out "$out" "${files[@]}" "${resume[@]}" "$@" --optimizer muon --save-steps 500 --dtype bfloat16
}
[ -e "$work/first/done" ] || learn "$work/start" "$work/first" "${development[@]}" --steps 7900 --batch-subwords 6000 --learning-rate 1e-3 \
  --warmup-steps 200 --descent 0.39
touch "$work/first/done"
again=(--bootstrap 0.5 --batch-subwords 12000 --learning-rate 3e-3 --muon-factor 7 --warmup-steps 300)
[ -e "$work/second/done" ] || learn "$work/first" "$work/second" "${development[@]}" "${again[@]}" --steps 12100 --descent 0.42
touch "$work/second/done"
learn "$work/second" "$work/trained" "${again[@]}" --split-rate 0.1 --steps 5750 --descent 0.65

python recipes/mini/bundle.py --trained "$work/trained"
