"""The data folder's gold sets: which are for choosing settings, which for reporting, which is trained on.

Of each XL-WA set and of KFTT the even lines are for choosing (KFTT's are trained on too, its licence allows it), the
odd ones for reporting. Test sets are for reporting alone.

    python recipes/mini/gold.py --data DATA --out runs/mini

writes what is trained on to `text/` as a corpus with links, and what is chosen by to `choosing/`, a folder per set.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from xalign.formats import format_pharaoh, read_alignments
from xalign.links import Alignment
from xalign.text.sentences import SentencePair, read_files

# set -> the pair of languages of its source and target
DEV = {
    "alibi_fr-en_ChatBotte_MasterCat": "fr-en",
    "alibi_fr-en_LAuberge_TheInn": "fr-en",
    "alibi_fr-en_LaBarbeBleue_BlueBeard": "fr-en",
    "alibi_fr-en_LaDerniereClasse_TheLastLesson": "fr-en",
    "alibi_fr-en_LaVision_TheVision": "fr-en",
    "ges_en-sv": "en-sv",
    "graca_en-es": "en-es",
    "graca_en-fr": "en-fr",
    "graca_en-pt": "en-pt",
    "kftt_en-ja_dev": "en-ja",
    **{
        f"xlwa_en-{language}_dev": f"en-{language}"
        for language in ["bg", "da", "es", "et", "hu", "it", "nl", "pt", "ru", "sl"]
    },
}
TEST = {"de-en": "de-en", "en-fr": "en-fr", "en-hi": "en-hi"}
HALVED = ("kftt", "xlwa")
TRAINED_ON = "kftt_en-ja_dev"
TIMES = 30  # so that about one pair in a hundred of the training is of this set


@dataclass(frozen=True)
class GoldSet:
    name: str
    languages: tuple[str, str]
    pairs: list[SentencePair]
    gold: list[Alignment]

    def every_second(self, start: int) -> GoldSet:
        return GoldSet(self.name, self.languages, self.pairs[start::2], self.gold[start::2])


def for_choosing(data: Path) -> Iterator[GoldSet]:
    for gold_set in _dev_sets(data):
        yield gold_set.every_second(0) if gold_set.name.startswith(HALVED) else gold_set


def for_reporting(data: Path) -> Iterator[GoldSet]:
    for gold_set in _dev_sets(data):
        yield gold_set.every_second(1) if gold_set.name.startswith(HALVED) else gold_set
    for name, pair in TEST.items():
        folder = data / "gold" / "test" / name
        source, target = (folder / f"test.{language}" for language in name.split("-"))
        gold = read_alignments(folder / "alignv2.txt", format="naacl", one_based=True)
        yield GoldSet(name, _languages(pair), list(read_files(source, target)), gold)


def _dev_sets(data: Path) -> Iterator[GoldSet]:
    for name, pair in DEV.items():
        folder = data / "gold" / "dev" / name
        pairs = list(read_files(folder / "src", folder / "tgt"))
        yield GoldSet(name, _languages(pair), pairs, read_alignments(folder / "gold"))


def _languages(pair: str) -> tuple[str, str]:
    source, target = pair.split("-")
    return source, target


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("XALIGN_DATA"), help="folder with gold/ inside"
    )
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.data is None:
        parser.error("give the data folder: --data DATA, or set XALIGN_DATA")
    for gold_set in for_choosing(options.data):
        write(gold_set, options.out / "choosing" / gold_set.name, ("src", "tgt", "gold"))
        if gold_set.name == TRAINED_ON:
            repeated = replace(gold_set, pairs=TIMES * gold_set.pairs, gold=TIMES * gold_set.gold)
            write(repeated, options.out / "text", ("kftt.en", "kftt.ja", "kftt.links"))


def write(gold_set: GoldSet, folder: Path, names: tuple[str, str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    columns = (
        [" ".join(pair.source) for pair in gold_set.pairs],
        [" ".join(pair.target) for pair in gold_set.pairs],
        [format_pharaoh(alignment) for alignment in gold_set.gold],
    )
    for name, lines in zip(names, columns, strict=True):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{folder}: {len(gold_set.pairs)} pairs")


if __name__ == "__main__":
    main()
