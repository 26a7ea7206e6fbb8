#!/usr/bin/env bash
# Makes `mini` from the data folder, every step from the text to the packaged checkpoint; steps that are done are
# skipped, a training that was stopped goes on. About two hours on two CPU cores.
#
#     pip install -e '.[train]' -r recipes/mini/requirements.txt
#     XALIGN_DATA=/path/to/data recipes/mini/make.sh [WORK_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${XALIGN_DATA:?set XALIGN_DATA to the folder that holds parallel/ and gold/}"
work=${1:-runs/mini}
languages="de fr es cs ro hi zh ja"

[ -e "$work/text/en-ja.en" ] || python recipes/mini/text.py --out "$work/text"
python recipes/mini/links.py --text "$work/text"
[ -e "$work/start/xalign.json" ] || python recipes/mini/start.py --text "$work/text" --out "$work/start"

files=()
for language in $languages; do
  pair="$work/text/en-$language"
  files+=(--src "$pair.en" --tgt "$pair.$language" --links "$pair.links")
done
for name in xlwa_en-es_dev graca_en-fr kftt_en-ja_dev; do
  set="$XALIGN_DATA/gold/dev/$name"
  files+=(--dev "$set/src" "$set/tgt" "$set/gold")
done
resume=()
[ -e "$work/trained/state" ] && resume=(--resume)
xalign train --init "$work/start" "${files[@]}" --out "$work/trained" "${resume[@]}" \
  --steps 4200 --batch-subwords 4000 --learning-rate 1e-3 --warmup-steps 200 --descent 0.4 --temperature 1.5

python recipes/mini/bundle.py --trained "$work/trained"
