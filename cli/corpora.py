"""Training texts and development sets, as `xalign train` gets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xalign.cli.groups import option, shared
from xalign.cli.options import READ, base_option
from xalign.cli.together import expect_with
from xalign.files import STANDARD

if TYPE_CHECKING:
    from xalign.train.corpus import CorpusFiles
    from xalign.train.development import DevelopmentFiles


@dataclass(frozen=True)
class Corpora:
    """Corpora, each with two texts and perhaps links, and development sets."""

    sources: tuple[Path, ...] = option(
        "--src", type=READ, multiple=True, required=True, help="Source text; repeat it for more corpora."
    )
    targets: tuple[Path, ...] = option(
        "--tgt", type=READ, multiple=True, required=True, help="Target text, as often as --src."
    )
    links: tuple[Path, ...] = option(
        "--links",
        type=READ,
        multiple=True,
        help="Links in Pharaoh format, as often as --src. Without it the model adapts to the text.",
    )
    source_languages: tuple[str, ...] = option(
        "--src-lang",
        metavar="CODE",
        multiple=True,
        help="Language of the source, for X-MOD and XLM: once for all corpora, or once for each.",
    )
    target_languages: tuple[str, ...] = option(
        "--tgt-lang", metavar="CODE", multiple=True, help="Language of the target."
    )
    dev: tuple[tuple[Path, Path, Path], ...] = option(
        "--dev",
        type=(READ, READ, READ),
        multiple=True,
        metavar="SRC TGT GOLD",
        help="Development set: AER is measured on it at every save, and the best weights are kept.",
    )
    development_languages: tuple[tuple[str, str], ...] = option(
        "--dev-lang",
        type=(str, str),
        multiple=True,
        metavar="SRC TGT",
        help="Languages of each --dev; by default those of the first corpus.",
    )
    dev_one_based: bool | None = shared(base_option("dev-", "the gold of --dev counts"))

    def __post_init__(self) -> None:
        count, languages = len(self.sources), len(self.development_languages)
        if not count == len(self.targets) == (len(self.links) or count):
            given = f"{count} --src, {len(self.targets)} --tgt and {len(self.links)} --links"
            raise click.UsageError(f"{given}: give one of each per corpus")
        for flag, codes in (("--src-lang", self.source_languages), ("--tgt-lang", self.target_languages)):
            if len(codes) not in (0, 1, count):
                raise click.UsageError(
                    f"{len(codes)} {flag} for {count} --src: give one for all, or one for each"
                )
        if languages not in (0, len(self.dev)):
            raise click.UsageError(f"{languages} --dev-lang for {len(self.dev)} --dev: give one for each")

        expect_with("--dev", self.dev, "dev_one_based")
        every = (*self.sources, *self.targets, *self.links, *chain.from_iterable(self.dev))
        if STANDARD in map(str, every):
            raise click.UsageError(
                f'training reads files more than once: "{STANDARD}", standard input, cannot be'
            )

    def files(self) -> list[CorpusFiles]:
        from xalign.train.corpus import CorpusFiles

        count = len(self.sources)
        columns = (
            self.sources,
            self.targets,
            self.links or [None] * count,
            _for_each(self.source_languages, count),
            _for_each(self.target_languages, count),
        )
        return [CorpusFiles(*row) for row in zip(*columns, strict=True)]

    def development(self) -> list[DevelopmentFiles]:
        from xalign.train.development import DevelopmentFiles

        first = self.files()[0].languages
        languages = self.development_languages or [first] * len(self.dev)
        return [
            DevelopmentFiles(*files, *codes, self.dev_one_based)
            for files, codes in zip(self.dev, languages, strict=True)
        ]


def _for_each(codes: Sequence[str], count: int) -> Sequence[str | None]:
    """The language of each corpus, where one may stand for all."""
    return codes if len(codes) == count else [*codes, None][:1] * count
