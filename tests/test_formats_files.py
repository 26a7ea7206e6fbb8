import pytest

from xalign import formats
from xalign.errors import FormatError, InputError, OptionError
from xalign.formats import (
    detect_format,
    iter_aligned,
    iter_alignments,
    parse_pharaoh,
    read_alignments,
    read_links,
)
from xalign.links import Alignment


@pytest.fixture
def write(tmp_path):
    def file(text):
        path = tmp_path / "links"
        path.write_bytes(text.encode())
        return path

    return file


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("0-0 1p2", "pharaoh"),
        ("0-0 ||| -3.5", "pharaoh"),
        ("0-0\t1-1\t2-2", "pharaoh"),
        ("\t\t0-0", "tsv"),
        ("", "pharaoh"),
        ("0001 1 2 S", "naacl"),
        ("1\t1\t2", "naacl"),
        ("ein Haus\ta house\t0-0 1-1", "tsv"),
        ('{"links": [[0, 0]]}', "jsonl"),
        ('{"links": [[0, 0]', "jsonl"),
        ("{name} ist da\t{name} is here\t0-0", "tsv"),
        ("{user} sagt ||| {user} says ||| 0-0", "pharaoh"),
        ("# Sentence pair (1) source length 1", "giza"),
    ],
)
def test_formats_are_told_by_their_first_line(line, name):
    assert detect_format(line) == name


def test_empty_lines_before_the_first_links_are_pairs(write):
    assert read_alignments(write("\n\n0-0\n\n")) == [
        Alignment(),
        Alignment(),
        Alignment.of([(0, 0)]),
        Alignment(),
    ]


def test_an_empty_file_has_no_pairs(write):
    assert read_alignments(write("")) == []


def test_windows_line_ends_and_a_missing_last_one(write):
    assert read_alignments(write("0-0\r\n1-1")) == [Alignment.of([(0, 0)]), Alignment.of([(1, 1)])]


def test_reverse_reads_target_before_source(write):
    assert read_alignments(write("0-3 1p2\n"), reverse=True) == [Alignment.of([(3, 0)], [(2, 1)])]


def test_errors_name_file_and_line(write):
    path = write("0-0\n0-0 here\n")
    with pytest.raises(
        FormatError, match=f"^{path} line 2: expected links such as 0-0 or 1p2, found 'here'$"
    ):
        read_alignments(path)
    with pytest.raises(FormatError, match=f"^{path} line 1: expected source, target and links"):
        read_alignments(path, format="tsv")


def test_an_unknown_format_is_refused_with_the_known_ones(write):
    for read in (read_alignments, lambda path, format: list(iter_aligned(path, format=format))):
        with pytest.raises(OptionError, match="format is 'blinker': choose one of auto, pharaoh, "):
            read(write("0-0\n"), format="blinker")
        with pytest.raises(OptionError, match="format is 'words': choose one of auto"):
            read(write("0-0\n"), format="words")


def test_one_line_per_pair_is_read_as_it_comes(write):
    stream = iter_alignments(write("0-0\nbroken\n"))
    assert next(stream) == Alignment.of([(0, 0)])
    with pytest.raises(FormatError):
        next(stream)


def test_xl_wa_lines(write):
    path = write("I saw it .\tL' ho visto .\t0-1 1-2 2-0 3-3\n")
    assert read_alignments(path) == [parse_pharaoh("0-1 1-2 2-0 3-3")]


def test_a_line_of_links_that_is_too_long_is_an_error_and_never_an_empty_pair(write, monkeypatch):
    monkeypatch.setattr(formats.files, "LONGEST_LINE", 1000)
    with pytest.raises(InputError, match="links line 2: longer than 1,000 bytes"):
        read_alignments(write("0-0\n" + "0-0 " * 251 + "\n"))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0-0\n1-1\n", None), ("0-0\n", None), ("", None), ("7 1 1\n9 1 1\n7 2 2\n", [7, 9])],
)
def test_gold_comes_with_the_numbers_of_its_pairs_where_it_has_them(write, text, numbers):
    path = write(text)
    assert read_links(path)[:2] == (read_alignments(path), numbers)
    assert read_links(path, one_based=True, sentences=3).alignments == read_alignments(
        path, one_based=True, sentences=3
    )


def test_an_error_in_gold_is_named_with_file_and_line(write):
    for text in ("0-0\n0:0\n", "1 1 1\n1 1 x\n"):
        with pytest.raises(FormatError, match="links line 2: expected"):
            read_links(write(text))
