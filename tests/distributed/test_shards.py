"""Any lines of a text that is many files are read as from one file, whatever their form and compression."""

import gzip
import json
from itertools import islice

import fsspec
import pyarrow
import pytest
from pyarrow import parquet

from xalign.distributed import shards
from xalign.distributed.shards import Inputs, Shape, Text, look_at
from xalign.errors import InputError, OptionError
from xalign.formats.entry import PLAIN, WriteOptions
from xalign.links import Alignment, Link
from xalign.text.sentences import SentencePair

PAIRS = [SentencePair.of(f"das {k}", f"the {k} !") for k in range(25)]
LINES = [(" ".join(pair.source), " ".join(pair.target)) for pair in PAIRS]


def bars(pairs):
    return "".join(f"{source} ||| {target}\n" for source, target in pairs).encode()


def tsv(pairs):
    return "".join(f"{source}\t{target}\n" for source, target in pairs).encode()


def jsonl(pairs):
    return "".join(json.dumps({"src": source, "tgt": target}) + "\n" for source, target in pairs).encode()


def named_jsonl(pairs):
    return "".join(
        json.dumps({"id": 7, "de": source, "en": target}) + "\n" for source, target in pairs
    ).encode()


FORMS = {
    "bars.txt": (bars, None),
    "bars.txt.gz": (lambda pairs: gzip.compress(bars(pairs)), None),
    "columns.tsv": (tsv, None),
    "lines.jsonl": (jsonl, None),
    "lines.txt": (jsonl, None),
    "named.jsonl.gz": (lambda pairs: gzip.compress(named_jsonl(pairs)), ("de", "en")),
}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(shards, "EVERY", 4)


def refuse(error, line):
    raise AssertionError(error)


def text_of(folder, name, contents, columns=None):
    paths = []
    for number, content in enumerate(contents):
        paths.append(str(folder / f"{number}.{name}"))
        (folder / f"{number}.{name}").write_bytes(content)
    shape = Inputs(paths, columns=columns).shape()
    return Text(tuple(look_at(path, shape) for path in paths), shape)


@pytest.fixture(params=FORMS)
def text(request, tmp_path):
    """25 pairs in three files, of which one is empty."""
    write, columns = FORMS[request.param]
    return text_of(tmp_path, request.param, [write(LINES[:10]), write([]), write(LINES[10:])], columns)


def test_any_lines_are_those_of_the_whole(text):
    assert text.lines == 25
    for first in range(0, 25, 3):
        for end in (first, first + 1, first + 7, 25, 100):
            assert list(text.pairs(first, end, refuse)) == PAIRS[first:end]


def test_files_at_addresses_are_read_too(tmp_path):
    fsspec.filesystem("memory").pipe_file("/corpus/a.tsv.gz", gzip.compress(tsv(LINES)))
    shape = Inputs(["memory://corpus/a.tsv.gz"]).shape()
    text = Text((look_at("memory://corpus/a.tsv.gz", shape),), shape)
    assert list(text.pairs(20, 25, refuse)) == PAIRS[20:]


def test_parquet_is_read_by_rows_and_gets_a_column_more(tmp_path):
    paths = [str(tmp_path / "0.parquet"), str(tmp_path / "1.parquet")]
    for path, some in zip(paths, (LINES[:10], LINES[10:]), strict=True):
        sources, targets = ([pair[k] for pair in some] for k in (0, 1))
        parquet.write_table(
            pyarrow.table({"n": range(len(some)), "de": sources, "en": targets}), path, row_group_size=3
        )
    shape = Inputs(paths, columns=("de", "en")).shape()
    text = Text(tuple(look_at(path, shape) for path in paths), shape)
    assert list(text.pairs(7, 19, refuse)) == PAIRS[7:19]
    found = (Alignment.of([(k, 0)]) for k in range(7, 19))
    written = parquet.read_table(pyarrow.BufferReader(text.with_links(7, 19, found, PLAIN)))
    assert written.column("de").to_pylist() == [source for source, _ in LINES[7:19]]
    assert written.column("links").to_pylist() == [f"{k}-0" for k in range(7, 19)]
    with pytest.raises(InputError, match="has no column 'src': it has n, de, en"):
        list(Text(text.files, Inputs(paths).shape()).pairs(0, 1, refuse))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bars.txt", "das 9 ||| the 9 ! ||| 0-0 1-1"),
        ("columns.tsv", "das 9\tthe 9 !\t0-0 1-1"),
        ("lines.jsonl", '{"src": "das 9", "tgt": "the 9 !", "links": [[0, 0], [1, 1]]}'),
    ],
)
def test_lines_get_their_links_in_their_own_form(tmp_path, name, expected):
    write, _ = FORMS[name]
    text = text_of(tmp_path, name, [write(LINES[:10]), write(LINES[10:])])
    found = (Alignment.of([(0, 0), (1, 1)]) for _ in range(3))
    lines = text.with_links(8, 11, found, PLAIN).decode().splitlines()
    assert (len(lines), lines[1]) == (3, expected)


@pytest.mark.parametrize(
    ("name", "added"),
    [
        ("bars.txt", " ||| 1-1:0.5000 ||| 0.2500"),
        ("columns.tsv", "\t1-1:0.5000 ||| 0.2500"),
        ("lines.jsonl", ', "links": [[1, 1]], "scores": [0.5], "score": 0.25}'),
    ],
)
def test_lines_get_scores_and_words_from_1_where_these_are_asked_for(tmp_path, name, added):
    write, _ = FORMS[name]
    text = text_of(tmp_path, name, [write(LINES[:10])])
    found = iter([Alignment((Link(0, 0),), scores=(0.5,), score=0.25)])
    [line] = text.with_links(8, 9, found, WriteOptions(scores=True, one_based=True)).decode().splitlines()
    assert line.endswith(added)


def test_broken_lines_are_told_with_their_number_in_the_text(tmp_path):
    text = text_of(tmp_path, "bars.txt", [bars(LINES[:6]), b"a ||| b\nbroken\nc ||| d\nbroken\n"])
    told = []
    found = list(text.pairs(6, 9, lambda error, line: told.append((error.line, line))))
    assert (len(found), found[1], told) == (3, SentencePair((), ()), [(2, 8)])


def test_a_last_line_without_an_end_counts(tmp_path):
    text = text_of(tmp_path, "bars.txt", [b"a ||| b\nc ||| d", b"e ||| f"])
    assert [file.lines for file in text.files] == [2, 1]
    assert [" ".join(pair.source) for pair in text.pairs(0, 3, refuse)] == ["a", "c", "e"]


def test_a_file_that_became_shorter_is_told(tmp_path):
    text = text_of(tmp_path, "bars.txt", [bars(LINES)])
    (tmp_path / "0.bars.txt").write_bytes(bars(LINES[:20]))
    with pytest.raises(InputError, match="had 25 lines, and has fewer now"):
        list(text.pairs(10, 25, refuse))


def test_a_damaged_file_is_told_before_anything_is_aligned(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        text_of(tmp_path, "bars.txt.gz", [gzip.compress(bars(LINES))[:-10]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"paths": ["a.tsv", "b.jsonl"]}, r"different forms \(jsonl, tsv\)"),
        ({"paths": ["a.tsv"], "columns": ("de", "en")}, "columns are de,en, and the form is tsv"),
        ({"paths": ["a.parquet"], "columns": (1, 2)}, "columns are 1,2, and the form is parquet"),
    ],
)
def test_what_does_not_go_together_is_told(arguments, message):
    with pytest.raises(OptionError, match=message):
        Inputs(**arguments).shape()


@pytest.mark.parametrize(
    ("line", "form"),
    [('{"src": "a", "tgt": "b"}', "jsonl"), ('{"src": "a', "jsonl"), ("{x} ||| {x}", "bars"), ("a", "bars")],
)
def test_the_form_is_told_by_the_first_line_as_that_of_a_stream_is(tmp_path, line, form):
    (tmp_path / "text").write_text(f"\n{line}\n")
    assert Inputs([str(tmp_path / "text")]).shape().form == form


def test_columns_of_numbers_are_no_error_in_the_middle_of_a_text(tmp_path):
    rows = b"das\tthe\tx\n" + b"2026\tthe\tx\n" * 20
    text = text_of(tmp_path, "columns.tsv", [rows])
    assert len(list(islice(text.pairs(9, 21, refuse), 20))) == 12


def test_a_missing_file_of_parquet_is_told(tmp_path):
    with pytest.raises(InputError, match=r"a\.parquet: no such file or directory"):
        look_at(str(tmp_path / "a.parquet"), Inputs(["a.parquet"]).shape())


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match=r"gone\.tsv: no such file or directory"):
        look_at(str(tmp_path / "gone.tsv"), Inputs(["gone.tsv"]).shape())


def test_a_missing_file_at_an_address_is_told():
    for name in ("memory://gone/a.tsv", "memory://gone/a.txt"):
        with pytest.raises(InputError, match=r"gone/a\.t..: no such file or directory"):
            look_at(name, Inputs([name]).shape())


class Locked(fsspec.AbstractFileSystem):
    """A protocol without credentials."""

    def __init__(self, **_):
        raise LookupError("no credentials")


@pytest.mark.parametrize("name", ["a.tsv", "a.txt", "a.parquet"])
def test_a_file_at_an_address_that_cannot_be_reached_is_told(name):
    fsspec.register_implementation("locked", Locked, clobber=True)
    path = f"locked://{name}"
    with pytest.raises(InputError, match=r"(?i)locked://a\.\w+.*: lookuperror: no credentials$"):
        look_at(path, Inputs([path]).shape())


def test_protocols_that_are_not_there_are_told():
    for name in ("nowhere://a/b", "nowhere://a/b.tsv", "nowhere://a/b.parquet"):
        with pytest.raises(OptionError, match="nowhere"):
            look_at(name, Inputs([name]).shape())


@pytest.mark.parametrize("spoil", [lambda raw: raw[:4] + b"\xff" * 20 + raw[24:], lambda raw: raw[:-30]])
def test_damaged_parquet_is_told_in_a_line(spoil, tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"src": ["das Haus"], "tgt": ["the house"]}), path)
    path.write_bytes(spoil(path.read_bytes()))
    shape = Inputs([str(path)]).shape()
    with pytest.raises(InputError, match=r"^.+a\.parquet: cannot be read: [^\n]+$"):
        list(Text((look_at(str(path), shape),), shape).pairs(0, 1, refuse))


NOT_UTF8 = pyarrow.array([b"das", b"\xff", None]).view(pyarrow.string())


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (NOT_UTF8, "utf-8"),
        ([["das"], ["das", None], None], "None among its words"),
        ([1, 0, None], "is 0"),
    ],
)
def test_rows_of_parquet_that_cannot_be_read_are_told_with_their_number_in_the_text(tmp_path, cells, message):
    for name, source in (("a", ["das"]), ("b", cells)):
        table = pyarrow.table({"src": source, "tgt": [["the", "house"] for _ in source]})
        parquet.write_table(table, tmp_path / f"{name}.parquet")
    shape = Shape("parquet")
    text = Text(tuple(look_at(str(tmp_path / f"{name}.parquet"), shape) for name in "ab"), shape)
    told = []
    found = list(text.pairs(2, 4, lambda error, line: told.append((error, line))))
    assert found == [SentencePair((), ()), SentencePair((), ("the", "house"))]
    [(error, line)] = told
    assert (error.file, error.line, line) == (text.files[1].path, 2, 3)
    assert message in error.reason


def test_parquet_files_whose_columns_do_not_go_together_are_named(tmp_path):
    shape = Shape("parquet", ("src", "tgt"))
    for name, number in (("a", 1), ("b", "one")):
        table = pyarrow.table({"src": ["das"], "tgt": ["the"], "number": [number]})
        parquet.write_table(table, tmp_path / f"{name}.parquet")
    text = Text(tuple(look_at(str(tmp_path / f"{name}.parquet"), shape) for name in "ab"), shape)
    with pytest.raises(InputError, match=r"a\.parquet, .+b\.parquet: cannot be read: .*number"):
        text.with_links(0, 2, iter([Alignment.of([(0, 0)])] * 2), PLAIN)
