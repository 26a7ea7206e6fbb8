"""A gold set measured during training: the AER of the encoder at that moment, with the aligner that will use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..aligner import Aligner
from ..encoders.base import Encoder
from ..errors import TrainingError
from ..links import Alignment
from ..models.preset import Preset
from ..score.aer import count, total
from ..score.evaluation import Gold
from ..score.plausibility import out_of_range
from ..text.sentences import SentencePair, read_files


@dataclass(frozen=True)
class DevelopmentFiles:
    """The files of a gold set: two parallel texts, and gold links in any format that `xalign eval` reads.

    The languages are for encoders that need to know them (X-MOD, XLM). `one_based`: the gold numbers words from 1; None
    takes what is usual for its format.
    """

    source: Path
    target: Path
    gold: Path
    source_language: str | None = None
    target_language: str | None = None
    one_based: bool | None = None

    @property
    def name(self) -> str:
        """The name of the folder: gold sets have a folder each, with `src`, `tgt` and `gold`."""
        return self.gold.resolve().parent.name


def evaluator(
    sets: Sequence[DevelopmentFiles], encoder: Encoder, preset: Preset
) -> Callable[[], dict[str, float]]:
    """Read the sets once; each call aligns them and gives AER in percent by the set's name.

    Sets with the same name get a number.

    Raises:
        FormatError: text and gold of a set differ in their number of pairs.
        TrainingError: gold links are out of range.
    """
    loaded: dict[str, tuple[Callable[[], Aligner], list[SentencePair], Sequence[Alignment]]] = {}
    for files in sets:
        pairs = list(read_files(files.source, files.target))
        gold = Gold.read(files.gold, files.one_based, pairs).alignments
        if wrong := out_of_range(gold, pairs):
            raise TrainingError(f"{files.gold}: {wrong}; or does it need dev_one_based?", "dev_one_based")
        name = files.name if files.name not in loaded else f"{files.name} {len(loaded) + 1}"
        aligner = partial(
            Aligner,
            encoder,
            preset,
            source_language=files.source_language,
            target_language=files.target_language,
        )
        aligner()  # raises an error now if an option is wrong
        loaded[name] = aligner, pairs, gold

    def measure() -> dict[str, float]:
        scores = {}
        for name, (aligner, pairs, gold) in loaded.items():
            # A new aligner each time, since the encoder may have moved to another device.
            found = aligner().align(pairs)
            scores[name] = 100 * total(map(count, found, gold)).aer
        return scores

    return measure
