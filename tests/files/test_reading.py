"""Text files in, plain and compressed, and what goes wrong with them."""

import io
import os
import subprocess
import sys
import tracemalloc
from threading import Thread

import pytest
from compressed import COMPRESS, TEXT, every_suffix

from xalign.errors import InputError, LineError, LongLine, OptionError
from xalign.files import LONGEST_LINE, count_lines, read_lines, skip_long, writing


@every_suffix
def test_a_file_is_read_by_its_suffix(file, suffix):
    assert list(read_lines(file(COMPRESS[suffix](TEXT.encode()), suffix))) == ["das Haus", "", "the house"]


def test_a_program_ends_while_a_thread_of_it_waits_for_standard_input():
    code = (
        "from threading import Thread; from xalign.files import read_lines; from time import sleep\n"
        "Thread(target=lambda: print(list(read_lines('-'))), daemon=True).start(); sleep(0.3)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.wait() == 0
        assert (program.stdout.read(), program.stderr.read()) == (b"", b"")


compressed = pytest.mark.parametrize("suffix", [suffix for suffix in COMPRESS if suffix])


@compressed
def test_files_put_one_after_the_other_are_one_file(file, suffix):
    parts = [COMPRESS[suffix](part) for part in (b"one\ntw", b"o\n", b"", b"three")]
    assert list(read_lines(file(b"".join(parts), suffix))) == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\n\n", ["a", ""]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\rb\n", ["a\rb"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
        (b"\xef\xbb\xbf", [""]),
        ("a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\n".encode(), ["a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg"]),
        (b"a\x00b\n", ["a\x00b"]),
    ],
)
def test_a_line_ends_at_lf_or_crlf_only_and_a_mark_counts_only_in_front(file, content, lines):
    assert list(read_lines(file(content))) == lines


@every_suffix
def test_a_line_may_be_as_long_as_the_limit(file, suffix):
    long = "wort " * 200_000
    assert len(long) == LONGEST_LINE
    assert list(read_lines(file(COMPRESS[suffix](f"{long}\nb\n".encode()), suffix))) == [long, "b"]
    assert list(read_lines(file(COMPRESS[suffix](long.encode()), suffix))) == [long]


@every_suffix
def test_a_longer_line_is_an_error_or_is_read_past_with_a_warning(file, suffix, caplog):
    text = f"a\n{'x' * (LONGEST_LINE + 1)}\nb\n{'y' * 3 * LONGEST_LINE}".encode()
    path = file(COMPRESS[suffix](text), suffix)
    with pytest.raises(LongLine, match=r"line 2: longer than 1,000,000 bytes"):
        list(read_lines(path))
    assert list(read_lines(path, on_broken=skip_long)) == ["a", "", "b", ""]
    assert [record.name for record in caplog.records] == ["xalign"] * 2
    first, second = caplog.messages
    assert f"{path} line 2: longer than 1,000,000 bytes" in first
    assert f"{path} line 4: longer" in second
    assert [len(line) for line in read_lines(path, longest=len(text))] == [1, 1_000_001, 1, 3_000_000]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_line_without_an_end_takes_no_more_memory_than_the_limit(file, suffix):
    """Of one that compresses to next to nothing the reader never holds all: 64 MB."""
    path = file(COMPRESS[suffix](bytes(1 << 26)), suffix)
    list(read_lines(path, on_broken=skip_long))  # so that what is imported is not measured
    tracemalloc.start()
    try:
        assert list(read_lines(path, on_broken=skip_long)) == [""]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1 << 26


@compressed
def test_an_empty_file_is_no_compressed_one(file, suffix):
    with pytest.raises(InputError, match=r"text\.\w+"):
        list(read_lines(file(b"", suffix)))


@compressed
def test_garbage_after_the_end_is_an_error(file, suffix):
    lines = read_lines(file(COMPRESS[suffix](b"a\nb\n") + b"no part of it\n" * 9, suffix))
    assert [next(lines), next(lines)] == ["a", "b"]
    with pytest.raises(InputError, match="after line 2: cannot be read further"):
        next(lines)


@compressed
def test_zero_bytes_after_the_end_are_padding(file, suffix):
    padded = COMPRESS[suffix](b"a\n") + bytes(5000)
    assert list(read_lines(file(padded, suffix))) == ["a"]
    if suffix != ".gz":
        assert list(read_lines(file(padded + COMPRESS[suffix](b"b\n"), suffix))) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"a\nb\xff\n", "text line 2: not UTF-8 (byte 0xff at position 2)"),
        (b"\xc3\n", "text line 1: not UTF-8 (byte 0xc3 at position 1)"),
        (b"\xed\xa0\x80\n", "text line 1: not UTF-8"),  # half a surrogate pair
        ("Häuser\n".encode("latin-1"), "text line 1: not UTF-8 (byte 0xe4 at position 2)"),
    ],
)
def test_bytes_that_are_not_utf8_are_named_with_their_line(file, content, complaint):
    with pytest.raises(InputError) as error:
        list(read_lines(file(content)))
    assert complaint in str(error.value)


@every_suffix
def test_a_broken_line_may_count_as_empty_and_the_lines_after_it_are_read(file, suffix):
    path = file(COMPRESS[suffix](b"a\nb\xff\nccccc\nd\n"), suffix)
    broken = []
    assert list(read_lines(path, longest=4, on_broken=broken.append)) == ["a", "", "", "d"]
    assert [(type(error), error.file, error.line) for error in broken] == [
        (LineError, str(path), 2),
        (LongLine, str(path), 3),
    ]
    assert [error.reason.split(" ")[0] for error in broken] == ["not", "longer"]


@pytest.mark.parametrize(
    ("content", "lines"),
    [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\r\n\nb", 3), (b"a\n" * 3_000_000, 3_000_000)],
)
def test_lines_are_counted_as_they_are_read(file, content, lines):
    path = file(content)
    assert count_lines(path) == sum(1 for _ in read_lines(path)) == lines


def test_what_would_have_to_be_read_is_not_counted(file, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (file(b"", ".gz"), tmp_path / "none", tmp_path / "pipe", tmp_path, "-"):
        assert count_lines(path) is None


@every_suffix
def test_a_missing_file_is_named(tmp_path, suffix):
    with pytest.raises(InputError, match=r"no such file or directory"):
        list(read_lines(tmp_path / f"none{suffix}"))


@every_suffix
def test_a_folder_is_no_file(tmp_path, suffix):
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    with pytest.raises(InputError, match=r"is a directory"):
        list(read_lines(folder))
    with pytest.raises(OptionError, match=r"cannot be written: is a directory"), writing(folder):
        pass


@compressed
def test_a_truncated_file_gives_its_lines_and_then_an_error(file, suffix):
    text = "".join(f"{number} {number * 7919 % 1009}\n" for number in range(20_000))
    whole = COMPRESS[suffix](text.encode())
    lines = read_lines(file(whole[: len(whole) * 2 // 3], suffix))
    found = []
    with pytest.raises(InputError, match=r"text\.\w+( after line \d+)?: cannot be read"):
        found.extend(lines)
    assert found == text.splitlines()[: len(found)]


@compressed
def test_a_truncated_end_marker_is_an_error(file, suffix):
    with pytest.raises(InputError, match="cannot be read"):
        list(read_lines(file(COMPRESS[suffix](TEXT.encode())[:-1], suffix)))


@compressed
def test_a_damaged_file_is_an_error(file, suffix):
    content = bytearray(COMPRESS[suffix](os.urandom(2000).hex().encode()))
    for place in range(100, 900, 7):
        content[place] ^= 0xFF
    with pytest.raises(InputError):
        list(read_lines(file(bytes(content), suffix)))


@compressed
def test_plain_text_under_a_compressed_name_is_an_error(file, suffix):
    with pytest.raises(
        InputError,
        match=rf"text\.\w+: its content is not \w+: leave {suffix} out of its name, or compress it$",
    ):
        list(read_lines(file(TEXT.encode(), suffix)))


@compressed
def test_a_compressed_file_under_a_plain_name_is_an_error_that_names_its_suffix(file, suffix):
    path = file(COMPRESS[suffix](TEXT.encode()))
    with pytest.raises(
        InputError, match=rf"text is compressed \(\w+\): .* ends in {suffix}, or decompress it"
    ):
        list(read_lines(path, on_broken=lambda error: None))
    assert count_lines(path) is None


def test_a_file_compressed_in_another_way_than_its_name_says_is_an_error(file):
    with pytest.raises(InputError, match=r"text\.gz: its content is xz, not gzip: .* ends in \.xz"):
        list(read_lines(file(COMPRESS[".xz"](TEXT.encode()), ".gz")))


@compressed
def test_a_compressed_pipe_is_read_by_the_suffix_of_its_name(tmp_path, suffix):
    pipe = tmp_path / f"pipe{suffix}"
    os.mkfifo(pipe)
    writer = Thread(target=lambda: pipe.write_bytes(COMPRESS[suffix](TEXT.encode())))
    writer.start()
    assert list(read_lines(pipe)) == TEXT.splitlines()
    writer.join(30)


def test_lines_come_before_the_end_of_their_file():
    reader, writer = os.pipe()
    try:
        os.write(writer, b"a\n")
        assert next(read_lines(f"/dev/fd/{reader}")) == "a"  # would wait for ever if it read to the end
    finally:
        os.close(writer)
        os.close(reader)


def test_a_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\nb\xff\n")))
    lines = read_lines("-")
    assert next(lines) == "a"
    with pytest.raises(InputError, match="standard input line 2: not UTF-8"):
        next(lines)
