import gzip

import pytest
from click.testing import CliRunner

from xalign.cli import main

ALIGNED = "das Haus\tthe house\t0-0 1-1\ndas\tit is\t0-0\n"
S2T = "house Haus 1.0000000\nis NULL 1.0000000\nit das 0.5000000\nthe das 0.5000000\n"
T2S = "Haus house 1.0000000\nNULL is 1.0000000\ndas it 1.0000000\ndas the 1.0000000\n"


def lexicon(*arguments, input=ALIGNED):
    return CliRunner().invoke(main, ["lexicon", *map(str, arguments)], input=input)


def test_both_tables_and_a_shortlist_come_of_one_reading(tmp_path):
    s2t, t2s, shortlist = tmp_path / "lex.s2t", tmp_path / "lex.t2s", tmp_path / "lex.s2t.pruned.gz"
    result = lexicon("--s2t", s2t, "--t2s", t2s, "--shortlist", shortlist, "--best", 1)
    assert (result.exit_code, result.output) == (0, "")
    assert (s2t.read_text(), t2s.read_text()) == (S2T, T2S)
    assert gzip.decompress(shortlist.read_bytes()) == b"house Haus 1.0000000\nit das 0.5000000\n"


def test_the_text_may_stand_in_two_files(tmp_path):
    source, target = tmp_path / "a.de", tmp_path / "a.en"
    source.write_text("das Haus\ndas\n")
    target.write_text("the house\nit is\n")
    result = lexicon("--src", source, "--tgt", target, "--s2t", "-", input="0-0 1-1\n0-0\n")
    assert (result.exit_code, result.stdout) == (0, S2T)


@pytest.mark.parametrize(
    ("options", "input", "message"),
    [
        ([], ALIGNED, "there is nothing to write: give --s2t, --t2s or --shortlist"),
        (["--s2t", "-"], "0-0\n", "standard input contains no text"),
        (
            ["--s2t", "-"],
            "a\tb\t0-0\na\tb\t0-1\n",
            "standard input line 2: link 0-1 (counted from 0) is outside",
        ),
        (["--s2t", "-", "--t2s", "-"], ALIGNED, "standard output is given for two outputs"),
        (["--s2t", "-", "--src", "a"], ALIGNED, "--src and --tgt go together"),
    ],
)
def test_what_does_not_go_is_told(options, input, message):
    result = lexicon(*options, input=input)
    assert result.exit_code == 2
    assert message in result.stderr


def test_links_outside_a_sentence_are_left_out_on_demand():
    result = lexicon("--s2t", "-", "--outside", "drop", input="a\tb\t0-0 0-1\n")
    assert (result.exit_code, result.stdout) == (0, "b a 1.0000000\n")
