"""Programs that take links read them as they are meant: `pip install opustrainer "datasets<4"`.

OpusTrainer's own tokenizer is not used; it wants an older sentencepiece.
"""

import pytest
import sentencepiece

from xalign import Aligner
from xalign.formats import WRITERS, WriteOptions, parse_pharaoh
from xalign.links import Alignment
from xalign.pieces import as_given, in_words
from xalign.text.sentence_pieces import SentencePieces
from xalign.text.sentences import SentencePair

pytestmark = pytest.mark.peers
PAIR = SentencePair.of(
    "Der alte Leuchtturm wurde im Herbst gebaut .", "The old lighthouse was built in autumn ."
)
# In an environment of its own, since it wants an old sentencepiece.
NO_OPUSTRAINER = "opustrainer is not installed: pip install opustrainer"
LINKS = Alignment.of([(0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (5, 6), (6, 4), (7, 7)])


def test_opustrainer_reads_tsv():
    alignments = pytest.importorskip("opustrainer.alignments", reason=NO_OPUSTRAINER)
    line = WRITERS["tsv"](PAIR, LINKS, 1, WriteOptions()).removesuffix("\n")
    source, target, links = line.split("\t")
    found = alignments.parse_alignments(links, source.split(), target.split())
    assert [tuple(pair) for pair in found] == [tuple(link) for link in LINKS.links]
    assert parse_pharaoh(alignments.format_alignments(found)) == LINKS


def test_opustrainer_makes_the_same_links_of_pieces(tmp_path):
    retokenize = pytest.importorskip("opustrainer.modifiers.retokenize", reason=NO_OPUSTRAINER)
    path = tmp_path / "spm"
    lines = [" ".join(PAIR.source), " ".join(PAIR.target)] * 5
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_prefix=str(path),
        vocab_size=50,
        minloglevel=2,
        hard_vocab_limit=False,
    )
    model = SentencePieces(path.with_suffix(".model"))
    [(pieces, links)] = as_given((pair, LINKS) for pair in in_words([PAIR], model, model))
    mappings = []
    for words, side in ((PAIR.source, pieces.source), (PAIR.target, pieces.target)):
        spans, offset = [], 0
        for piece in side:  # ▁ stands for the space before a word, and for nothing at the start
            length = len(piece) - (offset == 0 and piece.startswith("▁"))
            spans.append(slice(offset, offset + length))
            offset += length
        tokenizer = type("Spans", (), {"tokenize": lambda self, text, spans=spans: (None, spans)})()
        retokenizer = retokenize.Retokenizer(retokenize.make_detokenizer("spaces"), tokenizer)
        mappings.append(retokenizer.retokenize(words)[2])
    theirs = retokenize.remap_alignment_pairs(*mappings, [tuple(link) for link in LINKS.links])
    # A piece that is the space alone touches no word for OpusTrainer; here it is part of the word behind it.
    ours = [link for link in links.links if pieces.source[link[0]] != "▁" and pieces.target[link[1]] != "▁"]
    assert [tuple(pair) for pair in theirs] == [tuple(link) for link in ours]
    assert len(ours) > len(LINKS.links)


@pytest.mark.parametrize("processes", [None, 2])
def test_datasets_map_pairs_to_links(processes, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed: pip install 'datasets<4'")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    texts = [{"de": "das Haus", "en": "the house"}, {"de": "", "en": "no"}, {"de": "ja", "en": "yes"}]
    aligner = Aligner.load("mini", device="cpu", dtype="float32")
    table = datasets.Dataset.from_dict({"translation": texts, "id": [1, 2, 3]})
    mapped = table.map(aligner.map_batch, batched=True, batch_size=2, num_proc=processes)
    assert mapped["links"][:] == [[[0, 0], [1, 1]], [], [[0, 0]]]
    assert mapped["id"][:] == [1, 2, 3]
    assert len(mapped["scores"][0]) == 2
