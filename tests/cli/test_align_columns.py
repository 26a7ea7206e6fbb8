"""`xalign align --columns`: which columns are source and target."""

import pytest
from align_runs import COLUMNS, SOURCE, STRINGS, TARGET, WORDS, assert_aligned, assert_refused

CHOSEN = "".join(f"{number / 7:.3f}\t{line}\n" for number, line in enumerate(COLUMNS.split("\n")[:-1]))
SWAPPED = "".join("\t".join([*line.split("\t")[::-1], "x"]) + "\n" for line in COLUMNS.split("\n")[:-1])


@pytest.mark.parametrize("option", [[], ["--tsv"]])
def test_columns_are_chosen_by_their_numbers(align, links, option):
    assert_aligned(align(*option, "--columns", "2,3", input=CHOSEN), links)
    assert_aligned(align(*option, "--columns", "2,1", input=SWAPPED), links)
    assert_aligned(align(*option, "--columns", "1,2", input=COLUMNS), links)


def test_a_first_column_of_numbers_is_no_text(align):
    result = align("--tsv", input=CHOSEN)
    assert_refused(result, "standard input line 1: column 1 of 3 is a number (0.000)", "--columns 2,3")
    assert align("--tsv", "--columns", "1,2", input=CHOSEN).exit_code == 0
    assert align("--tsv", input="1\t2\n").exit_code == 0
    assert align("--tsv", input="a\tb\tc\n1\t2\t3\n").exit_code == 0


def test_a_tab_in_a_sentence_makes_a_broken_line(align):
    result = align("--tsv", input="a\tb\na x\tc\td\n")
    advice = "replace it by a space, or say which are source and target, such as --columns 1,2"
    assert_refused(
        result, "line 2: expected 2 fields between tabs, as in the first line, found 3", advice, lines=1
    )
    assert align("--tsv", "--on-error", "empty", input="a\tb\na x\tc\td\n").stdout.endswith("\n\n")


def test_columns_of_json_are_chosen_by_their_names(align, links):
    named = STRINGS.replace('"src":', '"src": 1, "de":').replace('"tgt":', '"en":')
    assert_aligned(align("--jsonl", "--columns", "de,en", input=named), links)


def test_too_few_columns_are_told(align):
    assert_refused(align("--columns", "2,3", input="a\tb\n"), "line 1: expected at least 3 columns, found 2")


@pytest.mark.parametrize("columns", ["2", "0,1", "2,2", "a,b", "1,2,3", "-1,2", "1,²", "1," + "2" * 5000])
def test_columns_are_two_numbers(align, columns):
    assert_refused(align("--columns", columns, input=COLUMNS), "--columns is")


def test_columns_go_with_one_stream_of_columns(align, file):
    files = file("a.de", SOURCE), file("a.en", TARGET)
    for arguments, complaint in (
        (files, "--columns is for one stream"),
        (("--jsonl",), "--columns is '1,2': expected two names, such as de,en"),
    ):
        result = align(*arguments, "--columns", "1,2", input=WORDS)
        assert (result.exit_code, result.stdout) == (2, "")
        assert complaint in result.stderr
