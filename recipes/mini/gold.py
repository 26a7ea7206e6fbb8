"""The data folder's gold sets: which are for choosing settings, which for reporting, which is trained on.

Of each XL-WA set, of KFTT and of ALIBI the even lines are for choosing, the odd ones for reporting. The even lines of
KFTT and of ALIBI are trained on too, as their licences allow. Test sets are for reporting alone.

    python recipes/mini/gold.py --data DATA --out runs/mini

writes what is trained on to `text/` as a corpus with links, and what is chosen by to `choosing/`, a folder per set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import data_folder

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
HALVED = ("alibi", "kftt", "xlwa")
TRAINED_ON = ("alibi", "kftt")  # sets that begin so, in their choosing half
TIMES = 30  # how often the text repeats them, so that `head -n` can say how many
POSSIBLE = 0.3  # the weight of a link that gold calls possible: below the threshold of the models


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


def for_training(data: Path) -> Iterator[tuple[str, GoldSet]]:
    """Each text to train on, with its name; a set of several parts comes in parts."""
    for gold_set in for_choosing(data):
        for name in TRAINED_ON:
            if gold_set.name.startswith(name):
                yield name, gold_set


def main() -> None:
    parser = data_folder.parser(__doc__)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    for gold_set in for_choosing(options.data):
        write([gold_set], options.out / "choosing" / gold_set.name, ("src", "tgt", "gold"), format_pharaoh)
    texts: dict[str, list[GoldSet]] = {}
    for name, gold_set in for_training(options.data):
        texts.setdefault(name, []).append(gold_set)
    for name, parts in texts.items():
        source, target = parts[0].languages
        names = (f"{name}.{source}", f"{name}.{target}", f"{name}.links")
        write(TIMES * parts, options.out / "text", names, weighted)


def weighted(gold: Alignment) -> str:
    """Links for training: sure ones count in full."""
    return " ".join(f"{i}-{j}:{POSSIBLE if (i, j) in gold.possible else 1}" for i, j in gold.links)


def write(
    parts: list[GoldSet], folder: Path, names: tuple[str, str, str], form: Callable[[Alignment], str]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    columns = (
        [" ".join(pair.source) for part in parts for pair in part.pairs],
        [" ".join(pair.target) for part in parts for pair in part.pairs],
        [form(alignment) for part in parts for alignment in part.gold],
    )
    for name, lines in zip(names, columns, strict=True):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{folder / names[0]}: {len(columns[0])} pairs")


if __name__ == "__main__":
    main()
