"""Gold and hypotheses -> scores with signatures, as `xalign eval` computes them.

    gold = Gold.read("gold.txt")
    for score in evaluate(gold, [Hypothesis.read("old.align", gold), Hypothesis.read("new.align", gold)]):
        print(score.name, score.total.aer, score.signature, score.test)

Does not: count (aer.py), test (significance.py), write (report.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import FormatError
from ..files import name_of
from ..formats import read_links
from ..links import Alignment
from ..options import expect_one_of
from ..text.sentences import SentencePair
from .aer import Signature, count
from .plausibility import BetterReading, better_reading, out_of_range
from .report import Score

if TYPE_CHECKING:
    from ..aligner import Aligner


@dataclass(frozen=True, slots=True)
class Gold:
    """The links to score against, one alignment per sentence pair.

    `numbers`: of the pairs, in order, if the file has them and there is no text; hypotheses with numbers are
    read by them. `one_based`: whether the file was read as counting words from 1; None if no option can change that.
    """

    name: str
    alignments: Sequence[Alignment]
    numbers: Sequence[int] | None = None
    one_based: bool | None = None

    @classmethod
    def read(
        cls,
        path: Path | str,
        one_based: bool | None = None,
        text: Sequence[SentencePair] | None = None,
    ) -> Gold:
        """Read a file of links. `one_based`: whether it counts words from 1; None takes what is usual for the format.

        Raises:
            FormatError: the file is empty, cannot be read, or has another number of pairs than the text.
        """
        found = read_links(path, one_based, sentences=None if text is None else len(text))
        alignments = found.alignments
        if not alignments:
            raise FormatError(f"{name_of(path)} is empty: there is nothing to score against")
        if text is not None and len(alignments) != len(text):
            raise FormatError(
                f"{name_of(path)} has links for {len(alignments)} sentence pairs, but the text has {len(text)}"
            )
        return cls(name_of(path), alignments, found.numbers if text is None else None, found.one_based)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Alignments to score, a name for them, and the settings that their signature shows. `one_based`: as in `Gold`."""

    name: str
    alignments: Sequence[Alignment]
    settings: Mapping[str, object] = field(default_factory=dict)
    one_based: bool | None = None

    @classmethod
    def read(
        cls,
        path: Path | str,
        gold: Gold | None = None,
        one_based: bool | None = None,
        reverse: bool = False,
        text: Sequence[SentencePair] | None = None,
    ) -> Hypothesis:
        """Read a file of links. `reverse`: its links are target-source.

        Raises:
            FormatError: the file cannot be read, or has another number of pairs than the gold or the text.
        """
        numbers, other = (gold.numbers, gold.name) if gold else (None, "the text")
        pairs = len(gold.alignments) if gold else None if text is None else len(text)
        found = read_links(path, one_based, reverse, sentences=pairs, numbers=numbers)
        if pairs is not None:
            _expect_pairs(len(found.alignments), name_of(path), pairs, other)
        return cls(name_of(path), found.alignments, one_based=found.one_based)

    @classmethod
    def of_layers(
        cls, aligner: Aligner, layers: Sequence[int], found: Iterable[Mapping[int, Alignment]]
    ) -> list[Hypothesis]:
        """A hypothesis per layer, from the results of `aligner.align_layers`; a single one is named after the model."""
        by_pair = list(found)
        names = [f"layer {layer}" for layer in layers] if len(layers) > 1 else [aligner.preset.name]
        return [
            cls(name, [by_layer[layer] for by_layer in by_pair], settings(aligner, layer))
            for name, layer in zip(names, layers, strict=True)
        ]


def _expect_pairs(found: int, name: str, expected: int, other: str) -> None:
    """Raise FormatError unless both files have the same number of sentence pairs."""
    if found != expected:
        shorter, longer = (name, other) if found < expected else (other, name)
        raise FormatError(f"{shorter} ends after sentence pair {min(found, expected)}, but {longer} goes on")


def settings(aligner: Aligner, layer: int) -> dict[str, object]:
    """The settings for a signature: those that it always shows, then those that differ from the preset.

    One of them is the threshold of an extraction that is not the preset's, also if it is the usual one.
    """
    chosen = aligner.method
    plain = aligner.preset.changed(layer=chosen.layer, extract=chosen.extract)
    usual = {"model": aligner.preset.name, "layer": layer, "extract": chosen.extract, "level": chosen.level}
    languages = {name: getattr(aligner.run, name) for name in ("source_language", "target_language")}
    values = {**asdict(aligner.input), **asdict(chosen), **languages, "threshold": chosen.least_score}
    expected = {**asdict(plain.input), **asdict(plain.method), "threshold": aligner.preset.method.least_score}
    changed = {
        name: value for name, value in values.items() if value is not None and value != expected.get(name)
    }
    dtype = str(aligner.encoder.dtype).removeprefix("torch.")
    return {**usual, **changed, **({} if dtype == "float32" else {"dtype": dtype})}


def evaluate(gold: Gold, hypotheses: Iterable[Hypothesis], against: str = "first") -> list[Score]:
    """A score per hypothesis, with a paired test against one of them.

    Args:
        against: the "first" hypothesis, or the "best", by AER.

    Raises:
        OptionError: `against` is something else.
    """
    expect_one_of("against", against, ("first", "best"))
    scores = []
    for hypothesis in hypotheses:
        counts = [count(*pair) for pair in zip(hypothesis.alignments, gold.alignments, strict=True)]
        scores.append(Score.of(hypothesis.name, Signature.of(gold.alignments, hypothesis.settings), counts))
    if not scores:
        return []
    reference = scores[0] if against == "first" else min(scores, key=lambda score: score.total.aer)
    return [score if score is reference else score.compared(reference) for score in scores]


class ProbableMistake(NamedTuple):
    """A probable mistake in a file, or in the links of a model.

    It is described by `text`, or by a way of reading the links that fits `better`. `one_based`: how they were read.
    """

    name: str
    text: str | None = None
    better: BetterReading | None = None
    one_based: bool | None = None


def probable_mistakes(
    gold: Gold, hypotheses: Sequence[Hypothesis], text: Sequence[SentencePair] | None = None
) -> Iterator[ProbableMistake]:
    """Files with links to words that do not exist, and hypotheses that fit the gold far better if read another way."""
    files = [(each.name, each.alignments) for each in hypotheses if not each.settings]
    for name, alignments in [(gold.name, gold.alignments), *files]:
        if wrong := out_of_range(alignments, text):
            yield ProbableMistake(name, text=wrong)
    for hypothesis in hypotheses:
        if better := better_reading(hypothesis.alignments, gold.alignments):
            yield ProbableMistake(hypothesis.name, better=better, one_based=hypothesis.one_based)
