import pytest
import sentencepiece
from sameness import ENGLISH, GERMAN, assert_states_equal_transformers, pairs, sentences


@pytest.mark.parametrize("name", ["xlm-roberta", "xlm-roberta-xl"])
def test_states_are_those_of_transformers(encoder, tiny, name):
    loaded = encoder(name, family="roberta")
    assert_states_equal_transformers(loaded, tiny(name), sentences(loaded))
    assert_states_equal_transformers(loaded, tiny(name), pairs(loaded))


def test_a_pair_has_one_separator_as_xlm_align_has(encoder):
    loaded = encoder("xlm-roberta")
    begin, end = loaded.tokenizer.convert_tokens_to_ids(["<s>", "</s>"])
    assert loaded.specials == ((begin,), (end,), (end,))


@pytest.mark.parametrize("name", ["xlm-roberta", "preset"])
def test_the_longest_pair_within_the_limit_is_encoded(encoder, name):
    loaded = encoder(name, family="roberta")
    one = loaded.subword_ids(["!"])[0] * 1
    words = ["!"] * (loaded.limit // len(one))
    batch = pairs(loaded, ((words, words),)) if name == "preset" else sentences(loaded, (words,))
    assert loaded.encode(batch, [loaded.layers]).isfinite().all()


def test_subwords_are_those_of_sentencepiece_plus_one(encoder, tiny):
    loaded = encoder("xlm-roberta")
    pieces = sentencepiece.SentencePieceProcessor(
        model_file=str(tiny("xlm-roberta") / "sentencepiece.bpe.model")
    )
    words = [*GERMAN, *ENGLISH, "房子", "Дом", "unbekannte"]
    assert loaded.subword_ids(words) == [[number + 1 for number in pieces.encode(word)] for word in words]
