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

train() { # OUT INIT TEXT SEED STEPS RATE [OPTION...]: without --dev, so that the last weights are kept
  local out=$work/$1 init=$work/$2 from=$work/$3 seed=$4 steps=$5 rate=$6 files=() resume=()
  shift 6
  for links in "$from"/*.links; do
    pair=$(basename "$links" .links)
    [ "$pair" = kftt ] && pair=en-ja stem=kftt || stem=$pair
    files+=(--src "$from/$stem.${pair%-*}" --tgt "$from/$stem.${pair#*-}" --links "$links")
  done
  [ -e "$out/state" ] && resume=(--resume)
  xalign train --init "$init" --out "$out" "${files[@]}" "${resume[@]}" --seed "$seed" --steps "$steps" \
    --learning-rate "$rate" --descent 0.75 --batch-subwords 4096 --warmup-steps 50 --save-steps 200 --dtype bfloat16 "$@"
}
mean() { # OUT TRAINED...
  local out=$work/$1 trained=("${@:2}")
  [ -e "$out/xalign.json" ] ||
    python recipes/small/bundle.py --trained "${trained[@]/#/$work/}" --languages "$main $more" --out "$out"
}
relabel() { # MODEL OUT SKIP MOST...: links of a model, and KFTT's gold
  [ -e "$work/$2/kftt.links" ] && return
  python recipes/small/relabel.py --model "$work/$1" --text "$work/varied" --out "$work/$2" --skip "$3" --most "${@:4}"
  cp "$work/varied"/kftt.* "$work/$2"
}

# First: the votes of eflomal.
train voted-1 start varied 1 1200 2e-4 --bootstrap 0.5
train voted-2 start varied 2 260 1.5e-4 --bootstrap 0.5
train voted-3 start varied 3 260 2e-4 --bootstrap 0.5
mean first voted-1 voted-2 voted-3

# Then its own links, with the conventions of gold sets: many pairs of the languages that have one.
ruled=$(printf '%s=3300 ' da no sl hr sr ru uk be cs sk pl es it ja)
relabel first second 0 $ruled 500
train own-1 first second 4 530 2e-4
mean own-1-soft own-1
relabel own-1-soft third 500 $ruled 500
train own-2 first third 5 330 2e-4
mean own own-1 own-2

# At last a little more of the first model's labels, for languages without such a convention.
relabel first fourth 0 de=1400 fr=1400 sv=1400 pt=1400 hi=1400 et=1400 hu=1400 bg=1400 nl=1400 \
  es=1600 it=1600 ru=1200 sl=1200 da=1200 no=500 pl=500 uk=500 cs=500 sk=500 hr=400 sr=400 be=400 ja=4000 300
train last own fourth 6 220 1.5e-4
python recipes/small/bundle.py --trained "$work/last" --languages "$main $more"
python recipes/mini/calibrate.py --model small
