"""The commands of docs/ below a `<!-- run -->` run as they are shown, in a folder that has the files they name."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sentencepiece

ROOT = Path(__file__).resolve().parent.parent
SET = ROOT / "eval_data" / "de-en"


def commands(page, language="bash"):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(rf"<!-- run -->\n```{language}\n(.*?)```", text, flags=re.DOTALL))


@pytest.fixture
def folder(tmp_path):
    """An empty folder whose shell has `xalign`."""
    shim = tmp_path / "bin" / "xalign"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m xalign.cli "$@"\n')
    shim.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    return work


def run(folder, page):
    path = f"{folder.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands(page)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_lexicon(folder):
    write_corpus(folder)
    run(folder, "lexicon.md")
    table = lines(folder / "lex.s2t")
    examples = re.findall(r"\S+ \S+ [01]\.\d{7}", (ROOT / "docs" / "lexicon.md").read_text(encoding="utf-8"))
    assert [examples[0] in table, examples[1] in lines(folder / "lex.t2s")] == [True, True]
    assert gzip.decompress((folder / "lex.s2t.gz").read_bytes()).decode().splitlines() == table
    pruned = gzip.decompress((folder / "lex.s2t.pruned.gz").read_bytes()).decode().splitlines()
    assert set(pruned) == {line for line in table if "NULL" not in line.split()}


def test_python(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    (folder / "gold.txt").write_text("0-0 1p1\n")
    (folder / "aligned.tsv").write_text("das Haus\tthe house\t0-0 1-1\n")
    code = commands("python.md", "python")
    exec(code, {})
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "0-0 1-1 2-2 3-3"
    assert printed[-3:-1] == ["[('das', 'the'), ('Haus', 'house')]", "frozenset({Link(source=1, target=1)})"]
    assert printed[-1].startswith("[Alignment(links=(Link(source=0, target=0), Link(source=1, target=1)),")
    assert len(code[code.index("engine, layers") :].splitlines()) <= 10


def test_marian(folder):
    """Up to Marian's door: links are of the pieces that Marian will number, and so is the shortlist."""
    for suffix in ("de", "en"):
        text = (SET / f"test.{suffix}").read_text(encoding="utf-8")
        (folder / f"corpus.{suffix}").write_text(re.sub(r" ([.,?!])", r"\1", text))  # as raw as text is
    run(folder, "marian.md")
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(folder / "vocab.spm"))
    sides = [vocabulary.encode(lines(folder / f"corpus.{suffix}"), out_type=str) for suffix in ("de", "en")]
    aligned = [
        [tuple(map(int, link.split("-"))) for link in line.split()] for line in lines(folder / "corpus.align")
    ]
    assert len(aligned) == len(sides[0]) == len(sides[1])
    for source, target, links in zip(*sides, aligned, strict=True):
        assert links
        assert all(0 <= s < len(source) and 0 <= t < len(target) for s, t in links)
        # All pieces of a word have the links of the word.
        for k, piece in enumerate(source[1:], start=1):
            if piece.isalpha():
                assert {t for s, t in links if s == k} == {t for s, t in links if s == k - 1}
    # Marian reads "target source probability" between white space.
    table = [
        line.split() for line in gzip.decompress((folder / "lex.s2t.gz").read_bytes()).decode().splitlines()
    ]
    for column, side in ((1, sides[0]), (0, sides[1])):
        assert {row[column] for row in table} <= {piece for pieces in side for piece in pieces}
    assert all(0 < float(probability) <= 1 for _, _, probability in table)


def write_corpus(folder):
    for suffix in ("de", "en"):
        (folder / f"corpus.{suffix}").write_bytes((SET / f"test.{suffix}").read_bytes())


def test_opustrainer(folder):
    """Three columns, whose links count words as Python's str.split does, which is how OpusTrainer splits them."""
    write_corpus(folder)
    with (folder / "corpus.de").open("a", encoding="utf-8") as file:
        file.write("Der Preis ist 10\u00a0000 Euro .\n")
    with (folder / "corpus.en").open("a", encoding="utf-8") as file:
        file.write("The price is 10,000 euros .\n")
    run(folder, "opustrainer.md")
    rows = gzip.decompress((folder / "corpus.tsv.gz").read_bytes()).decode().splitlines()
    assert len(rows) == len(lines(folder / "corpus.de"))
    for row in rows:
        source, target, links = row.split("\t")
        for link in links.split():
            i, j = map(int, link.split("-"))
            assert i < len(source.split()) and j < len(target.split())
    page = (ROOT / "docs" / "opustrainer.md").read_text(encoding="utf-8")
    assert rows[-1].replace("\t", "⇥") in page


def test_datasets(folder):
    write_corpus(folder)
    run(folder, "datasets.md")
    found = [json.loads(line) for line in lines(folder / "links.jsonl")]
    assert [" ".join(f"{i}-{j}" for i, j in pair["links"]) for pair in found] == lines(folder / "again.align")


def test_formats(folder):
    text = {suffix: (SET / f"test.{suffix}").read_text(encoding="utf-8") for suffix in ("de", "en")}
    for suffix, lines_of_text in text.items():
        (folder / f"test.{suffix}").write_text(lines_of_text)
        pieces = re.sub(r"(?m)(?:^|(?<= ))(?=\S)", "▁", lines_of_text)
        (folder / f"test.spm.{suffix}").write_text(pieces)
    links = (SET / "gold.txt").read_text()
    for name in ("out.align", "pieces.align"):
        (folder / name).write_text(links)
    (folder / "gold.wa").write_text("".join(f"{k} 1 1 S\n" for k in range(1, links.count("\n") + 1)))
    assert run(folder, "formats.md").startswith("The Der\told alte\t")
    assert set(lines(folder / "gold.align")) == {"0-0"}
    assert (folder / "words.align").read_text() == links


def test_project(folder):
    printed = run(folder, "project.md")
    page = (ROOT / "docs" / "project.md").read_text(encoding="utf-8")
    assert f"<!-- end -->\n```\n{printed}```" in page


def test_text(folder):
    printed = run(folder, "text.md")
    page = (ROOT / "docs" / "text.md").read_text(encoding="utf-8")
    assert f"<!-- end -->\n```\n{printed}```" in page
    assert '"spans": {"src": [[0, 3], [4, 8]' in (folder / "links.jsonl").read_text(encoding="utf-8")
    assert lines(folder / "links.align")[1].split()[-1] == "4-3"


@pytest.mark.ray
def test_scale(folder):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'xalign-words[ray]'")
    text = {
        suffix: (SET / f"test.{suffix}").read_text(encoding="utf-8").splitlines() for suffix in ("de", "en")
    }
    pairs = [f"{source}\t{target}\n" for source, target in zip(text["de"], text["en"], strict=True)]
    for name, some in (("a", pairs[:20]), ("b", pairs[20:])):
        (folder / f"pairs-{name}.tsv.gz").write_bytes(gzip.compress("".join(some).encode()))
    run(folder, "scale.md")
    assert len(lines(folder / "corpus.align")) == len(pairs)
    assert lines(folder / "corpus.align")[0].startswith("0-0 1-1 2-2 3-3")


def test_the_mean_score_of_pairs_is_what_the_page_computes():
    page = (ROOT / "docs" / "text.md").read_text(encoding="utf-8")
    awk = re.search(r"\| (awk .*)", page)[1]
    scored = "0-0:0.9000 ||| 0.5000\n\n0-1:0.8000 1-0:1.0000 ||| 0.7000\n"
    done = subprocess.run(["bash", "-c", awk], input=scored, capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(0.6)


def test_filtering(folder):
    """One pair of six is no translation; every way to filter leaves the five others."""
    sides = [(SET / f"test.{suffix}").read_text(encoding="utf-8").splitlines()[:6] for suffix in ("de", "en")]
    sides[1][2] = "Prices of crude oil fell again ."
    sides[0][3] = sides[0][3].replace(" ", "\t", 1)
    for suffix, side in zip(("de", "en"), sides, strict=True):
        (folder / f"web.{suffix}").write_text("".join(f"{line}\n" for line in side), encoding="utf-8")
    run(folder, "filtering.md")
    kept = [pair for k, pair in enumerate(zip(*sides, strict=True)) if k != 2]
    scores = [json.loads(line)["score"] for line in lines(folder / "scored.jsonl")]
    assert [k for k, score in enumerate(scores) if score < 0.5] == [2]
    assert list(zip(lines(folder / "kept.de"), lines(folder / "kept.en"), strict=True)) == kept
    assert list(zip(lines(folder / "best.de"), lines(folder / "best.en"), strict=True)) == kept
    variables = {}
    exec(commands("filtering.md", "python"), variables)
    assert [" ".join(pair.source) for pair in variables["kept"]] == ["das Haus ist klein"]
