"""What docs/ says of OpusTrainer and of datasets, run with these: `pip install opustrainer "datasets<4"`."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from xalign import Aligner
from xalign.formats import WRITERS, WriteOptions
from xalign.text.sentences import SentencePair

pytestmark = pytest.mark.peers
ROOT = Path(__file__).resolve().parents[2]
SET = ROOT / "eval_data" / "de-en"


def shown(page, mark, language):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(rf"<!-- {mark} -->\n```{language}\n(.*?)```", text, flags=re.DOTALL))


@pytest.fixture(scope="module")
def aligned():
    texts = ((SET / f"test.{suffix}").read_text(encoding="utf-8").splitlines() for suffix in ("de", "en"))
    aligner = Aligner.load("small", device="cpu", dtype="float32", words="python-split")
    return list(aligner.align_pairs(zip(*texts, strict=True)))


def test_opustrainer_tags_words_with_their_translations(aligned, tmp_path):
    if shutil.which("opustrainer-train") is None:
        pytest.skip("opustrainer is not installed: pip install opustrainer")
    rows = [WRITERS["tsv"](*each, k, WriteOptions()) for k, each in enumerate(aligned, start=1)]
    configuration = shown("opustrainer.md", "config", "yaml").replace("corpus.tsv.gz", "corpus.tsv")
    (tmp_path / "corpus.tsv").write_text("".join(rows), encoding="utf-8")
    (tmp_path / "tags.yml").write_text(configuration, encoding="utf-8")
    command = shown("opustrainer.md", "run with opustrainer", "bash")
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Out-of-bound" not in done.stderr
    linked = {
        (pair.source[link.source], pair.target[link.target])
        for pair, alignment in aligned
        for link in alignment.links
    }
    tagged = re.findall(r"__source__ (\S+) __target__ (\S+) __done__", (tmp_path / "fed.tsv").read_text())
    assert len(tagged) > 10 and set(tagged) <= linked


def test_datasets_runs_what_its_page_shows(aligned, tmp_path, monkeypatch, capsys):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed: pip install 'datasets<4'")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    pairs = [(SentencePair(tuple(pair.source), tuple(pair.target)), links) for pair, links in aligned]
    rows = [WRITERS["jsonl"](*each, k, WriteOptions(scores=True)) for k, each in enumerate(pairs, start=1)]
    (tmp_path / "links.jsonl").write_text("".join(rows), encoding="utf-8")
    exec(shown("datasets.md", "run with datasets", "python"), {})
    first, streamed, columns = capsys.readouterr().out.splitlines()
    assert first == "[[0, 0], [1, 1], [2, 2], [3, 3], [4, 4]]"
    assert streamed.startswith(f"17 {first} 0.")
    assert columns == "['src', 'tgt', 'links', 'scores', 'score']"
    words = datasets.Dataset.from_json(str(tmp_path / "words.jsonl"))
    assert [tuple(row["src"]) for row in words] == [pair.source for pair, _ in aligned]
