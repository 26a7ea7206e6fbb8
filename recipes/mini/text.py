"""The data folder -> one tokenised, filtered, shuffled corpus per language pair.

    python recipes/mini/text.py --data DATA --out runs/mini/text

Writes `en-de.en` and `en-de.de` and so on, English first. Words are separated by spaces the way the field's gold
sets separate them: punctuation stands alone, elided articles (l', d') are words; Chinese, Japanese and Thai are
segmented.
"""

from __future__ import annotations

import itertools
import lzma
import os
import random
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from multiprocessing import Pool
from pathlib import Path

import data_folder
import regex as re

ENGLISH_WITH = re.findall(
    r"\w+",
    "ar bg bn cs da de el es et fa fi fr he hi hu id it ja ko nl no pl pt ro ru sk sl sv ta th tr uk vi zh",
)
WITHOUT_ENGLISH = re.findall(
    r"\S+", "cs-de de-es de-fr de-hu de-it de-ja de-ru es-fr es-pt es-ru fr-it fr-ru fr-zh it-ro ru-uk"
)
PAIRS = [f"en-{language}" for language in ENGLISH_WITH] + WITHOUT_ENGLISH

# Professional translation, everyday sentences, encyclopaedia: source -> most pairs taken from it.
# multi30k is left out: its terms allow experiments only.
NEAR = {
    "wmtnews": 60_000,
    "tatoeba": 30_000,
    "small_parallel_enja": 60_000,
    "ro_sts": 20_000,
    "indian_wikipedia": 15_000,
    "onmt_demo": 10_000,
    "atmt_enfr": 11_000,
    "infopankki": 11_000,
    "opus_other": 6_000,
    "tico19": 3_000,
    "ntrex_multi": 2_000,
    "flores_multi": 2_000,
    "xquad_questions_multi": 2_000,
}
# Documentation and scripture are far from everyday text: capped where there is enough of the other.
FAR = {"gnome_docs": 4_000, "python_docs": 8_000, "django_docs": 6_000, "quran_multi": 4_000, "bible": 15_000}
ENOUGH = 30_000  # pairs of near text; a language with less takes FAR_FACTOR times as much of the far
FAR_FACTOR = 2.5

# What sources call a language that they do not call by its two letters; the first that a source has is taken.
_NAMES = (
    "am:amh_Ethi ar:arb,arb_Arab as:asm,asm_Beng az:aze-Latn ba:bak,bak_Cyrl fo:fao,fao_Latn gd:gla,gla_Latn "
    "gu:guj_Gujr hy:hye_Armn ka:kat_Geor km:khm_Khmr kn:kan_Knda ku:kmr,kmr_Latn ky:kir,kir_Cyrl lo:lao_Laoo "
    "lv:lvs_Latn mg:mlg,plt_Latn ml:mal_Mlym mn:khk_Cyrl my:mya_Mymr ne:npi_Deva no:nb oc:oci,oci_Latn om:gaz_Latn "
    "or:ory_Orya pa:pan_Guru ps:pbt_Arab sa:san_Deva sd:snd-Arab,snd_Arab si:sin,sin_Sinh sq:als_Latn su:sun_Latn "
    "sv:sv2 sw:swh_Latn tg:tgk-Cyrl,tgk_Cyrl tk:tuk,tuk_Latn tl:fil tt:tat,tat_Cyrl ug:uig,uig_Arab uz:uzn_Latn "
    "yi:yid,ydd_Hebr"
)
NAMES = {language: names.split(",") for language, names in (each.split(":") for each in _NAMES.split())}

MAX_WORDS = 80
MAX_RATIO = 3.0
SEED = 20261121

# A word: letters, marks and digits, joined inside by a hyphen, an apostrophe or a decimal mark; else one symbol.
WORD = re.compile(r"[\w\p{M}]+(?:[-'’.,][\w\p{M}]+)*|[^\w\s]")
ELISION = {
    "fr": re.compile(r"^([cdjlmnstCDJLMNST]|[Qq]u|[Jj]usqu|[Ll]orsqu|[Pp]uisqu)['’](?=\w)"),
    "it": re.compile(r"^(\w*[lL]|[cdmstvCDMSTV]|[Uu]n|[Qq]uest|[Ss]ant)['’](?=\w)"),
}
CLITIC = re.compile(r"(?<=\w)(['’](?:s|S|re|ve|ll|d|m)|n['’]t)$")
ABBREVIATION_DOT = re.compile(r"^(?:\d+[.,]\d|\w\.\w)")


def main() -> None:
    parser = data_folder.parser(__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", nargs="+", default=PAIRS, metavar="L1-L2")
    parser.add_argument("--near", action="store_true", help="no documentation and no scripture")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    parallel = options.data / "parallel"
    with Pool(os.cpu_count()) as pool:
        jobs = [(parallel, pair, options.out, options.near) for pair in options.pairs]
        for report in pool.starmap(write_corpus, jobs, chunksize=1):
            print(report)


def write_corpus(parallel: Path, pair: str, out: Path, near: bool) -> str:
    """All usable sentence pairs of two languages, each once, in random order."""
    chosen = random.Random(f"{SEED} {pair}")
    languages = pair.split("-")
    first_words, second_words = map(tokenizer, languages)
    found: dict[tuple[str, str], None] = {}
    for first, second in gather(parallel, pair, chosen, near):
        sentences = " ".join(first_words(clean(first))), " ".join(second_words(clean(second)))
        if usable(*sentences):
            found.setdefault(sentences)
    lines = list(found)
    chosen.shuffle(lines)
    for side, language in enumerate(languages):
        text = "".join(f"{sentences[side]}\n" for sentences in lines)
        (out / f"{pair}.{language}").write_text(text, encoding="utf-8")
    return f"{pair}: {len(lines)} pairs"


def gather(parallel: Path, pair: str, chosen: random.Random, only_near: bool) -> list[tuple[str, str]]:
    near = [
        found
        for source, most in NEAR.items()
        for found in sample(read_source(parallel / source, pair), most, chosen)
    ]
    if only_near or not pair.startswith("en-"):
        return near
    factor = 1.0 if len(near) >= ENOUGH else FAR_FACTOR
    return near + [
        found
        for source, most in FAR.items()
        for found in sample(read_source(parallel / source, pair), int(factor * most), chosen)
    ]


def sample(pairs: list[tuple[str, str]], most: int, chosen: random.Random) -> list[tuple[str, str]]:
    return chosen.sample(pairs, most) if len(pairs) > most else pairs


def read_source(folder: Path, pair: str) -> list[tuple[str, str]]:
    """A source keeps either a file per pair, or a file per language to be joined by the lines' identifiers."""
    names = [(language, *NAMES.get(language, ())) for language in pair.split("-")]
    for first, second in itertools.product(*names):
        paired = folder / f"{first}-{second}.tsv.xz"
        if paired.exists():
            return [(row[0], row[1]) for row in read_rows(paired) if len(row) >= 2]
    left, right = (read_side(folder, of_language) for of_language in names)
    return [(left[key], right[key]) for key in left if key in right]


def read_side(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Identifier -> sentence, of the language of these names; empty where the source does not have it."""
    paths = (folder / f"{name}.tsv.xz" for name in names)
    path = next((path for path in paths if path.exists()), None)
    return {} if path is None else {row[0]: row[1] for row in read_rows(path) if len(row) >= 2}


def read_rows(path: Path) -> Iterator[list[str]]:
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        for line in stream:
            yield line.rstrip("\n").split("\t")


def clean(text: str) -> str:
    return re.sub("[\u00ad\u200b-\u200d\ufeff]", "", unicodedata.normalize("NFC", text))


def usable(source: str, target: str) -> bool:
    """Both sides have words, neither is far longer, and most of it is language rather than markup or code."""
    lengths = source.count(" ") + 1, target.count(" ") + 1
    if not source or not target or max(lengths) > MAX_WORDS or max(lengths) > MAX_RATIO * min(lengths) + 3:
        return False
    symbols = len(re.findall(r"[`<>{}|\\_=#~^%@:/*]", source + target))
    return source != target and symbols * 12 <= len(source) + len(target)


@cache
def tokenizer(language: str) -> Callable[[str], list[str]]:
    if language == "zh":
        import jieba

        jieba.setLogLevel("ERROR")
        return lambda text: [word for word in jieba.cut(text, HMM=True) if not word.isspace()]
    if language == "ja":
        import fugashi

        tagger = fugashi.Tagger()
        return lambda text: [word.surface for word in tagger(text.replace(" ", ""))] if text else []
    if language == "th":
        from pythainlp import word_tokenize

        return lambda text: [word for word in word_tokenize(text, keep_whitespace=False) if word.strip()]
    if language in ("km", "lo", "my"):  # no spaces between words, and no segmenter: syllables, more or less
        return re.compile(r"[^\s\P{L}]\p{M}*|\p{N}+|[^\s\p{L}\p{M}]").findall
    return lambda text: list(
        itertools.chain.from_iterable(split_word(word, language) for word in WORD.findall(text))
    )


def split_word(word: str, language: str) -> list[str]:
    """Separate what the gold sets count as words of their own.

    >>> split_word("l'homme", "fr"), split_word("don't", "en"), split_word("3.5", "de"), split_word("end.Next", "en")
    (["l'", 'homme'], ['do', "n't"], ['3.5'], ['end', '.', 'Next'])
    """
    if language in ELISION and (match := ELISION[language].match(word)):
        return [word[: match.end()], *split_word(word[match.end() :], language)]
    if language == "en" and (match := CLITIC.search(word)) and match.start():
        return [word[: match.start()], word[match.start() :]]
    if re.search(r"[.,]", word) and not ABBREVIATION_DOT.match(word):
        return [part for part in re.split(r"([.,])", word) if part]
    return [word]


if __name__ == "__main__":
    main()
