#!/usr/bin/env bash
# Makes `small` from the public encoder and the data folder, every step up to the packaged checkpoint; steps that are
# done are skipped, a training that was stopped goes on. About two hours on two CPU cores with bfloat16 products, most of
# it eflomal's.
#
#     pip install -e '.[train]' -r recipes/mini/requirements.txt
#     XALIGN_DATA=/path/to/data recipes/small/make.sh [WORK_FOLDER] [--hub | --wheel FILE]
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${XALIGN_DATA:?set XALIGN_DATA to the folder that holds parallel/ and gold/}"
work=${1:-runs/small}
shift || true
text=$work/text
export PYTHONPATH=recipes/mini${PYTHONPATH:+:$PYTHONPATH}

main="ar bg bn cs da de el es et fa fi fr he hi hu id it ja ko nl no pl pt ro ru sk sl sv ta th tr uk vi zh"
more="af am as az ba be bs ca cy eo eu fo fy ga gd gl gu ha hr hy ig is jv ka kk km kn ku ky la lb lo lt lv mg mk ml mn
mr ms mt my ne nn oc om or pa ps rw sa sd si so sq sr su sw te tg tk tl tt ug ur uz xh yi yo zu"
others="cs-de de-fr de-ru es-pt fr-it"
pairs=()
for language in $main $more; do pairs+=("en-$language"); done

[ -e "$work/encoder/config.json" ] || python recipes/small/convert.py --out "$work/encoder" "$@"
[ -e "$text/fr-it.it" ] || python recipes/mini/text.py --out "$text" --pairs "${pairs[@]}" $others
[ -e "$work/start/xalign.json" ] ||
  python recipes/small/start.py --encoder "$work/encoder" --text "$text" --out "$work/start"
[ -e "$text/en-zh.links" ] || python recipes/mini/links.py --text "$text"
[ -e "$work/text/kftt.links" ] || python recipes/mini/gold.py --out "$work"

# A little of each language: the encoder knows them, and learns what a link is.
mkdir -p "$work/short"
shorten() { for part in "${1%-*}" "${1#*-}" links; do head -n "$2" "$text/$1.$part" > "$work/short/$1.$part"; done; }
for language in $main; do shorten "en-$language" 4000; done
for language in $more; do shorten "en-$language" 1500; done
for pair in $others; do shorten "$pair" 2000; done
[ -e "$work/varied/en-zh.links" ] || python recipes/mini/vary.py --text "$work/short" --out "$work/varied"
for part in en ja links; do head -n 1650 "$text/kftt.$part" > "$work/varied/kftt.$part"; done

files=(--src "$work/varied/kftt.en" --tgt "$work/varied/kftt.ja" --links "$work/varied/kftt.links")
for links in "$work/varied"/??-??.links; do
  pair=$(basename "$links" .links)
  files+=(--src "$work/varied/$pair.${pair%-*}" --tgt "$work/varied/$pair.${pair#*-}" --links "$links")
done
# Without --dev, so that the last weights are kept.
train() { # SEED STEPS RATE
  local out=$work/trained-$1 resume=()
  [ -e "$out/state" ] && resume=(--resume)
  xalign train --init "$work/start" --out "$out" "${files[@]}" "${resume[@]}" --seed "$1" --steps "$2" \
    --learning-rate "$3" --bootstrap 0.5 --descent 0.75 --batch-subwords 4096 --warmup-steps 50 --save-steps 200 \
    --dtype bfloat16
}
train 1 1200 2e-4
train 2 260 1.5e-4
train 3 260 2e-4

python recipes/small/bundle.py --trained "$work"/trained-{1,2,3} --languages "$main $more"
