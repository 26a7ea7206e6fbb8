"""Text -> the same text with links that a model finds, completed by what gold sets link besides.

    python recipes/small/relabel.py --model FIRST --text runs/small/text --out runs/small/second --most es=3500 500

A model that was trained on the votes of statistical aligners aligns better than they do, and its own links are better
labels for a second training. What it cannot find, since no statistical aligner does, are the conventions of the people
who draw gold links. Three of these are written here as rules:

- A function word without a counterpart goes with its head: English articles with their noun in Danish and in Slavic
  languages, Spanish and Italian articles and `de` with theirs in English, an English article after a preposition with
  Italian's contraction of both, `to` with the word before it in Swedish. Which words do so was counted on the choosing
  halves of XL-WA (gold.py) and on ges: da, es, ru, sl and sv gained on sentences that the rule was not counted on, it
  only on those that it was. Languages without gold have their relatives' rule: no that of da, Slavic ones that of ru.
- Other function words have no link where statistical aligners link them to a head that has its own counterpart:
  `the` and Swedish nouns, whose article is a suffix; articles and prepositions of French and Portuguese; English
  articles and Japanese. Such links are wrong more often than right on the choosing halves of XL-WA and KFTT, on ges
  and on graca.
- Some gold leaves few words without a link: KFTT's, and XL-WA's in the languages listed as `COMPLETED`. There, a word
  without a link takes its best neighbouring one, as grow-diag-final does.

A link counts above a probability that depends on the language (`SURES`): gold has more links in some than in others.
A pair of which fewer than 35 in 100 words are linked is left out: a free or wrong translation.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xalign import Aligner
from xalign.links import Alignment
from xalign.text.sentences import SentencePair

SURE = 0.4  # a link above this counts in full
SURES = {"et": 0.36, "fi": 0.36, "it": 0.42, **dict.fromkeys(["ca", "es", "gl", "ro"], 0.45), "pt": 0.55}
SURES |= {"fr": 0.6, "oc": 0.5, "ja": 0.35}
LESS = 0.08  # a link that is not so far below that counts for a half
BEST = 0.2  # where links are completed, one of a word that has none counts above this
COMPLETED = frozenset(["be", "bs", "cs", "da", "hr", "ja", "no", "pl", "ru", "sk", "sl", "sr", "uk"])
COVERED = 0.35  # the share of words with a link that a translation has at least
FEWEST = 20  # pairs that are worth a text
REACH = 3  # words; a head is no further away
ARTICLES = frozenset(("the", "a", "an"))
PREPOSITIONS = frozenset(["of", "in", "from", "on", "by", "for", "with", "at", "to"])
# language -> English words that go with the next linked word
ENGLISH_BEFORE_HEAD = {
    **dict.fromkeys(["be", "bs", "cs", "da", "hr", "no", "pl", "ru", "sk", "sr", "uk"], ARTICLES),
    "sl": frozenset(["of", "the"]),
}
# language -> its own words that do
BEFORE_HEAD = {
    "es": frozenset(["de", "el", "la", "las", "los"]),
    "it": frozenset(["di", "gli", "i", "il", "la", "le"]),
}
CONTRACTED = frozenset(("it",))  # languages where preposition and article are one word
# language -> English words that go with the word before them
ENGLISH_AFTER_HEAD = {"sv": frozenset(("to",))}
# language -> English word -> the only words that it is linked to
PARTNERS = {
    "ja": dict.fromkeys(ARTICLES, frozenset[str]()),
    "sv": {"the": frozenset(["de", "dem", "den", "denna", "dessa", "det", "detta"])},
}
# language -> English words that are not linked to a word that has another link
ENGLISH_ALONE = {
    "bg": frozenset(["a", "an"]),
    "hu": frozenset(("of",)),
    "sl": frozenset(["a", "an"]),
    "sv": frozenset(["been", "do", "should", "there", "would"]),
}
# language -> its own words that are not
ALONE = {
    "fr": frozenset(["à", "au", "aux", "d'", "de", "des", "du", "en", "l'", "la", "le", "les"]),
    "pt": frozenset(["a", "as", "de", "o", "os", "que"]),
}

Weights = dict[tuple[int, int], float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--skip", type=int, default=0, help="leave out so many pairs of each text, if enough are left"
    )
    parser.add_argument(
        "--most",
        nargs="+",
        required=True,
        metavar="[LANGUAGE=]N",
        help="pairs of a text; the last is for all others",
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    most = dict(each.split("=") for each in options.most[:-1])
    aligner = Aligner.load(options.model, extract="agreement", threshold=BEST, calibrated=False)
    for source in sorted(options.text.glob("??-??.??")):
        first, second = source.stem.split("-")
        if source.suffix != f".{first}" or (options.out / f"{source.stem}.links").exists():
            continue
        count = int(most.get(second, options.most[-1]))
        texts = (source, source.with_suffix(f".{second}"))
        pairs = [*read(*texts)]
        start = max(0, min(options.skip, len(pairs) - count))
        pairs = pairs[start : start + count]
        labelled = [
            (pair, weights)
            for pair, alignment in zip(pairs, aligner.align(pairs), strict=True)
            if (weights := label(pair, alignment, second, first == "en"))
        ]
        if len(labelled) >= FEWEST:
            write(labelled, options.out, source.stem)
        print(f"{source.stem}: {len(labelled)} of {len(pairs)} pairs", flush=True)


def read(source: Path, target: Path) -> Iterator[SentencePair]:
    with source.open(encoding="utf-8") as sources, target.open(encoding="utf-8") as targets:
        for pair in zip(sources, targets, strict=True):
            yield SentencePair(*(tuple(line.split()) for line in pair))


def label(pair: SentencePair, alignment: Alignment, language: str, with_english: bool) -> Weights:
    """Links with their weights; none where the pair is no translation. `language`: of the target side."""
    scores = np.zeros((len(pair.source), len(pair.target)))
    for link, score in zip(alignment.links, alignment.scores or (), strict=True):
        scores[link] = score
    sure = SURES.get(language, SURE)
    linked = scores > sure
    if with_english:
        leave_alone(linked, scores, pair, language)
        if language in COMPLETED:
            complete(linked, scores)
    if 2 * linked.sum() < COVERED * sum(scores.shape) or min(scores.shape) < 2:
        return {}
    weights = 0.5 * (scores > sure - LESS)
    weights[linked] = 1
    if with_english:
        for added in by_convention(linked, pair, language):
            weights[added] = 1
    return {(i, j): float(weights[i, j]) for i, j in np.argwhere(weights > 0).tolist()}


def leave_alone(
    linked: NDArray[np.bool_], scores: NDArray[np.float64], pair: SentencePair, language: str
) -> None:
    """Remove links that gold does not have: those outside of PARTNERS, and those that a word in ALONE shares."""
    targets = [word.lower() for word in pair.target]
    for i, word in enumerate(pair.source):
        if (partners := PARTNERS.get(language, {}).get(word.lower())) is not None:
            others = [j for j, target in enumerate(targets) if target not in partners]
            linked[i, others] = False
            scores[i, others] = 0
    for words, alone, view, values in (
        (pair.source, ENGLISH_ALONE.get(language, frozenset()), linked, scores),
        (pair.target, ALONE.get(language, frozenset()), linked.T, scores.T),
    ):
        for i, word in enumerate(words):
            if word.lower() in alone:
                taken = np.delete(view, i, axis=0).any(0)
                view[i, taken] = False
                values[i, taken] = 0


def complete(linked: NDArray[np.bool_], scores: NDArray[np.float64]) -> None:
    """Add the best link of each word that has none, if it stands beside one or links two such words."""
    for view, values in ((linked, scores), (linked.T, scores.T)):
        for i in np.flatnonzero(~view.any(1)):
            j = values[i].argmax()
            beside = view[max(i - 1, 0) : i + 2, j].any()
            if values[i, j] > BEST and (beside or not view[:, j].any()):
                view[i, j] = True


def by_convention(linked: NDArray[np.bool_], pair: SentencePair, language: str) -> Iterator[tuple[int, int]]:
    """The links of function words that have none."""
    for i, head in heads(pair.source, linked, ENGLISH_BEFORE_HEAD.get(language, frozenset())):
        yield from ((i, int(j)) for j in np.flatnonzero(linked[head]))
    for j, head in heads(pair.target, linked.T, BEFORE_HEAD.get(language, frozenset())):
        yield from ((int(i), j) for i in np.flatnonzero(linked[:, head]))
    for i, word in enumerate(pair.source[1:], start=1):
        if word.lower() in ENGLISH_AFTER_HEAD.get(language, frozenset()) and not linked[i].any():
            yield from ((i, int(j)) for j in np.flatnonzero(linked[i - 1]))
    if language in CONTRACTED:
        for i, (before, word) in enumerate(zip(pair.source, pair.source[1:], strict=False), start=1):
            if word.lower() in ARTICLES and before.lower() in PREPOSITIONS and not linked[i].any():
                yield from ((i, int(j)) for j in np.flatnonzero(linked[i - 1]))


def heads(
    words: tuple[str, ...], linked: NDArray[np.bool_], function_words: frozenset[str]
) -> Iterator[tuple[int, int]]:
    """Each of these words that has no link, and the next word that has one."""
    for i, word in enumerate(words):
        if word.lower() in function_words and not linked[i].any():
            following = np.flatnonzero(linked[i + 1 : i + 1 + REACH].any(1))
            if len(following):
                yield i, i + 1 + int(following[0])


def write(labelled: list[tuple[SentencePair, Weights]], folder: Path, name: str) -> None:
    source, target = name.split("-")
    lines: dict[str, list[str]] = defaultdict(list)
    for pair, weights in labelled:
        lines[source].append(" ".join(pair.source))
        lines[target].append(" ".join(pair.target))
        lines["links"].append(" ".join(f"{i}-{j}:{weight:g}" for (i, j), weight in weights.items()))
    for suffix in (source, target, "links"):  # the links last: they say that the pair of languages is done
        text = "".join(f"{line}\n" for line in lines[suffix])
        (folder / f"{name}.{suffix}").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
