"""`Aligner`: what it takes, which options, what an alignment is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from aligning import FORWARD, links, some_pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from xalign.aligner import Aligner
from xalign.errors import LanguageError, LayerError, ModelError, OptionError
from xalign.extract import DIRECTED
from xalign.links import Alignment
from xalign.method import Extraction
from xalign.models.preset import Preset
from xalign.text.sentences import SentencePair

odd_words = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=6)


def test_a_folder_and_two_strings_are_enough(tiny):
    [alignment] = Aligner.load(str(tiny("preset"))).align([("das Haus", "the house")])
    assert alignment.links
    assert len(alignment.scores) == len(alignment.links)


@pytest.mark.parametrize(
    "pair",
    [
        ("das Haus", "the house"),
        (["das", "Haus"], ("the", "house")),
        SentencePair(("das", "Haus"), ("the", "house")),
    ],
)
def test_a_pair_is_strings_or_words_or_a_sentence_pair(load, pair):
    assert links(load().align([pair])) == links(load().align([("das Haus", "the house")]))


def test_nothing_gives_nothing(load):
    assert list(load().align([])) == []


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({"layer": 5}, LayerError, r"layers 0 \(embeddings\) to 4"),
        ({"layer": -1}, OptionError, "layer is -1: it must be a whole number from 0"),
        ({"extract": "match", "symmetrize": "union"}, OptionError, "goes with extract argmax, softmax"),
        (
            {"extract": "softmax", "distortion": 0.1},
            OptionError,
            "goes with extract argmax, not with softmax",
        ),
        ({"distortion": 1.5}, OptionError, "from 0 to 1"),
        ({"threshold": float("nan")}, OptionError, "threshold is nan: it must be a number"),
        ({"threshold": "0.3"}, OptionError, "threshold is '0.3': it must be a number"),
        ({"threshold": 10**400}, OptionError, r"threshold is 10+\.\.\.: it must be a number"),
        ({"threshold": True}, OptionError, "threshold is True: it must be a number"),
        ({"distortion": "much"}, OptionError, "distortion is 'much': it must be a number"),
        ({"layer": "3"}, OptionError, "layer is '3': it must be a whole number"),
        ({"layer": 3.0}, OptionError, "layer is 3.0: it must be a whole number"),
        ({"lexicon": "yes"}, OptionError, "lexicon is 'yes': it must be a whole number"),
        ({"batch_tokens": 1e4}, OptionError, "batch_tokens is 10000.0: it must be a whole number"),
        ({"source_language": 3}, OptionError, "source_language is 3: it must be a text"),
        ({"extract": 3}, OptionError, "extract is 3: choose one of argmax"),
        ({"extract": "magic"}, OptionError, "choose one of argmax, forward"),
        ({"similarity": "euclid"}, OptionError, "choose one of dot, cosine"),
        ({"encode": "both"}, OptionError, "choose one of pair, separate"),
        ({"level": "letter"}, OptionError, "choose one of subword, word"),
        ({"symmetrize": "grow"}, OptionError, "choose one of intersection"),
        ({"batch_tokens": 0}, OptionError, "a whole number from 1"),
        ({"bach_tokens": 9}, OptionError, "unknown option 'bach_tokens'; did you mean 'batch_tokens'"),
        ({"dtype": "int4"}, OptionError, "dtype is 'int4': choose one of auto, float32"),
        ({"device": "warp"}, OptionError, "device warp cannot be used here"),
        ({"device": None}, OptionError, "device None cannot be used here"),
        ({"calibrated": "no"}, OptionError, "calibrated is 'no': it must be true or false"),
        ({"all_layers": 0}, OptionError, "all_layers is 0: it must be true or false"),
        ({"limits": 3}, OptionError, "limits is 3: it must be a Limits object or none"),
        ({"limits": {}}, OptionError, "limits is {}: it must be a Limits object or none"),
    ],
)
def test_bad_options_are_refused_before_anything_is_aligned(tiny, options, error, complaint):
    with pytest.raises(error, match=complaint):
        Aligner.load(str(tiny("preset")), **options)


def test_a_model_that_needs_no_languages_may_be_told_them(tiny):
    plain, told = (
        Aligner.load(str(tiny("preset")), **languages)
        for languages in ({}, {"source_language": "de", "target_language": "en"})
    )
    pair = ("das Haus ist klein", "the house is small")
    assert list(plain.align([pair])) == list(told.align([pair]))


def test_a_language_that_the_model_does_not_list_is_told_once(tiny, caplog):
    for _ in range(2):
        Aligner.load(str(tiny("preset")), src_lang="haw", tgt_lang="de-AT")
    [warning] = [record.getMessage() for record in caplog.records if record.name == "xalign"]
    assert "tiny does not list the language 'haw'" in warning and "xalign models show" in warning


def test_an_aligner_takes_the_positions_of_its_encoder(encoder):
    with pytest.raises(OptionError, match="those that the encoder was loaded with"):
        Aligner(encoder("preset"), positions="continuous")


def test_a_model_without_preset_needs_a_layer(tiny):
    with pytest.raises(LayerError, match="give layer"):
        Aligner.load(str(tiny("bert")))


def test_blocks_above_the_layer_can_be_left_out(tiny, load):
    cut = Aligner.load(str(tiny("preset")), layer=2, device="cpu", dtype="float32", all_layers=False)
    pairs = some_pairs(5)
    assert links(cut.align(pairs)) == links(load(layer=2).align(pairs))
    with pytest.raises(LayerError, match="layer 3 was dropped"):
        list(cut.align_layers(pairs, [3]))


def test_a_model_may_be_a_path(tiny, load):
    pair = ("das Haus", "the house")
    by_path = Aligner.load(tiny("preset"), device="cpu", dtype="float32")
    assert list(by_path.align([pair])) == list(load().align([pair]))


def test_a_path_is_never_the_name_of_a_preset(tiny, monkeypatch, tmp_path):
    (tmp_path / "mini").symlink_to(tiny("preset"))
    monkeypatch.chdir(tmp_path)
    assert Aligner.load(Path("mini")).encoder.width == 32
    assert Aligner.load("mini").encoder.width == 256


@pytest.mark.parametrize("model", [None, 3, b"mini", ["mini"]])
def test_a_model_is_a_name_or_a_path(model):
    with pytest.raises(OptionError, match="it must be a name, a folder or a hub id"):
        Aligner.load(model)


def test_numbers_of_numpy_are_numbers(load):
    options = {"layer": np.int64(2), "threshold": np.float32(0.5), "batch_tokens": np.int32(9)}
    settled, run = Preset.of("p", "p").with_options(options)
    assert (settled.method.layer, settled.method.threshold, run.batch_tokens) == (2, 0.5, 9)


def test_an_unknown_model_is_refused():
    with pytest.raises(ModelError, match="unknown model 'mni'"):
        Aligner.load("mni")


def test_a_model_that_needs_languages_asks_for_them_and_knows_which(tiny):
    xmod = str(tiny("xmod"))
    with pytest.raises(LanguageError, match=r"needs to know the languages: .*de_DE"):
        Aligner.load(xmod, layer=2)
    with pytest.raises(LanguageError, match=r"unknown language 'xx': .*de_DE"):
        Aligner.load(xmod, layer=2, source_language="de", target_language="xx")


def test_options_come_before_the_preset_and_the_preset_before_nothing():
    preset = Preset.of("p", "p", layer=3, similarity="dot", extract="softmax", threshold=0.1)
    settled, _ = preset.with_options({"layer": 0, "similarity": "cosine", "level": None})
    method = settled.method
    assert (method.layer, method.similarity) == (0, "cosine")
    assert (method.extract, method.threshold, settled.input.encode) == ("softmax", 0.1, "separate")


@pytest.mark.parametrize(
    ("options", "threshold"),
    [
        ({}, 0.1),
        ({"extract": "entmax"}, None),
        ({"extract": "entmax", "threshold": 0.0}, 0.0),
        ({"threshold": 0.5}, 0.5),
    ],
)
def test_the_threshold_of_a_preset_holds_for_its_own_extraction_only(options, threshold):
    preset = Preset.of("p", "p", layer=3, extract="softmax", threshold=0.1)
    assert preset.with_options(options)[0].method.threshold == threshold


@settings(max_examples=25)
@given(pairs=st.lists(st.tuples(odd_words, odd_words), max_size=5), method=st.sampled_from(Extraction))
def test_links_are_sorted_unique_and_within_the_sentences(load, pairs, method):
    found = list(load(extract=method).align(SentencePair.of(*pair) for pair in pairs))
    assert len(found) == len(pairs)
    for (source, target), alignment in zip(pairs, found, strict=True):
        assert list(alignment.links) == sorted(set(alignment.links))
        assert all(0 <= s < len(source) and 0 <= t < len(target) for s, t in alignment.links)
        assert len(alignment.scores) == len(alignment.links)
        assert np.isfinite([*alignment.scores, alignment.score]).all()


@pytest.mark.parametrize("pair", [("", ""), ("das Haus", ""), ("", "the house"), ([""], ["the"])])
def test_a_pair_with_an_empty_side_has_no_links_and_score_0(load, pair):
    assert list(load().align([pair])) == [Alignment(scores=(), score=0.0)]


@pytest.mark.parametrize("level", ["subword", "word"])
@pytest.mark.parametrize("encode", ["pair", "separate"])
@pytest.mark.parametrize(("name", "dropped"), [("preset", ""), ("bert", "\u0000"), ("bert", "\u200d")])
def test_a_word_that_the_tokeniser_drops_keeps_its_number(load, name, dropped, encode, level):
    aligner = load(name, layer=3, encode=encode, level=level, **FORWARD)
    assert aligner.encoder.subword_ids([dropped]) == [[]]
    [whole] = aligner.align([(["das", "Haus"], ["the", "house"])])
    [gaps] = aligner.align([([dropped, "das", dropped, dropped, "Haus"], ["the", dropped, "house", dropped])])
    source, target = {0: 1, 1: 4}, {0: 0, 1: 2}
    assert gaps.links == tuple((source[s], target[t]) for s, t in whole.links)
    assert gaps.scores == pytest.approx(whole.scores)


def test_special_subwords_in_the_text_are_words_like_others(load):
    [alignment] = load(**FORWARD).align([("das </s> <pad> <s> Haus", "the <mask> house")])
    assert {link.source for link in alignment.links} == {
        0,
        1,
        2,
        3,
        4,
    }  # a word of several subwords may have several


@pytest.mark.parametrize("level", ["subword", "word"])
@pytest.mark.parametrize("method", Extraction)
def test_every_method_aligns_at_both_levels(load, method, level):
    found = list(load(extract=method, level=level).align(some_pairs(9)))
    assert any(alignment.links for alignment in found)
    assert not found[6].links  # the pair with an empty side


def test_all_layers_in_one_pass_give_what_each_gives_alone(load):
    pairs = some_pairs(8)
    together = list(load().align_layers(pairs, range(5)))
    for layer in range(5):
        alone = list(load(layer=layer).align(pairs))
        assert links(each[layer] for each in together) == links(alone)
    assert len({tuple(links(each[layer] for each in together)) for layer in range(5)}) == 5


def test_a_layer_that_is_not_there_is_refused(load):
    with pytest.raises(LayerError, match="layer 7 does not exist"):
        list(load().align_layers(some_pairs(1), [0, 7]))


@pytest.mark.parametrize("layers", [2, "12", ["1"], [1.5], None])
def test_what_is_no_list_of_layers_is_refused(load, layers):
    with pytest.raises(LayerError, match=r"layers are .*: expected a list of numbers; tiny has layers 0 "):
        load().align_layers(some_pairs(1), layers)


def test_layers_come_from_any_iterable_of_whole_numbers(load):
    expected = list(load().align_layers(some_pairs(3), [1, 2]))
    for layers in (np.arange(1, 3), (layer for layer in (1, 2)), range(1, 3), {1: "", 2: ""}):
        assert list(load().align_layers(some_pairs(3), layers)) == expected


@pytest.mark.parametrize("method", DIRECTED)
def test_symmetrizing_by_intersection_lies_within_union(load, method):
    pairs = some_pairs(8)
    both, grown, either = (
        links(load(extract=method, symmetrize=rule).align(pairs))
        for rule in ("intersection", "grow-diag-final-and", "union")
    )
    for smaller, middle, larger in zip(both, grown, either, strict=True):
        assert set(smaller) <= set(middle) <= set(larger)
    assert both != either


def test_distortion_of_argmax_holds_when_symmetrizing_too(load):
    pairs = some_pairs(12)
    for rule in (None, "union"):
        plain = links(load(extract="argmax", symmetrize=rule).align(pairs))
        assert links(load(extract="argmax", symmetrize=rule, distortion=0.9).align(pairs)) != plain


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_lower_precision_aligns_too(tiny, dtype):
    aligner = Aligner.load(str(tiny("preset")), device="cpu", dtype=dtype)
    assert aligner.encoder.dtype == getattr(torch, dtype)
    assert all(alignment.links for alignment in aligner.align(some_pairs(6)))
