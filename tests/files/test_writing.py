"""Text files out: each gets its name when it is complete, and no input is overwritten."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from compressed import TEXT, every_suffix

from xalign.errors import InputError, OptionError
from xalign.files import expect_outputs, read_lines, replacing, writing


@every_suffix
def test_what_is_written_by_suffix_is_read_back(tmp_path, suffix):
    path = tmp_path / f"text{suffix}"
    with writing(path) as output:
        for _ in range(1000):
            output.write(TEXT.encode())
    assert list(read_lines(path)) == TEXT.splitlines() * 1000
    assert (path.stat().st_size < 2000) == bool(suffix)


def test_a_dash_is_standard_output(capfdbinary):
    with writing("-") as output:
        output.write("Häuser\n".encode())
    assert capfdbinary.readouterr().out == "Häuser\n".encode()


def test_a_file_that_cannot_be_made_is_named(tmp_path):
    complaint = "none/text: cannot be written: no such file"
    with pytest.raises(OptionError, match=complaint), writing(tmp_path / "none" / "text"):
        pass


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no /dev/full to stand for a full disk"
)
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
        expect_outputs([other], [None, Path("-")])
        with pytest.raises(OptionError, match="text is an input too"):
            expect_outputs([text], [None, Path("-")])
        monkeypatch.setattr(sys, "stdout", appended)
        with pytest.raises(OptionError, match="standard output is an input too"):
            expect_outputs([Path("-")], [text])


def test_what_becomes_the_file_is_no_input_either(tmp_path):
    partial = tmp_path / "out.partial"
    partial.touch()
    with pytest.raises(OptionError, match="out is an input too"):
        expect_outputs([tmp_path / "out"], [partial])


def test_two_outputs_are_two_files(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    other.symlink_to(one)
    for outputs in (
        ["-", "-"],
        ["-", "/dev/stdout"],
        [one, one],
        [one, other],
        [one, tmp_path / "one.partial"],
    ):
        with pytest.raises(OptionError, match="is given for two outputs: give each a file of its own"):
            expect_outputs(map(Path, outputs), [])
    expect_outputs(map(Path, ["/dev/null", "/dev/null", "-", one, tmp_path / "two"]), [])


def test_a_file_called_dash_does_not_stand_for_a_pipe(tmp_path, monkeypatch):
    (tmp_path / "-").touch()
    monkeypatch.chdir(tmp_path)
    expect_outputs([Path("-")], [Path("-")])


def test_a_name_that_is_too_long_is_left_to_whoever_opens_it(tmp_path):
    output = tmp_path / "out"
    output.touch()
    expect_outputs([output], [Path("a" * 300)])
