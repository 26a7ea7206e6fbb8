"""Sentence pairs -> links, by Ray Data on a cluster. Needs the extra: pip install 'xalign-words[ray]'.

`align_files` aligns files into a folder of parts: each actor has an aligner, and takes the next shard of the text
(job.py) when it is free. `align_dataset` adds a column of links to a `ray.data.Dataset`. Both call `map_batches` once:
Ray decides where actors run, and repeats what was lost with an actor or a node. Does not: align; the `Aligner` of an
actor does.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import WorkerError, XalignError
from ..files.addresses import everywhere
from ..log_collector import LogCollector
from ..models import DEFAULT, lasting_name, resolve
from ..models.preset import Options
from ..options import with_keywords
from ..pieces import LOOKED_AT
from ..text.marks import Marks, find_marks
from ..text.tokenization import splits
from .cluster import Model, Resources, actor_options, places, quiet, ray_or_error
from .job import PAIRS, Record, ShardJob, Writing, expect_one_model
from .parquet import with_column
from .shards import Inputs, Text, look_at

if TYPE_CHECKING:
    import pyarrow
    from ray.data import Dataset

    from ..aligner import Aligner

T = TypeVar("T")
logger = logging.getLogger("xalign")


def align_files(
    inputs: Inputs,
    folder: str,
    model: Model,
    *,
    pairs: int = PAIRS,
    writing: Writing | None = None,
    resources: Resources | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
    between: Callable[[Iterable[Record]], Iterable[Record]] = iter,
) -> Record:
    """Align files, which together are one text, into `folder`; return the report, which is also in `_report.json`.

    Parts that earlier runs have completed in the folder are kept. Sorted by name, the parts contain the links that
    `xalign align` finds in the text, with ids.

    Args:
        inputs: the files, and their form.
        folder: a path that all nodes share, or an address.
        model: what each actor loads.
        pairs: number of pairs in a part.
        writing: what parts contain; by default ids and links.
        resources: actors, cores and devices; by default as many actors as fit.
        tell: is called with the number of pairs that are done, and that of all pairs.
        between: gets the records of the parts as they are completed, passes them on, and may end the run.

    Raises:
        DependencyError: Ray, or the package that an address or a file needs, is not installed.
        InputError: a file or a line cannot be read; completed parts are kept.
        ModelError: as from `Aligner.load`.
        OptionError: as from `Aligner.load`, the folder contains another job, or options do not go together.
        WorkerError: Ray stopped with an error.
    """
    ray = ray_or_error()
    inputs, folder = replace(inputs, paths=list(map(everywhere, inputs.paths))), everywhere(folder)
    resources, writing = resources or Resources(), writing or Writing()
    if ray.util.client.ray.is_connected():
        sent = _sent(ray, inputs, folder, model, pairs=pairs, writing=writing, resources=resources)
        [report] = between(sent)
        for record in report["shards"]:
            _warn(record)
        tell(report["pairs"], report["pairs"])
        return report
    started = time.monotonic()
    device, actors = places(ray, resources)
    with quiet():
        text = _text(ray, inputs)
        job = _job(text, inputs.pieces, folder, model, device, pairs, writing)
        records = dict(earlier := job.begin())
        expect_one_model(records.values())
        done = sum(record["pairs"] for record in records.values())
        tell(done, text.lines)
        left = [shard for shard in range(job.shards) if shard not in earlier]
        for record in between(_aligned(ray, job, left, model, device, resources.threads, actors)):
            expect_one_model([next(iter(records.values()), record), record])
            _warn(record)
            records[(record["first"] - 1) // pairs] = record
            done += record["pairs"]
            tell(done, text.lines)
    return job.report(records, earlier, time.monotonic() - started)


@with_keywords(Options)
def align_dataset(
    dataset: Dataset,
    model: str = DEFAULT,
    *,
    source: str = "src",
    target: str = "tgt",
    links: str = "links",
    scores: str | None = None,
    batch_size: int = 4_096,
    resources: Resources | None = None,
    dtype: str = "auto",
    trust_remote_code: bool = False,
    **options: Any,
) -> Dataset:
    """The data set with a further column: links as text, "0-0 1-2". Nothing is computed before it is read or written.

    >>> aligned = align_dataset(ray.data.read_parquet("s3://bucket/pairs"), "small")  # doctest: +SKIP
    >>> aligned.write_parquet("s3://bucket/aligned")  # doctest: +SKIP

    Args:
        model, dtype, trust_remote_code: as in `Aligner.load`.
        source, target: names of the columns of text, or of lists of words.
        links, scores: names of the columns to add, which replace those of that name; `scores` contains the score of
            each pair, and None leaves it out.
        batch_size: number of rows that are aligned together; larger batches use a GPU better.
        resources: actors, cores and devices; by default as many actors as fit.
        options: further keywords of `Aligner.load`.

    Raises:
        DependencyError: Ray is not installed.
        ModelError: as from `Aligner.load`.
        OptionError: as from `Aligner.load`, or no actor fits into the cluster.
    """
    ray = ray_or_error()
    resources = resources or Resources()
    given = {name: value for name, value in options.items() if value is not None}
    resolve(model).with_options(given)  # type: ignore[arg-type]
    device, actors = places(ray, resources)
    return dataset.map_batches(
        _RowAligner,
        fn_constructor_kwargs={
            "model": Model(lasting_name(model), dtype, trust_remote_code, given),
            "device": device,
            "threads": resources.threads,
            "columns": (source, target),
            "names": (links, scores),
        },
        batch_size=batch_size,
        batch_format="pyarrow",
        **actor_options(ray, device, resources.threads, actors),
    )


class _ShardAligner:
    """An actor: numbers of shards -> their records or the errors in place of them, pickled."""

    def __init__(self, job: ShardJob, model: Model, device: str, threads: int) -> None:
        self._job = job
        self._log = LogCollector.of_all(logging.WARNING)
        self._load = partial(model.load, device, threads)

    @cached_property
    def _aligner(self) -> Aligner:
        """Loaded with the first shard: Ray would tell an error of `__init__` as the death of an actor."""
        return self._load()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[bytes]]:
        return {"found": [pickle.dumps(_tried(self._record, int(shard))) for shard in batch["shard"]]}

    def _record(self, shard: int) -> Record:
        return self._job.align(self._aligner, shard, self._log)


class _RowAligner:
    """An actor: rows -> the same rows with links."""

    def __init__(
        self,
        model: Model,
        device: str,
        threads: int,
        columns: tuple[str, str],
        names: tuple[str, str | None],
    ) -> None:
        self._aligner = model.load(device, threads)
        self._columns, self._names = columns, names

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        sides = ((value or "" for value in table.column(name).to_pylist()) for name in self._columns)
        found = list(self._aligner.align(list(zip(*sides, strict=True))))
        links, scores = self._names
        table = with_column(table, links, pyarrow.array(list(map(str, found)), pyarrow.string()))
        if scores is not None:
            values = pyarrow.array([each.score for each in found], pyarrow.float64())
            table = with_column(table, scores, values)
        return table


def _sent(ray: Any, *arguments: Any, **options: Any) -> Iterator[Record]:
    """The report of `align_files`, run as a task of the cluster: Ray Data does not work over Ray's client."""

    run = ray.remote(_tried).options(num_cpus=0)
    with _failures_told(ray):
        yield _raised(ray.get(run.remote(partial(align_files, *arguments, **options))))


def _tried(work: Callable[..., T], *arguments: Any) -> T | XalignError:
    """What `work` returns, or the `XalignError` that it raises, which Ray would wrap in an error of its own."""
    try:
        return work(*arguments)
    except XalignError as error:
        return error


def _raised(found: T | XalignError) -> T:
    """What `_tried` returned, unless it is an error, which is raised."""
    if isinstance(found, XalignError):
        raise found
    return found


def _warn(record: Record) -> None:
    for warning in record["warnings"]:
        logger.warning("%s", warning)


@contextmanager
def _failures_told(ray: Any) -> Iterator[None]:
    """Within it, an error of Ray becomes a WorkerError with its last line: many have a traceback before it."""
    try:
        yield
    except ray.exceptions.RayError as error:
        last = (str(error).strip() or type(error).__name__).splitlines()[-1]
        raise WorkerError(f"Ray gave up: {last}") from error


def _job(
    text: Text, pieces: bool, folder: str, model: Model, device: str, pairs: int, writing: Writing
) -> ShardJob:
    _, run = resolve(model.name).with_options(model.options)  # type: ignore[arg-type]
    words = run.words, run.source_language, run.target_language
    options = {name: str(value) for name, value in sorted(model.options.items()) if value is not None}
    return ShardJob(
        folder=folder,
        text=text,
        made_by={"model": model.name, "device": device, "dtype": model.dtype, **options},
        pairs=pairs,
        writing=writing,
        words=words,
        marks=_marks(text, words) if pieces else (None, None),
    )


def _aligned(
    ray: Any, job: ShardJob, shards: Sequence[int], model: Model, device: str, threads: int, actors: int
) -> Iterator[Record]:
    """The records of shards, in the order in which they are completed."""
    if not shards:
        return
    rows = ray.data.from_items([{"shard": shard} for shard in shards], override_num_blocks=len(shards))
    done = rows.map_batches(
        _ShardAligner,
        fn_constructor_kwargs={"job": job, "model": model, "device": device, "threads": threads},
        batch_size=1,
        **actor_options(ray, device, threads, min(actors, len(shards))),
    )
    with _failures_told(ray):
        for batch in done.iter_batches(batch_size=None, prefetch_batches=0):
            for found in batch["found"]:
                yield _raised(pickle.loads(found))


def _text(ray: Any, inputs: Inputs) -> Text:
    """The text that the files are together; a task of the cluster looks at each file."""
    shape = inputs.shape()

    look = ray.remote(_tried)
    with _failures_told(ray):
        files = map(_raised, ray.get([look.remote(look_at, path, shape) for path in inputs.paths]))
    return Text(tuple(files), shape)


def _marks(text: Text, words: tuple[str | None, str | None, str | None]) -> tuple[Marks | None, Marks | None]:
    """How the pieces of words are marked on either side, by the first pairs of the text; None: no pieces."""
    head = list(text.pairs(0, LOOKED_AT, lambda error, line: None, splits(*words)))
    return find_marks(pair.source for pair in head), find_marks(pair.target for pair in head)
