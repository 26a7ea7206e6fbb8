"""Parquet files of sentence pairs, for fuzz_targets.py."""

from __future__ import annotations

from pathlib import Path

from xalign.distributed.shards import PARQUET, Shape, Text, look_at
from xalign.formats import WriteOptions
from xalign.links import Alignment

ALIGNMENT = Alignment.of([(0, 0), (1, 1)])


def parquet_files() -> tuple[bytes, ...]:
    """Texts, lists of words, and nothing; plain and dictionary-encoded, in one row group and in several."""
    import pyarrow
    from pyarrow import parquet

    sides = (["das Haus", "", None], [["the", "house"], [], None])
    table = pyarrow.table(dict(zip(("src", "tgt"), sides, strict=True)))
    made = []
    for options in ({"use_dictionary": False}, {"compression": "none", "row_group_size": 1}):
        sink = pyarrow.BufferOutputStream()
        parquet.write_table(table, sink, store_schema=False, **options)
        made.append(bytes(sink.getvalue()))
    return tuple(made)


def read_parquet(path: Path) -> None:
    shape = Shape(PARQUET)
    text = Text((look_at(str(path), shape),), shape)
    pairs = list(text.pairs(0, text.lines, lambda error, line: None))
    for pair in pairs:
        " ".join((*pair.source, *pair.target)).encode()
    if pairs:
        text.with_links(0, text.lines, (ALIGNMENT for _ in pairs), WriteOptions())
