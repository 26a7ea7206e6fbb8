"""`xalign eval` of files of links."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from eval_runs import GOLD, run, scores, write


def test_a_file_is_scored(gold, tmp_path):
    out = write(tmp_path / "out.align", "0-0 1-1 2-2 3-3\n0-0 2-2\n0-1\n")
    result = run("--gold", gold, out)
    assert result.stderr == ""
    header, row, signature = result.stdout.splitlines()
    assert header.split() == ["P", "R", "F1", "AER", "95", "%", "interval", "links"]
    assert row.split()[:5] == [str(out), "85.7", "35.7", "50.4", "47.6"]
    assert signature == "AER|gold:sure+possible|v:0.1.0"


def test_json_is_one_object(gold):
    found = scores(run("--gold", gold, "--format", "json", gold))
    assert (found["aer"], found["precision"], found["recall"], found["f1"]) == (0, 100, 100, 100)
    assert found["counts"] == {"sure_hits": 14, "possible_hits": 15, "hypothesis": 15, "sure": 14}
    assert found["interval"] == [0, 0]


def test_stdin_is_a_hypothesis(gold):
    found = scores(run("--gold", gold, "--format", "json", "-", input=GOLD))
    assert (found["name"], found["aer"]) == ("standard input", 0)


def test_standard_input_is_one_file_at_most(gold):
    for arguments in (["--gold", "-", "-"], ["--gold", gold, "-", "-"]):
        result = run(*arguments, input=GOLD)
        assert result.exit_code == 2
        assert "standard input can be read once" in result.stderr


def test_hypotheses_are_compared_with_the_first(gold, tmp_path):
    empty = write(tmp_path / "empty.align", "\n\n\n")
    old, new = scores(run("--gold", gold, "--format", "json", empty, gold))["results"]
    assert (old["aer"], new["aer"]) == (100, 0)
    assert new["test"]["against"] == str(empty)
    assert new["test"]["difference"] == -100


NAACL = "".join(f"{pair} {word} {word} S\n" for pair in (1, 2, 3) for word in range(1, 6))
TSV = "".join(f"a b c d e\tv w x y z\t{line}\n" for line in GOLD.splitlines())
JSONL = '{"links": [[0, 0], [1, 1], [2, 2], [3, 3], [4, 4]]}\n' * 3
GIZA = "".join(
    f"# Sentence pair ({pair}) source length 5\na b c d e\n"
    "NULL ({ }) v ({ 1 }) w ({ 2 }) x ({ 3 }) y ({ 4 }) z ({ 5 })\n"
    for pair in (1, 2, 3)
)


@pytest.mark.parametrize(
    ("links", "options"),
    [
        (GOLD.translate(str.maketrans("01234", "12345")), ["--one-based"]),
        (NAACL, []),
        (TSV, []),
        (JSONL, []),
        (GIZA, []),
    ],
    ids=["talp", "naacl", "tsv", "jsonl", "giza"],
)
def test_every_format_of_a_hypothesis_scores_the_same(gold, tmp_path, links, options):
    found = scores(run("--gold", gold, *options, "--format", "json", write(tmp_path / "out", links)))
    assert (found["aer"], found["counts"]["hypothesis"]) == (0, 15)


def test_a_naacl_hypothesis_may_leave_out_pairs_without_links(gold, tmp_path):
    out = write(tmp_path / "out.naacl", "1 1 1 S\n3 1 1 S\n")
    assert scores(run("--gold", gold, "--format", "json", out))["counts"]["sure_hits"] == 2


@pytest.mark.parametrize(
    "content", [GOLD, NAACL, "26 1 1 S\n30 1 1 S\n31 1 1 P\n31 2 2 S\n", TSV, JSONL, GIZA]
)
def test_gold_from_a_pipe_scores_as_gold_from_a_file(tmp_path, content):
    """A pipe gives what it holds once; the hypothesis leaves out a pair, which only the numbers of the gold tell."""
    gold = write(tmp_path / "gold", content)
    out = gold
    if content.startswith(("1 ", "26 ")):
        lines = content.splitlines(keepends=True)
        out = write(tmp_path / "out", "".join(line for line in lines if not line.startswith(("2 ", "30 "))))
    from_file = run("--gold", gold, out)
    assert from_file.exit_code == 0
    reader, writer = os.pipe()
    os.write(writer, content.encode())
    os.close(writer)
    from_pipe = run("--gold", f"/dev/fd/{reader}", out)
    os.close(reader)
    assert (from_pipe.exit_code, from_pipe.stdout) == (0, from_file.stdout)
    assert run("--gold", "-", out, input=content).stdout == from_file.stdout


def test_gold_with_gaps_in_its_numbers_follows_the_lines(tmp_path, text):
    gold = write(tmp_path / "gold.naacl", "0026 1 1 S\n0030 1 1 S\n0031 1 1 P\n")
    found = scores(run("--gold", gold, *text, "--format", "json", write(tmp_path / "out", "0-0\n0-0\n0-0\n")))
    assert found["counts"] == {"sure_hits": 2, "possible_hits": 3, "hypothesis": 3, "sure": 2}


@pytest.mark.parametrize(
    ("links", "hits"),
    [
        ("1 1 1 S\n2 1 1 S\n4 2 2 S\n", 3),
        ("1 1 1 S\n2 1 1 S\n3 2 2 S\n", 3),  # counted, not numbered as the gold is
        ("4 2 2 S\n", 1),
        ("2 2 2 S\n4 1 1 S\n1 9 9 S\n", 0),
    ],
)
def test_naacl_files_with_the_same_gaps_are_read_by_number(tmp_path, links, hits):
    gold = write(tmp_path / "gold.naacl", "1 1 1 S\n2 1 1 S\n4 2 2 S\n")
    found = scores(run("--gold", gold, "--format", "json", write(tmp_path / "out.naacl", links)))
    assert found["counts"]["sure_hits"] == hits


def test_sentences_go_to_a_table(gold, tmp_path):
    table = tmp_path / "sentences.tsv"
    assert run("--gold", gold, "--sentences", table, gold).exit_code == 0
    lines = [line.split("\t") for line in table.read_text().splitlines()]
    assert lines[0][:2] == ["name", "pair"]
    assert [line[1] for line in lines[1:]] == ["1", "2", "3"]


def test_latex(gold):
    assert run("--gold", gold, "--format", "latex", gold).stdout.startswith(
        "% AER|gold:sure+possible|v:0.1.0\n"
    )


def test_curves_go_to_a_figure(gold, text, tmp_path):
    figure = tmp_path / "curves.svg"
    assert run("--gold", gold, *text, gold, "--plot", figure).exit_code == 0
    assert "<svg" in figure.read_text(encoding="utf-8")
    assert (
        "must end in .png, .svg, .pdf" in run("--gold", gold, gold, "--plot", tmp_path / "curves.jpg").stderr
    )
    assert "there is nothing to plot" in run("--gold", gold, gold, "--plot", figure).stderr


def test_links_out_of_range_are_counted_and_reported(tmp_path, text):
    gold = write(tmp_path / "gold.txt", "0-0 4--100\n1-1\n1-1\n")
    result = run("--gold", gold, *text, "--format", "json", write(tmp_path / "out", "0-0\n1-1 9-9\n1-1\n"))
    assert scores(result)["counts"] == {"sure_hits": 3, "possible_hits": 3, "hypothesis": 4, "sure": 4}
    assert result.stderr.splitlines() == [
        f"Warning: {tmp_path / name}: 1 link to a word that does not exist, "
        f"first {link} (counted from 0) in pair {pair}; counted all the same"
        for name, link, pair in (("gold.txt", "4--100", 1), ("out", "9-9", 2))
    ]


@pytest.mark.parametrize(
    ("links", "options", "advice"),
    [
        ("1-1 2-2 3-3 4-4 5-5", [], "--one-based"),
        ("0-0 1-1 2-2 3-3 4-4", ["--gold-one-based"], "--one-based (or --gold-zero-based)"),
        ("0-0 1-1 2-2 3-3 4-4", ["--one-based"], "--gold-one-based (or --zero-based)"),
    ],
)
def test_a_wrong_base_is_suspected(gold, tmp_path, links, options, advice):
    out = write(tmp_path / "out", f"{links}\n" * 3)
    result = run("--gold", gold, *options, "--format", "json", out)
    assert scores(result)["aer"] == pytest.approx(20.69, abs=0.01)
    assert f"Warning: {out}: AER would be 0.0 with {advice}; not applied" in result.stderr.splitlines()


def test_a_wrong_orientation_is_suspected(tmp_path):
    gold = write(tmp_path / "gold.txt", "0-3 1-4 2-5 3-6\n" * 3)
    out = write(tmp_path / "out", "3-0 4-1 5-2 6-3\n" * 3)
    result = run("--gold", gold, "--format", "json", out)
    assert scores(result)["aer"] == 100
    assert result.stderr == f"Warning: {out}: AER would be 0.0 with --reverse (or without it); not applied\n"
    assert run("--gold", gold, "--reverse", out).stderr == ""


def errors(gold: Path, folder: Path) -> dict[str, list[object]]:
    short = write(folder / "short", "0-0\n")
    long = write(folder / "long", "0-0\n" * 4)
    text = ["--src", write(folder / "a", "ja\n" * 3), "--tgt", write(folder / "b", "yes\n" * 3)]
    return {
        "nothing to score: give a file of links, or --src and --tgt to align with a model": [],
        "--src and --tgt go together: give both": ["--src", gold],
        "--model is for aligning with a model": ["--model", "mini", gold],
        "--layers is for aligning with a model": ["--layers", "all", gold],
        "--reverse is about files of links": ["--reverse", *text],
        "--one-based is about files of links": ["--zero-based", *text],
        "--layer and --layers exclude each other": [*text, "--layers", "1", "--layer", "1"],
        f"{short} ends after sentence pair 1, but {gold} goes on": [short],
        f"{gold} ends after sentence pair 3, but {long} goes on": [long],
        f"{folder / 'missing'}: no such file": [folder / "missing"],
        f"{folder / 'a'} line 1: expected links such as 0-0 or 1p2, found 'ja'": [folder / "a"],
        f"{gold} has links for 3 sentence pairs, but the text has 4": ["--src", long, "--tgt", long, gold],
        f"{long} has 4 lines, but {folder / 'b'} has 3: line i of both must be a pair": [
            "--src",
            long,
            "--tgt",
            folder / "b",
            gold,
        ],
    }


@pytest.mark.parametrize("number", range(13))
def test_bad_input_is_one_line_and_status_2(gold, tmp_path, number):
    message, arguments = list(errors(gold, tmp_path).items())[number]
    result = run("--gold", gold, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("1,9", "layer 9 does not exist: tiny has layers 0 (embeddings) to 4"),
        ("x", "--layers is 'x': expected"),
    ],
)
def test_a_layer_that_does_not_exist_is_named_with_the_range(gold, text, tiny, layers, message):
    result = run("--gold", gold, *text, "--model", tiny("preset"), "--layers", layers)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {message}")


def test_empty_gold_is_refused(tmp_path):
    gold = write(tmp_path / "gold.txt", "")
    assert run("--gold", gold, gold).stderr == f"Error: {gold} is empty: there is nothing to score against\n"


def test_scoring_files_imports_no_torch(gold):
    code = (
        "import sys; from xalign.cli import main; main(['eval', '--gold', sys.argv[1], sys.argv[1]], "
        "standalone_mode=False); sys.exit(bool({'torch', 'transformers', 'scipy'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code, str(gold)], check=False, capture_output=True).returncode
        == 0
    )


@pytest.mark.parametrize("system", ["fastalign", "giza"])
def test_published_figures(system, shared):
    """To within 0.1 point, as lilt/alignment-scripts printed them for these very files."""
    folder, gold = shared("reference/lilt-deen"), shared("data/gold/test/de-en/alignv2.txt")
    for line in (folder / f"{system}-published.txt").read_text().splitlines():
        name, figures = line.removeprefix("test.deen.").split(": ")
        aer, precision, recall = (
            float(figure.strip("(%)")) for figure in figures.replace("/", " ").split()[:3]
        )
        reverse = ["--reverse"] if name.startswith("reverse") else []
        result = run("--gold", gold, *reverse, "--format", "json", folder / f"{system}.{name}")
        found = scores(result)
        assert found["aer"] == pytest.approx(aer, abs=0.1), name
        assert found["precision"] == pytest.approx(precision, abs=0.1), name
        assert found["recall"] == pytest.approx(recall, abs=0.1), name
        assert result.stderr.count("Warning") == 1  # the gold's one link to word -99


@pytest.mark.parametrize("which", ["gold.txt", "out.align"])
def test_a_table_of_sentences_does_not_replace_what_is_scored(tmp_path, gold, which):
    links = write(tmp_path / "out.align", GOLD.replace("p", "-"))
    before = (tmp_path / which).read_text(encoding="utf-8")
    result = run("--gold", gold, links, "--sentences", tmp_path / which)
    assert result.exit_code != 0
    assert "is an input too" in result.output
    assert (tmp_path / which).read_text(encoding="utf-8") == before
