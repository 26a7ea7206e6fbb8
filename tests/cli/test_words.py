"""xalign align of text as it is: --words, --words-command, the places of words, and the warning without them."""

import json
import sys

import pytest
from click.testing import CliRunner, Result

from xalign.cli import main

RAW = "Das Haus ist klein. ||| The house is small.\nL'été, c'est ici. ||| Summer isn't here.\n"


def run(*arguments: object, input: str = RAW) -> Result:
    return CliRunner().invoke(main, ["align", "-q", *map(str, arguments)], input=input)


def rows(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_text_as_it_is_becomes_words_with_their_places():
    first, second = rows(run("--words", "unicode", "--format", "jsonl"))
    assert first["src"] == ["Das", "Haus", "ist", "klein", "."]
    assert first["spans"]["tgt"] == [[0, 3], [4, 9], [10, 12], [13, 18], [18, 19]]
    assert first["links"] == [[k, k] for k in range(5)]
    assert second["src"] == ["L'", "été", ",", "c'", "est", "ici", "."]
    assert second["tgt"] == ["Summer", "is", "n't", "here", "."]


def test_linked_words_are_written_as_they_stand_in_the_text():
    lines = run("--words", "unicode", "--format", "detokenized").stdout.splitlines()
    assert lines[0] == "Das ||| The\tHaus ||| house\tist ||| is\tklein ||| small\t. ||| ."


def test_words_of_a_language_without_spaces_are_found():
    result = run(
        "--words",
        "unicode",
        "--format",
        "jsonl",
        input="我昨天买了一本新书。 ||| I bought a new book yesterday.\n",
    )
    [row] = rows(result)
    assert {("我", "I"), ("昨天", "yesterday"), ("买", "bought"), ("。", ".")} <= {
        (row["src"][source], row["tgt"][target]) for source, target in row["links"]
    }
    assert result.stderr == ""


def test_python_split_counts_words_as_opustrainer_does():
    text = "le prix est 10\u00a0000\u00a0euros et la date ||| the price is 10,000 euros and the date\n"
    words = text.split("|||")[0].split(), text.split("|||")[1].split()
    [row] = rows(run("--words", "python-split", "--format", "jsonl", input=text))
    assert (row["src"], row["tgt"]) == words
    assert [5, 4] in row["links"]  # euros


def test_placeholders_are_linked_with_themselves():
    text = "{user} shared {file} with {group} ||| {group} hat {file} von {user} erhalten\n"
    links = run(input=text).stdout.split()
    assert {"0-4", "2-2", "4-0"} <= set(links)
    assert {"0-0", "4-4"}.isdisjoint(links)


def test_a_command_of_the_user_makes_words():
    split = f"{sys.executable} -c \"import sys; [print(l.strip().replace('.', ' .')) for l in sys.stdin]\""
    row = rows(run("--words-command", split, "--format", "jsonl"))[0]
    assert (row["src"], row["spans"]["src"][-1]) == (["Das", "Haus", "ist", "klein", "."], [18, 19])
    row = rows(run("--words-command", "cat", "--words-command", split, "--format", "jsonl"))[0]
    assert (row["src"][-1], row["tgt"][-1]) == ("klein.", ".")


@pytest.mark.parametrize("form", [["--jsonl"], ["--tsv"]])
def test_words_are_made_of_every_form_of_text_and_words_that_are_given_stay(form):
    text = {
        "--jsonl": '{"src": "Das Haus.", "tgt": ["the", "house."]}\n',
        "--tsv": "Das Haus.\tthe house.\n",
    }[form[0]]
    [row] = rows(run(*form, "--words", "unicode", "--format", "jsonl", input=text))
    assert row["src"] == ["Das", "Haus", "."]
    assert row["tgt"] == (["the", "house."] if form == ["--jsonl"] else ["the", "house", "."])


def test_text_that_is_not_tokenized_is_told_once():
    result = run("--quiet", input=RAW * 80)
    assert result.stderr.count("Warning") == 1
    assert "200 of the first 200 sentences do not look tokenized" in result.stderr
    assert "--words unicode" in result.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--words", "unicode", "--words-command", "cat"], "give one"),
        (["--words-command", "tok {lang}"], "say source_language and target_language"),
        (["--words-command", "head -n 1"], "'head -n 1' ended before it wrote line 2"),
    ],
)
def test_mistakes_are_told(options, complaint):
    result = run(*options)
    assert result.exit_code == 2
    assert complaint in result.stderr
