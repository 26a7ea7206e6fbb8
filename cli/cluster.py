"""`xalign align --ray ADDRESS INPUT... --output-dir DIR`: files -> a folder of links, on a Ray cluster."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from xalign.cli.broken import EMPTY, GOING_ON, OnError
from xalign.cli.groups import argument, option
from xalign.cli.options import PLACE
from xalign.cli.pieces import Pieces
from xalign.cli.progress import watching
from xalign.cli.standard import tell
from xalign.cli.stopping import Stopped, stopping
from xalign.cli.text_input import TextInput
from xalign.cli.together import expect_with, expect_without
from xalign.cli.values import columns_of
from xalign.cli.watch import Watch
from xalign.errors import LineError
from xalign.files import STANDARD
from xalign.formats import WriteOptions

# Options of `xalign align` that have no meaning on a cluster.
_ALONE = (
    *("output", "resume", "from_line", "lines", "shard", "total", "writer", "report", "min_score"),
    *("commands", "pieces_src", "pieces_tgt", "devices"),
)


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster, and what it writes."""

    more: tuple[Path | str, ...] = argument(type=PLACE, metavar="[INPUT]...", nargs=-1)
    ray: str | None = option(
        "--ray",
        metavar="ADDRESS",
        help="Align files on a Ray cluster, into --output-dir (docs/scale.md): local, auto, or ray://HOST:PORT.",
    )
    output_dir: str | None = option(
        "--output-dir",
        metavar="DIR",
        help="With --ray: a folder, or an address such as s3://bucket/folder. Finished parts in it are kept.",
    )
    part_pairs: int = option(
        "--part-pairs",
        type=click.IntRange(min=1),
        default=100_000,
        show_default=True,
        metavar="N",
        help="With --ray: pairs in a part of the output.",
    )
    actors: int | None = option(
        "--actors",
        type=click.IntRange(min=1),
        metavar="N",
        help="With --ray: N aligners, each on a GPU or on --threads cores (1). By default as many as fit.",
    )
    keep: bool = option(
        "--keep",
        is_flag=True,
        help="With --ray: write the lines or rows of the input with their links added, in its own form.",
    )

    def is_meant(self) -> bool:
        """Whether to align on a cluster; UsageError for options that exclude or need one."""
        expect_without("--ray", self.ray, _ALONE)
        if self.ray is not None:
            if self.output_dir is None:
                raise click.UsageError("--ray needs --output-dir DIR")
            return True
        if self.more:
            raise click.UsageError(f"Got unexpected extra argument ({' '.join(map(str, self.more))})")
        expect_with("--ray", self.ray, *(each.name for each in fields(self)))
        return False

    def arguments(
        self,
        text: TextInput,
        written: WriteOptions,
        on_error: OnError,
        pieces: Pieces,
        threads: int | None,
        model: Mapping[str, Any],
    ) -> dict[str, Any]:
        """The arguments of `align_files`, from the options."""
        from xalign.distributed.cluster import Model, Resources
        from xalign.distributed.job import Writing
        from xalign.distributed.shards import Inputs
        from xalign.models import lasting_name

        columns = None if text.columns is None else columns_of(text.columns, text.form)
        form = text.form or ("tsv" if columns is not None and isinstance(columns[0], int) else None)
        paths = [str(path) for path in (*text.files, *self.more)]
        if STANDARD in paths:
            raise click.UsageError("--ray needs files: actors cannot share standard input")
        own = ("model", "device", "dtype", "trust_remote_code")
        options = {name: value for name, value in model.items() if name not in own} | {"words": text.words}
        trust = model["trust_remote_code"]
        return {
            "inputs": Inputs(paths, form, columns, text.longest_line, pieces.subwords == "auto"),
            "folder": self.output_dir,
            "model": Model(lasting_name(model["model"]), model["dtype"], trust, options),
            "pairs": self.part_pairs,
            "writing": Writing(self.keep, written, on_error.on_error == EMPTY),
            "resources": Resources(self.actors, threads or 1, model["device"]),
        }

    def run(self, arguments: Mapping[str, Any], progress: str) -> None:
        """Align on the cluster, and show progress.

        Raises:
            XalignError: as from `align_files`.
            SystemExit: a signal stopped the run.
        """
        from xalign.distributed import align_files
        from xalign.distributed.cluster import cluster

        threads = arguments["resources"].threads
        with cluster(str(self.ray), self.actors, threads), stopping() as signals, ExitStack() as stack:
            watches: list[Watch] = []

            def show(done: int, total: int) -> None:
                if not watches:
                    watches.append(stack.enter_context(watching("pairs", lambda: total, progress)))
                    watches[0].go_on_from(done)
                watches[0].advance(done - watches[0].done)

            try:
                report = align_files(**arguments, tell=show, between=signals.between)
            except Stopped as stopped:
                stack.close()
                tell(f"{stopped}; finished parts are in {self.output_dir}, and the same command goes on")
                sys.exit(128 + stopped.number)
            except LineError as error:
                error.args = (f"{error}; {GOING_ON}",)
                raise
        if progress != "none":
            tell(_summary(report, str(self.output_dir)))


def _summary(report: Mapping[str, Any], folder: str) -> str:
    """The message at the end."""
    broken = f"; {report['broken']:,} lines could not be read" if report["broken"] else ""
    parts = f"{report['pairs']:,} pairs in {len(report['shards']):,} parts in {folder}"
    return f"{parts}; {report['pairs_of_this_run']:,} now, {report['pairs_per_second']:,.1f} a second{broken}"
