"""Rows of Parquet files <-> sentence pairs, and links as a column. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import DependencyError, InputError, LineError
from ..files import OnBroken
from ..files.addresses import is_address, opened
from ..text.pairs import as_pair
from ..text.sentences import WORDS, SentencePair, Splits

if TYPE_CHECKING:
    from pyarrow import Array, Table
    from pyarrow.parquet import ParquetFile


def count_rows(path: str) -> int:
    """The number of rows of a file. Raises the errors of `pairs`."""
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def pairs(
    path: str, columns: tuple[str, str], start: int, stop: int, on_broken: OnBroken, split: Splits = WORDS
) -> Iterator[SentencePair]:
    """The pairs in the rows from `start` up to `stop`. A value is a text, a list of words, or null (empty).

    Args:
        on_broken: decides about a row with other values, as if it were a line; if it returns, the row counts as empty.

    Raises:
        InputError: the file cannot be read, or has no such columns. Or what `on_broken` raises.
        DependencyError: pyarrow is not installed.
    """
    number = start
    for batch in _rows(path, columns, start, stop).to_batches():
        for cells in zip(*(batch.column(name) for name in columns), strict=True):
            number += 1
            try:
                source, target = (cell.as_py() for cell in cells)
                pair = as_pair(("" if source is None else source, "" if target is None else target), split)
            except ValueError as error:  # an InputError, or text that is not UTF-8
                on_broken(LineError(path, number, str(error)))
                pair = SentencePair((), ())
            yield pair


def with_column(table: Table, name: str, values: Array) -> Table:
    """The table with a further column, which replaces one of that name."""
    if name in table.column_names:
        table = table.drop_columns([name])
    return table.append_column(name, values)


def bytes_with_column(spans: Iterable[tuple[str, int, int]], name: str, values: Sequence[str]) -> bytes:
    """The bytes of a file with the rows of several files and a further column.

    Args:
        spans: path, first row, and the first row after the last; one or more.
        name: as in `with_column`.
        values: one per row.

    Raises:
        InputError, DependencyError: as from `pairs`.
    """
    paths, tables = zip(*((path, _rows(path, None, start, stop)) for path, start, stop in spans), strict=True)
    import pyarrow
    import pyarrow.parquet

    with _damage_told(", ".join(paths)):
        table = pyarrow.concat_tables(tables, promote_options="default")
        sink = pyarrow.BufferOutputStream()
        pyarrow.parquet.write_table(with_column(table, name, pyarrow.array(values, pyarrow.string())), sink)
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
