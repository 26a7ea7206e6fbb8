"""A tiny checkpoint that training accepts, and a tiny corpus with links to train it on."""

import pytest

from xalign.models import resolve
from xalign.models.preset import PRESET_FILE
from xalign.train.corpus import CorpusFiles

LEXICON = {
    "das": "the",
    "Haus": "house",
    "ist": "is",
    "klein": "small",
    "groß": "big",
    "der": "the",
    "Garten": "garden",
}


@pytest.fixture
def start(tiny, tmp_path):
    """A copy of the preset-carrying checkpoint that compares words."""
    folder = tmp_path / "start"
    folder.mkdir()
    for file in tiny("preset").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    preset = resolve(str(tiny("preset"))).changed(level="word", extract="softmax", threshold=0.1)
    (folder / PRESET_FILE).write_text(preset.to_json(), encoding="utf-8")
    return folder


@pytest.fixture
def corpus(tmp_path):
    """24 sentence pairs, word for word, so that the links are the diagonal."""
    words = list(LEXICON)
    sentences = [[words[(k * 3 + i * (k % 5 + 1)) % len(words)] for i in range(3 + k % 4)] for k in range(24)]
    files = CorpusFiles(tmp_path / "a.de", tmp_path / "a.en", tmp_path / "a.align")
    write_lines(files.source, (" ".join(sentence) for sentence in sentences))
    write_lines(files.target, (" ".join(LEXICON[word] for word in sentence) for sentence in sentences))
    write_lines(files.links, (" ".join(f"{i}-{i}" for i in range(len(sentence))) for sentence in sentences))
    return files


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
