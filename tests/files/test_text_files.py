"""Text files in and out, plain and compressed, and what goes wrong with them."""

import bz2
import gzip
import io
import lzma
import os
import stat
import subprocess
import sys
import tracemalloc
from pathlib import Path
from threading import Thread

import pytest
import zstandard

from xalign.errors import InputError, LineError, LongLine, OptionError
from xalign.files import LONGEST_LINE, count_lines, expect_no_input, read_lines, replacing, skip_long, writing

TEXT = "das Haus\n\nthe house\n"
COMPRESS = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
every_suffix = pytest.mark.parametrize("suffix", COMPRESS)
compressed = pytest.mark.parametrize("suffix", [suffix for suffix in COMPRESS if suffix])


@pytest.fixture
def file(tmp_path):
    """`file(b"...", ".gz")`: a file with these bytes."""

    def write(content: bytes, suffix: str = "") -> Path:
        path = tmp_path / f"text{suffix}"
        path.write_bytes(content)
        return path

    return write


@every_suffix
def test_a_file_is_read_by_its_suffix(file, suffix):
    assert list(read_lines(file(COMPRESS[suffix](TEXT.encode()), suffix))) == ["das Haus", "", "the house"]


@every_suffix
def test_what_is_written_by_suffix_is_read_back(tmp_path, suffix):
    path = tmp_path / f"text{suffix}"
    with writing(path) as output:
        for _ in range(1000):
            output.write(TEXT.encode())
    assert list(read_lines(path)) == TEXT.splitlines() * 1000
    assert (path.stat().st_size < 2000) == bool(suffix)


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
    with pytest.raises(InputError, match=r"text\.\w+ after line \d+: cannot be read further"):
        found.extend(lines)
    assert found == text.splitlines()[: len(found)]


@compressed
def test_a_truncated_end_marker_is_an_error(file, suffix):
    with pytest.raises(InputError, match="cannot be read further"):
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
    with pytest.raises(InputError, match="cannot be read further"):
        list(read_lines(file(TEXT.encode(), suffix)))


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


def test_a_dash_is_standard_output(capfdbinary):
    with writing("-") as output:
        output.write("Häuser\n".encode())
    assert capfdbinary.readouterr().out == "Häuser\n".encode()


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


def test_a_file_that_cannot_be_made_is_named(tmp_path):
    complaint = "none/text: cannot be written: no such file"
    with pytest.raises(OptionError, match=complaint), writing(tmp_path / "none" / "text"):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_told():
    complaint = "/dev/full: cannot be written: no space left"
    with pytest.raises(OptionError, match=complaint), writing("/dev/full") as output:
        output.write(b"a\n")


def test_the_end_of_a_pipe_is_left_to_the_caller():
    with pytest.raises(BrokenPipeError), writing("-"):
        raise BrokenPipeError


def test_an_error_of_the_writers_own_passes_through(tmp_path):
    with pytest.raises(InputError, match="line 2"), writing(tmp_path / "text.gz"):
        raise InputError("line 2")


@every_suffix
@pytest.mark.parametrize("error", [InputError("line 3"), KeyboardInterrupt()])
def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path, suffix, error):
    path, partial = tmp_path / f"text{suffix}", tmp_path / f"text{suffix}.partial"
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as raised, writing(path) as output:
        output.write(b"a\nb\n")
        raise error
    assert path.read_bytes() == b"old"
    assert raised.value.__notes__ == [f"what was written is in {partial}"]
    error.__notes__.clear()
    partial.rename(tmp_path / f"rest{suffix}")
    assert list(read_lines(tmp_path / f"rest{suffix}")) == ["a", "b"]
    with writing(path) as output:
        output.write(b"new\n")
        assert path.read_bytes() == b"old"
    assert list(read_lines(path)) == ["new"]
    assert not partial.exists()


@every_suffix
def test_nothing_is_left_of_a_file_of_which_nothing_was_written(tmp_path, suffix):
    with pytest.raises(InputError) as raised, writing(tmp_path / f"text{suffix}"):
        raise InputError("line 1")
    assert list(tmp_path.iterdir()) == []
    assert not hasattr(raised.value, "__notes__")


def test_what_is_of_no_use_in_part_is_not_kept(tmp_path):
    with pytest.raises(InputError), replacing(tmp_path / "states", keep=False) as place:
        place.write_bytes(b"half")
        raise InputError("broken")
    assert list(tmp_path.iterdir()) == []


def test_a_file_keeps_its_permissions_and_a_new_one_has_the_usual(tmp_path):
    old, new, usual = (tmp_path / name for name in ("old", "new", "usual"))
    old.touch()
    old.chmod(0o640)
    usual.touch()
    for path in (old, new):
        with writing(path) as output:
            output.write(b"a\n")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert new.stat().st_mode == usual.stat().st_mode


def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, way: False)  # as for anybody but root
    path = tmp_path / "text"
    path.write_bytes(b"old")
    with pytest.raises(OptionError, match="cannot be written: permission denied"), writing(path):
        pass


def test_a_link_keeps_pointing_to_its_file(tmp_path):
    (tmp_path / "folder").mkdir()
    link, target = tmp_path / "link", tmp_path / "folder" / "target"
    link.symlink_to("folder/target")
    for _ in range(2):  # a file that is not there yet, and one that is
        with writing(link) as output:
            output.write(b"a\n")
        assert link.is_symlink()
        assert target.read_bytes() == b"a\n"
    assert [path.name for path in target.parent.iterdir()] == ["target"]


def test_a_pipe_is_written_where_it_is(tmp_path):
    pipe, found = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    with writing(pipe) as output:
        output.write(b"a\n")
    reader.join(30)
    assert found == [b"a\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with writing("/dev/null") as output:
        output.write(b"a\n")


def test_a_name_of_any_length_can_be_written(tmp_path):
    path = tmp_path / ("ä" * 127)
    with writing(path) as output:
        output.write(b"a\n")
    assert path.read_bytes() == b"a\n"


def test_standard_output_by_its_other_name_is_not_replaced(tmp_path):
    """As in `(echo a; xalign align -o /dev/stdout ...) > out`."""
    code = "from xalign.files import writing\nwith writing('/dev/stdout') as file: file.write(b'b\\n')"
    with (tmp_path / "out").open("ab") as out:
        out.write(b"a\n")
        out.flush()
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out").read_bytes() == b"a\nb\n"


def test_a_closed_standard_output_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OptionError, match="standard output is closed"), writing("-"):
        pass


def test_standard_streams_are_known_by_their_files(tmp_path, monkeypatch):
    text, other = tmp_path / "text", tmp_path / "other"
    text.write_bytes(b"a\n")
    with text.open() as read, text.open("a") as appended:
        monkeypatch.setattr(sys, "stdin", read)
        expect_no_input(other, [None, Path("-")])
        with pytest.raises(OptionError, match="text is an input too"):
            expect_no_input(text, [None, Path("-")])
        monkeypatch.setattr(sys, "stdout", appended)
        with pytest.raises(OptionError, match="standard output is an input too"):
            expect_no_input(Path("-"), [text])


def test_what_becomes_the_file_is_no_input_either(tmp_path):
    partial = tmp_path / "out.partial"
    partial.touch()
    with pytest.raises(OptionError, match="out is an input too"):
        expect_no_input(tmp_path / "out", [partial])


def test_a_file_called_dash_does_not_stand_for_a_pipe(tmp_path, monkeypatch):
    (tmp_path / "-").touch()
    monkeypatch.chdir(tmp_path)
    expect_no_input(Path("-"), [Path("-")])


def test_a_name_that_is_too_long_is_left_to_whoever_opens_it(tmp_path):
    output = tmp_path / "out"
    output.touch()
    expect_no_input(output, [Path("a" * 300)])
