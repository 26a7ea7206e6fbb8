"""Gold, and files of links to compare with it: options of `eval` and `show`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xalign.cli.groups import option, shared
from xalign.cli.options import READ, base_option
from xalign.files import STANDARD
from xalign.score.evaluation import Gold, Hypothesis
from xalign.text.sentences import SentencePair


@dataclass(frozen=True)
class GoldInput:
    """The gold, and how it and the files of links count words."""

    gold: Path | None = option("--gold", type=READ, help="Gold: links by human annotators, sure or possible.")
    gold_one_based: bool | None = shared(base_option("gold-", "the gold counts"))
    one_based: bool | None = shared(base_option("", "the files of links count"))
    reverse: bool = option("--reverse", is_flag=True, help="The files of links are target-source.")

    def read_gold(self, text: Sequence[SentencePair] | None) -> Gold:
        return Gold.read(self.gold or STANDARD, self.gold_one_based, text)

    def read(
        self, files: Iterable[Path], gold: Gold | None, text: Sequence[SentencePair] | None = None
    ) -> list[Hypothesis]:
        return [Hypothesis.read(path, gold, self.one_based, self.reverse, text) for path in files]
