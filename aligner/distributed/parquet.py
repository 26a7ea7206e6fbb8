"""Rows of Parquet files <-> sentence pairs, and links as a column. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import DependencyError, InputError
from ..files.addresses import is_address, opened
from ..text.pairs import as_pair
from ..text.sentences import WORDS, SentencePair, Splits

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile


def count_rows(path: str) -> int:
    """The number of rows of a file. Raises the errors of `pairs`."""
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def pairs(
    path: str, columns: tuple[str, str], start: int, stop: int, split: Splits = WORDS
) -> Iterator[SentencePair]:
    """The pairs in the rows from `start` up to `stop`. A value is a text, a list of words, or null (empty).

    Raises:
        InputError: the file cannot be read, or has no such columns.
        DependencyError: pyarrow is not installed.
    """
    for batch in _rows(path, columns, start, stop).to_batches():
        with _damage_told(path):
            sides = [batch.column(name).to_pylist() for name in columns]
        for source, target in zip(*sides, strict=True):
            yield as_pair((source or "", target or ""), split)


def with_column(spans: Iterable[tuple[str, int, int]], name: str, values: Sequence[str]) -> bytes:
    """The bytes of a file with the rows of several files and a further column.

    Args:
        spans: path, first row, and the first row after the last; one or more.
        name: of the new column, which replaces one of that name.
        values: one per row.

    Raises:
        InputError, DependencyError: as from `pairs`.
    """
    paths, tables = zip(*((path, _rows(path, None, start, stop)) for path, start, stop in spans), strict=True)
    import pyarrow
    import pyarrow.parquet

    with _damage_told(", ".join(paths)):
        table = pyarrow.concat_tables(tables, promote_options="default")
        if name in table.column_names:
            table = table.drop_columns([name])
        sink = pyarrow.BufferOutputStream()
        pyarrow.parquet.write_table(table.append_column(name, pyarrow.array(values, pyarrow.string())), sink)
    return bytes(sink.getvalue().to_pybytes())


def _opened(path: str) -> ParquetFile:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise DependencyError("Parquet needs pyarrow, which is not installed: pip install pyarrow") from None
    with _damage_told(path):
        return ParquetFile(opened(path) if is_address(path) else path)


@contextmanager
def _damage_told(path: str) -> Iterator[None]:
    """Within it, what pyarrow raises becomes an InputError of one line."""
    import pyarrow

    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{path}: no such file or directory") from None
    except (OSError, UnicodeDecodeError, MemoryError, pyarrow.ArrowException) as error:
        raise InputError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None


def _rows(path: str, columns: Sequence[str] | None, start: int, stop: int) -> Any:
    """A table of the rows from `start` up to `stop`. Only the row groups that contain them are read."""
    with _opened(path) as file:
        names = file.schema_arrow.names
        for name in columns or ():
            if name not in names:
                raise InputError(f"{path} has no column {name!r}: it has {', '.join(names)}", "columns")
        groups, before, skipped = [], 0, None
        for number in range(file.num_row_groups):
            rows = file.metadata.row_group(number).num_rows
            if before < stop and before + rows > start:
                groups.append(number)
                skipped = before if skipped is None else skipped
            before += rows
        with _damage_told(path):
            table = file.read_row_groups(groups, columns=None if columns is None else list(columns))
        return table.slice(start - (skipped or 0), stop - start)
