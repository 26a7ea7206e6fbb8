"""The same links as SimAlign and awesome-align, on the same matrices and on the same checkpoints, in float32.

    pip install simalign==0.4 awesome-align==0.1.7 && pytest -m peers

Takes minutes: networkx's matching, which SimAlign uses, is slow, and neither peer batches by length.
"""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matrices import grids, normals, pad, pairs
from other_aligners import awesome_align
from other_aligners import simalign as load_simalign

from xalign.aligner import Aligner
from xalign.extract import EXTRACTORS, argmax, entmax, match, softmax
from xalign.formats import read_alignments

pytestmark = pytest.mark.peers

LAYERS = 8
SIMALIGN_NAMES = {
    "argmax": "inter",
    "itermax": "itermax",
    "match": "mwmf",
    "forward": "fwd",
    "backward": "rev",
}

# Cosines as SimAlign makes them, in [0, 1] but not at 0, which networkx would take for no edge at all. The
# grid has ties, and values that a factor of 0.9 brings to a tie.
similarities = st.one_of(
    grids([0.1, 0.45, 0.5, 0.81, 0.9, 1.0]),
    normals(np.float32).map(lambda matrix: (np.tanh(matrix) + 2) / 3),
)


@pytest.fixture(scope="module")
def simalign():
    return pytest.importorskip("simalign", reason="simalign is not installed: make peers").SentenceAligner


@pytest.fixture(scope="module")
def awesome():
    return pytest.importorskip("awesome_align.modeling", reason="awesome-align is not installed: make peers")


# --- the same matrices --------------------------------------------------------------------------------------


def ones(matrix):
    return {(i, j) for i, j in np.argwhere(matrix > 0).tolist()}


@settings(max_examples=300)
@given(matrix=similarities, ratio=st.sampled_from([0.0, 0.5, 1.0]))
def test_argmax_is_simaligns(simalign, matrix, ratio):
    forward, backward = simalign.get_alignment_matrix(simalign.apply_distortion(matrix, ratio))
    assert pairs(argmax(*pad([matrix]), distortion=ratio).links[0]) == ones(forward * backward)


@settings(max_examples=300)
@given(matrix=similarities)
def test_itermax_is_simaligns(simalign, matrix):
    assert pairs(EXTRACTORS["itermax"](*pad([matrix])).links[0]) == ones(simalign.iter_max(matrix))


@settings(max_examples=300)
@given(matrix=similarities)
def test_match_weighs_what_simaligns_weighs(simalign, matrix):
    ours = match(*pad([matrix], more=0)).links[0].numpy()
    theirs = simalign.get_max_weight_match(matrix) > 0
    assert matrix[ours].sum() == pytest.approx(matrix[theirs].sum(), rel=1e-6)


@settings(max_examples=300)
@given(matrix=normals(np.float32), method=st.sampled_from(["softmax", "entmax15"]))
def test_softmax_and_entmax_are_awesome_aligns(awesome, matrix, method):
    rows, columns = matrix.shape
    # States whose dot products are the matrix, between the two special positions that its head expects.
    source = torch.zeros(1, rows + 2, columns)
    source[0, 1:-1] = torch.from_numpy(matrix)
    target = torch.zeros(1, columns + 2, columns)
    target[0, 1:-1] = torch.eye(columns)
    ids = [torch.tensor([[awesome.CLS_ID, *[999] * n, awesome.SEP_ID]]) for n in (rows, columns)]
    found = awesome.BertGuideHead(None)(source, target, *ids, extraction=method)
    ours = {"softmax": softmax, "entmax15": entmax}[method](*pad([matrix])).links[0]
    assert pairs(ours) == pairs(found[0, 0, 1:-1, 1:-1])


# --- the same checkpoints, German-English text ------------------------------------------------------------


@pytest.fixture(scope="module")
def text(shared) -> list[tuple[str, str]]:
    """Pairs on which xalign adds no rule of its own: it links copied codes, and reads capitals as small letters."""
    folder = shared("data/gold/test/de-en")
    sides = [(folder / name).read_text(encoding="utf-8").splitlines() for name in ("test.de", "test.en")]
    plain = [pair for pair in zip(*sides, strict=True) if all(map(is_plain, pair))]
    assert len(plain) > 350
    return plain


def is_plain(sentence: str) -> bool:
    words = [word for word in sentence.split() if word.isalpha()]
    capitalized = sum(word[0].isupper() for word in words)
    return not re.search(r"[\d@/_%$<{&#\\]|\w\.\w", sentence) and 2 * capitalized < len(words)


@pytest.fixture(scope="module")
def xlmr(text, tmp_path_factory) -> Path:
    """XLM-RoBERTa's own classes: a vocabulary made from the text, weights from a seed."""
    import sentencepiece
    from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizer

    folder = tmp_path_factory.mktemp("xlmr")
    with (folder / "sentencepiece.bpe.model").open("wb") as model:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(side for pair in text for side in pair),
            model_writer=model,
            vocab_size=3000,
            minloglevel=2,
        )
    tokenizer = XLMRobertaTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=514,
        type_vocab_size=1,
    )
    XLMRobertaModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bert(text, tmp_path_factory) -> Path:
    """BERT's own classes, in the files that awesome-align reads beside those that transformers writes."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

    folder = tmp_path_factory.mktemp("bert")
    pieces = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    pieces.train_from_iterator((side for pair in text for side in pair), vocab_size=3000, show_progress=False)
    pieces.save_model(str(folder))
    BertTokenizer.from_pretrained(folder, do_lower_case=False).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=pieces.get_vocab_size(),
        hidden_size=64,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        intermediate_size=128,
    )
    model = BertForMaskedLM(config)
    model.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


def aligned(checkpoint: Path, text, **options) -> list[set[tuple[int, int]]]:
    aligner = Aligner.load(str(checkpoint), layer=LAYERS, encode="separate", dtype="float32", **options)
    return [set(alignment.links) for alignment in aligner.align(text)]


@pytest.fixture(scope="module")
def theirs(simalign, xlmr, text):
    """SimAlign's links by our name of the method, one set per pair, and the matrices that it matched."""
    aligner = load_simalign(xlmr, "maifr", layer=LAYERS)
    matched = []

    def recorded(matrix):
        matched.append((matrix, simalign.get_max_weight_match(matrix)))
        return matched[-1][1]

    aligner.get_max_weight_match = recorded
    found = [aligner.get_word_aligns(source.split(), target.split()) for source, target in text]
    return {ours: [set(links[name]) for links in found] for ours, name in SIMALIGN_NAMES.items()}, matched


@pytest.mark.parametrize("method", ["argmax", "itermax", "forward", "backward"])
def test_all_links_are_simaligns(theirs, xlmr, text, method):
    assert aligned(xlmr, text, similarity="cosine", extract=method) == theirs[0][method]


def test_all_links_of_whole_words_are_simaligns(simalign, xlmr, text):
    aligner = load_simalign(xlmr, "aifr", layer=LAYERS, level="word")
    theirs = [aligner.get_word_aligns(source.split(), target.split()) for source, target in text]
    for method in ("argmax", "itermax", "forward", "backward"):
        ours = aligned(xlmr, text, similarity="cosine", extract=method, level="word")
        assert ours == [set(links[SIMALIGN_NAMES[method]]) for links in theirs]


def test_all_matchings_are_simaligns_or_weigh_the_same(theirs, xlmr, text):
    links, matched = theirs
    ours = aligned(xlmr, text, similarity="cosine", extract="match")
    different = [k for k in range(len(text)) if ours[k] != links["match"][k]]
    for matrix, matching in (matched[k] for k in different):
        again = match(*pad([matrix], more=0)).links[0].numpy()
        assert matrix[again].sum() == pytest.approx(matrix[matching > 0].sum(), rel=1e-6)
    assert len(different) < len(text) / 10


@pytest.mark.parametrize(("method", "extraction"), [("softmax", "softmax"), ("entmax", "entmax15")])
def test_all_links_are_awesome_aligns(awesome, bert, text, tmp_path, method, extraction):
    expected = awesome_links(bert, text, tmp_path, extraction)
    assert aligned(bert, text, similarity="dot", extract=method) == expected


def awesome_links(checkpoint, text, folder, extraction):
    pairs_file, links_file = folder / "pairs", folder / "links"
    pairs_file.write_text("".join(f"{source} ||| {target}\n" for source, target in text), encoding="utf-8")
    awesome_align(checkpoint, layer=LAYERS, extraction=extraction)(pairs_file, links_file)
    return [set(each.links) for each in read_alignments(links_file, format="pharaoh")]
