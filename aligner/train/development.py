"""A gold set measured while training: AER of the encoder as it stands, through the pipeline that will use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xalign.aer import Counts, count
from xalign.encoder import Encoder
from xalign.errors import TrainingError
from xalign.formats import read_alignments
from xalign.models import Preset
from xalign.pipeline import Aligner
from xalign.sentences import SentencePair, read_files


@dataclass(frozen=True)
class DevelopmentFiles:
    """Where a gold set lies: two texts, line by line, and gold links of any format that `xalign eval` reads."""

    source: Path
    target: Path
    gold: Path

    @property
    def name(self) -> str:
        """The folder's name: gold sets keep `src`, `tgt` and `gold` in a folder each."""
        return self.gold.resolve().parent.name


def evaluator(
    sets: Sequence[DevelopmentFiles], encoder: Encoder, preset: Preset
) -> Callable[[], dict[str, float]]:
    """Read the sets once; each call aligns them and gives AER in percent by the set's name.

    Raises:
        TrainingError: text and gold of a set differ in their number of lines.
    """
    aligner = Aligner(encoder, preset)
    loaded = {}
    for files in sets:
        pairs: list[SentencePair] = list(read_files(files.source, files.target))
        gold = read_alignments(files.gold)
        if len(pairs) != len(gold):
            raise TrainingError(
                f"{files.source} has {len(pairs)} lines, but {files.gold} has gold for {len(gold)}"
            )
        loaded[files.name] = pairs, gold

    def measure() -> dict[str, float]:
        scores = {}
        for name, (pairs, gold) in loaded.items():
            counts = sum((count(h, g) for h, g in zip(aligner.align(pairs), gold, strict=True)), Counts())
            scores[name] = 100 * counts.aer
        return scores

    return measure
