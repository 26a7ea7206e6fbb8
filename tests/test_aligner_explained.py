"""What one alignment came from: `Aligner.explain`, and the similarity of words."""

import numpy as np
import pytest
from aligning import some_pairs

from xalign.errors import OptionError
from xalign.text.sentences import SentencePair


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"distortion": 0.8},
        {"extract": "softmax", "threshold": 0.4},
        {"extract": "xlm-align"},
        {"level": "word"},
    ],
)
@pytest.mark.parametrize("encode", ["pair", "separate"])
def test_explain_shows_the_directions_whose_agreement_is_the_alignment(load, encode, options):
    aligner = load(encode=encode, **options)
    for pair in some_pairs(5):
        explained = aligner.explain(pair)
        [alignment] = aligner.align([pair])
        assert explained.alignment.links == alignment.links
        assert explained.alignment.scores == pytest.approx(alignment.scores, rel=1e-4)
        shape = len(explained.source), len(explained.target)
        assert explained.similarity.shape == explained.forward.shape == explained.backward.shape == shape
        source, target = (numbers_of_words(aligner, side) for side in (pair.source, pair.target))
        agreed = {
            (source[s], target[t]) for s, t in np.argwhere(explained.forward & explained.backward).tolist()
        }
        assert tuple(sorted(agreed)) == alignment.links


def numbers_of_words(aligner, sentence):
    """The word of each unit."""
    if aligner.method.level == "word":
        return range(len(sentence))
    return [number for number, word in enumerate(sentence) for _ in aligner.encoder.subword_ids([word])[0]]


def test_explain_names_its_subwords(load):
    explained = load().explain(("Das Haus", "The house"))
    assert "".join(explained.source).replace("▁", " ").strip() == "Das Haus"
    assert load(level="word").explain(("Das Haus", "The house")).target == ("The", "house")


def test_explain_of_a_method_without_directions_shows_those_of_argmax(load):
    pair = SentencePair.of("Das Haus ist klein", "The house is small")
    explained, of_argmax = load(extract="match").explain(pair), load(extract="argmax").explain(pair)
    assert (explained.forward == of_argmax.forward).all()
    assert (explained.backward == of_argmax.backward).all()


@pytest.mark.parametrize("pair", [("", ""), ("das", ""), ([""], ["the"])])
def test_an_empty_pair_cannot_be_explained(load, pair):
    with pytest.raises(OptionError, match="nothing to explain"):
        load().explain(pair)


@pytest.mark.parametrize("level", ["word", "subword"])
def test_alignments_come_with_the_similarity_of_words_that_they_were_read_off(load, level):
    aligner = load("preset", level=level)
    pairs = [*some_pairs(9), SentencePair((), ("the",))]
    compared = list(aligner.compare(pairs))
    assert [pair for pair, _ in compared] == pairs
    assert [found.alignment for _, found in compared] == list(aligner.align(pairs))
    for pair, found in compared:
        if not (pair.source and pair.target):
            assert found.similarity.shape == (0, 0)
            continue
        assert found.similarity.shape == (len(pair.source), len(pair.target))
        assert np.isfinite(found.similarity).all()
        if level == "word":
            assert np.allclose(found.similarity, aligner.explain(pair).similarity, atol=1e-5)


def test_a_lexicon_has_no_similarity(load):
    with pytest.raises(OptionError, match="links of a lexicon come from no similarity"):
        load("preset", lexicon=1).compare([])
