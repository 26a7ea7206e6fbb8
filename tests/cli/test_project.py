from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xalign.cli import main


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`run("project a.iob a.de", {"a.iob": "..."})`: a command in a folder with these files."""
    monkeypatch.chdir(tmp_path)

    def invoke(command: str, files: dict[str, str], input: str | None = None) -> Result:
        for name, text in files.items():
            Path(name).write_text(text, encoding="utf-8")
        return CliRunner().invoke(main, command.split(), input=input)

    return invoke


TAGGED = "Angela\tB-PER\nslept\tO\n\nParis\tB-LOC\n\n"
FILES = {"a.iob": TAGGED, "a.de": "geschlafen hat Angela\nnach Paris\n", "links": "0-2 1-0\n\n"}


def test_tags_are_carried_over_along_links_of_a_file(run):
    result = run("project a.iob a.de --align links", FILES)
    assert result.stdout == "geschlafen\tO\nhat\tO\nAngela\tB-PER\n\nnach\tO\nParis\tO\n\n"
    assert result.stderr == "1 of 2 carried over as they were; 1 was not: its words have no links\n"
    quiet = run("project a.iob a.de --align links -q", FILES)
    assert (quiet.stdout, quiet.stderr) == (result.stdout, "")


def test_a_model_makes_the_links_where_there_is_no_file(run, tiny):
    result = run(f"project a.iob a.de --model {tiny('preset')} -q", FILES)
    assert result.exit_code == 0
    assert [line.split("\t")[0] for line in result.stdout.split("\n")] == [
        *["geschlafen", "hat", "Angela", ""], *["nach", "Paris", "", ""],
    ]  # fmt: skip


def test_what_was_not_carried_over_is_listed(run):
    run("project a.iob a.de --align links --report lost.tsv -o out", FILES)
    assert Path("lost.tsv").read_text() == "2\tLOC Paris\tits words have no links\n"


def test_text_is_taken_as_it_is(run):
    files = {"a.html": "The <b>house</b>.\n", "a.de": "Das Haus.\n", "links": "0-0 1-1 2-2\n"}
    assert run("project a.html a.de --align links", files).stdout == "Das <b>Haus</b>.\n"
    links = {"links": "0-0 1-1\n"}
    assert run("project a.html a.de --align links --words whitespace", links).stdout == "Das <b>Haus.</b>\n"


def test_standard_input_is_read_once(run):
    result = run("project - - --format iob --align links", FILES)
    assert result.exit_code == 2
    assert '"-" stands for several files' in result.stderr


def test_compressed_files_and_standard_input_are_read(run):
    import gzip

    run("--help", FILES)
    Path("a.conllu.gz").write_bytes(gzip.compress(b"1\tA\t_\tX\t_\t_\t_\t_\t_\t_\n\n"))
    result = run("project a.conllu.gz - --align one", {"one": "0-0\n"}, input="B\n")
    assert result.stdout == "# text = B\n1\tB\t_\tX\t_\t_\t_\t_\t_\t_\n\n"


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("a.iob a.de --align short", "short ends after pair 1, but the text goes on"),
        ("a.iob a.de --align long", "long goes on after pair 2, where the text ends"),
        (
            "a.iob a.de --align wide",
            "wide line 1: link 7-0 (counted from 0) is outside the sentence pair, which has 2 and 3 words",
        ),
        ("a.iob one.de --align short", "one.de ends after sentence 1, but a.iob goes on"),
        (
            "a.de a.de --align links",
            "a.de: its suffix is not known: give --format, one of iob, conllu, offsets, markup",
        ),
        ("a.de a.de --align links --format iob", "a.de line 1: expected a word and a tag"),
        (
            "a.iob a.de --align links --columns UPOS",
            "--columns is 'UPOS': expected the numbers of word and tag",
        ),
        ("a.iob a.de --align links --format conllu --columns HEAD", "column 'HEAD' cannot be carried over"),
        ("missing.iob a.de --align links", "Error: missing.iob: no such file"),
        ("l a.de --align links --format iob", "Error: l line 1: expected a word and a tag"),
        ("latin.iob a.de --align links", "Error: latin.iob line 1: not UTF-8"),
        ("a.iob a.de --align links -o links", "is an input too"),
        ("a.html a.de --align links --strategy pieces", "choose largest or cover"),
        ("a.html a.de --align links --columns 1,2", "--columns is for conllu and iob"),
    ],
)
def test_mistakes_are_told(run, command, complaint):
    files = {
        "short": "0-0\n",
        "long": "\n\n\n",
        "wide": "7-0\n\n",
        "one.de": "eins\n",
        "l": "x\n",
        "a.html": "<b>x</b>\ny\n",
    }
    Path("latin.iob").write_bytes(b"\xff\tO\n")
    result = run(f"project {command}", FILES | files)
    assert result.exit_code == 2
    assert complaint in result.stderr
