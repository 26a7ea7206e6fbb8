"""On weights that were trained: good links, and the same as SimAlign's and awesome-align's, link for link, in float32.

    pip install simalign==0.4 awesome-align==0.1.7 && pytest -m public

The encoder has BERT's blocks and XLM-R's vocabulary, so that either peer runs on it.
"""

from pathlib import Path

import pytest
from conftest import REPOSITORY
from other_aligners import awesome_align, simalign

from xalign.aligner import Aligner
from xalign.formats import read_alignments
from xalign.score.aer import count, total
from xalign.text.sentences import read_files

pytestmark = pytest.mark.public

LAYER = 7
SIMALIGN = {"similarity": "cosine", "extract": "argmax"}
AWESOME_ALIGN = {"similarity": "dot", "extract": "softmax"}
SIMALIGN_NAMES = {"argmax": "inter", "itermax": "itermax", "forward": "fwd", "backward": "rev"}
SETS = {pair: REPOSITORY / "eval_data" / pair for pair in ("de-en", "fr-en", "es-en", "zh-en")}


@pytest.fixture(scope="module")
def text() -> list[tuple[str, str]]:
    """The 126 pairs that come with the code."""
    pairs = [pair for folder in SETS.values() for pair in read_set(folder)]
    return [(" ".join(pair.source), " ".join(pair.target)) for pair in pairs]


def read_set(folder: Path):
    return read_files(folder / f"test.{folder.name[:2]}", folder / "test.en")


def load(encoder: Path, **method) -> Aligner:
    return Aligner.load(str(encoder), device="cpu", layer=LAYER, encode="separate", dtype="float32", **method)


def links(alignments) -> list[set[tuple[int, int]]]:
    return [set(alignment.links) for alignment in alignments]


@pytest.mark.parametrize(("method", "most"), [(SIMALIGN, 16), (AWESOME_ALIGN, 27)], ids=["argmax", "softmax"])
def test_either_method_aligns_with_it(public_encoder, method, most):
    """Within a few points of what it reaches on the hardest set; along the diagonal AER is above 40."""
    aligner = load(public_encoder, **method)
    reached = {}
    for pair, folder in SETS.items():
        counts = map(count, aligner.align(read_set(folder)), read_alignments(folder / "gold.txt"))
        reached[pair] = round(100 * total(counts).aer, 1)
    assert all(aer < most for aer in reached.values()), reached


@pytest.fixture(scope="module")
def theirs(public_encoder, text):
    """SimAlign's links by our name of the method, a set for each pair."""
    pytest.importorskip("simalign", reason="simalign is not installed: make public")
    aligner = simalign(public_encoder, "aifr", layer=LAYER)
    found = [aligner.get_word_aligns(source, target) for source, target in text]
    return {ours: [set(each[name]) for each in found] for ours, name in SIMALIGN_NAMES.items()}


@pytest.mark.parametrize("method", list(SIMALIGN_NAMES))
def test_all_links_are_simaligns(theirs, public_encoder, text, method):
    ours = load(public_encoder, similarity="cosine", extract=method).align(text)
    assert links(ours) == theirs[method]


@pytest.mark.parametrize(("method", "extraction"), [("softmax", "softmax"), ("entmax", "entmax15")])
def test_all_links_are_awesome_aligns(public_encoder, text, tmp_path, method, extraction):
    pytest.importorskip("awesome_align", reason="awesome-align is not installed: make public")
    pairs_file, links_file = tmp_path / "pairs", tmp_path / "links"
    pairs_file.write_text("".join(f"{source} ||| {target}\n" for source, target in text), encoding="utf-8")
    awesome_align(public_encoder, layer=LAYER, extraction=extraction)(pairs_file, links_file)
    ours = load(public_encoder, similarity="dot", extract=method).align(text)
    assert links(ours) == links(read_alignments(links_file, format="pharaoh"))
