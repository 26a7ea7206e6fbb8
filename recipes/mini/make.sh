#!/usr/bin/env bash
# Makes `mini` from the data folder, every step from the text to the packaged checkpoint; steps that are done are
# skipped, a training that was stopped goes on. About two and a half hours on two CPU cores with bfloat16 products.
#
#     pip install -e '.[train]' -r recipes/mini/requirements.txt
#     XALIGN_DATA=/path/to/data recipes/mini/make.sh [WORK_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${XALIGN_DATA:?set XALIGN_DATA to the folder that holds parallel/ and gold/}"
work=${1:-runs/mini}
text=$work/text varied=$work/varied

[ -e "$text/ru-uk.uk" ] || python recipes/mini/text.py --out "$text"
[ -e "$text/en-zh.links" ] || python recipes/mini/links.py --text "$text"
[ -e "$varied/ru-uk.uk" ] || python recipes/mini/vary.py --text "$text" --out "$varied"
[ -e "$work/start/xalign.json" ] || python recipes/mini/start.py --text "$varied" --out "$work/start"
[ -e "$text/kftt.links" ] || python recipes/mini/gold.py --out "$work"

files=(--src "$text/kftt.en" --tgt "$text/kftt.ja" --links "$text/kftt.links")
mkdir -p "$work/short"
for links in "$varied"/??-??.links; do
  pair=$(basename "$links" .links)
  from=$varied
  if [[ $pair != en-* ]]; then # a little of each: they are many
    from=$work/short
    for part in "${pair%-*}" "${pair#*-}" links; do head -n 6250 "$varied/$pair.$part" > "$from/$pair.$part"; done
  fi
  files+=(--src "$from/$pair.${pair%-*}" --tgt "$from/$pair.${pair#*-}" --links "$from/$pair.links")
done
development=()
for name in graca_en-es graca_en-fr graca_en-pt xlwa_en-{bg,da,es,et,hu,it,nl,pt,ru,sl}_dev; do
  development+=(--dev "$work/choosing/$name"/{src,tgt,gold})
done
resume=()
[ -e "$work/trained/state" ] && resume=(--resume)
xalign train --init "$work/start" --out "$work/trained" "${files[@]}" "${development[@]}" "${resume[@]}" \
  --bootstrap 0.5 --split-rate 0.1 --steps 14000 --descent 0.6 --batch-subwords 8192 --learning-rate 2.5e-3 --optimizer muon \
  --muon-factor 7 --warmup-steps 300 --save-steps 500 --dtype bfloat16

python recipes/mini/bundle.py --trained "$work/trained"
python recipes/mini/calibrate.py --model mini
