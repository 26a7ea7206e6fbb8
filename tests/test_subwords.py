"""Words -> subword ids, end to end, each distinct word split once."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.subwords import Splitter

some_words = st.text("abc", max_size=4)
some_sentences = st.lists(st.lists(some_words, max_size=5), max_size=5)


class Letters:
    """A tokeniser whose subwords are letters; like real ones it may drop a word, here any without letters."""

    def __init__(self):
        self.asked = []

    def subword_ids(self, words, language):
        self.asked += words
        self.language = language
        return [[ord(letter) for letter in word] for word in words]


@given(some_sentences)
def test_sentences_are_split_word_by_word_end_to_end(sentences):
    found = Splitter(Letters())(sentences)
    ids, numbers, starts = [], [], [0]
    for sentence in sentences:
        for number, word in enumerate(sentence):
            for letter in word:
                ids.append(ord(letter))
                numbers.append(number)
        starts.append(len(ids))
    assert found.ids.tolist() == ids
    assert found.words.tolist() == numbers
    assert found.starts.tolist() == starts
    assert found.lengths.tolist() == [len(sentence) for sentence in sentences]
    assert found.sizes.tolist() == [sum(map(len, sentence)) for sentence in sentences]
    assert all(array.dtype == np.int64 for array in (found.ids, found.words, found.starts, found.lengths))


def test_a_word_that_the_tokeniser_drops_keeps_its_number():
    found = Splitter(Letters())([["a", "", "b"], ["", ""]])
    assert found.words.tolist() == [0, 2]
    assert found.lengths.tolist() == [3, 2]
    assert found.sizes.tolist() == [2, 0]


@given(some_sentences, some_sentences)
def test_each_distinct_word_is_split_once(first, second):
    letters = Letters()
    split = Splitter(letters)
    split(first)
    split(second)
    assert sorted(letters.asked) == sorted({word for sentence in first + second for word in sentence})


def test_what_is_remembered_is_bounded():
    letters = Letters()
    split = Splitter(letters, cached_words=3)
    for sentence in (["a", "b", "c"], ["a", "b"], ["d", "a"], ["b"], ["a", "b", "c", "d", "e"]):
        assert split([sentence]).ids.tolist() == [ord(word) for word in sentence]
    assert letters.asked.count("b") == 3  # forgotten when "d" came, and when five words came
    assert len(letters.asked) == 3 + 2 + 1 + 5


def test_what_is_remembered_is_bounded_in_letters_too():
    letters = Letters()
    split = Splitter(letters, cached_letters=10)
    for word in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "dd", "aaaa"):
        assert split([[word]]).ids.tolist() == [ord(letter) for letter in word]
    assert (
        letters.asked.count("aaaa") == 2
    )  # forgotten when "dd" came, beyond the twelve letters of three words


@given(st.lists(st.integers(0, 9), max_size=6))
def test_of_a_long_word_the_first_letters_and_subwords_are_kept(sizes):
    class Doubled(Letters):
        def subword_ids(self, words, language):
            return [2 * ids for ids in super().subword_ids(words, language)]

    letters = Doubled()
    found = Splitter(letters, longest_word=5)([["abcdefghi"[:size] for size in sizes]])
    assert max(map(len, letters.asked), default=0) <= 5
    assert found.ids.tolist() == [
        ord(letter) for size in sizes for letter in (2 * "abcdefghi"[: min(size, 5)])[:5]
    ]
    assert found.lengths.tolist() == [len(sizes)]


def test_the_tokeniser_is_given_a_bounded_number_of_words_at_once():
    asked = []

    class Counted(Letters):
        def subword_ids(self, words, language):
            asked.append(len(words))
            return super().subword_ids(words, language)

    words = list("abcdefgh")
    assert Splitter(Counted(), split_at_once=3)([words]).ids.tolist() == [ord(word) for word in words]
    assert asked == [3, 3, 2]


def test_threads_that_learn_words_at_once_learn_the_same():
    """The tokeniser lets other threads in, as the real ones do."""

    class Slow(Letters):
        def subword_ids(self, words, language):
            sleep(1e-4)
            return super().subword_ids(words, language)

    splitter = Splitter(Slow())
    texts = [[[f"{'ab'[k % 2]}{n % 7}", f"c{n}"] for n in range(k, k + 20)] for k in range(60)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(splitter, texts))
    for text, one in zip(texts, found, strict=True):
        assert one.ids.tolist() == [ord(letter) for sentence in text for word in sentence for letter in word]


def test_the_language_is_handed_on():
    letters = Letters()
    Splitter(letters, "de")([["a"]])
    assert letters.language == "de"


def test_a_tokeniser_that_loses_count_is_found_out():
    encoder = SimpleNamespace(subword_ids=lambda words, language: [])
    with pytest.raises(ValueError, match="zip"):
        Splitter(encoder)([["a"]])


@pytest.mark.parametrize("write", [str.upper, str.title])
def test_a_sentence_in_capitals_and_a_title_are_split_as_in_small_letters(encoder, write):
    splitter = Splitter(encoder("preset"))
    loud = splitter([[write(word) for word in ("we", "saw", "the", "cat", "!", "nato")]])
    assert loud.ids.tolist() == splitter([["we", "saw", "the", "cat", "!", "nato"]]).ids.tolist()
    assert loud.words.tolist() == splitter([["we", "saw", "the", "cat", "!", "nato"]]).words.tolist()


@pytest.mark.parametrize("sentence", [["THE", "GARDEN"], ["FOREST", "2000", "!"], ["NATO", "MEMBERS"]])
def test_a_short_line_in_capitals_is_one_too_unless_all_may_be_acronyms(encoder, sentence):
    splitter = Splitter(encoder("preset"))
    assert splitter([sentence]).ids.tolist() == splitter([[word.lower() for word in sentence]]).ids.tolist()


@pytest.mark.parametrize(
    ("language", "small"),
    [(None, "isik"), ("en", "isik"), ("tr", "ısık"), ("TR", "ısık"), ("tr-TR", "ısık"), ("az", "ısık")],
)
def test_the_small_letters_of_turkish_are_those_of_its_text(encoder, language, small):
    splitter = Splitter(encoder("preset"), language)
    loud, quiet = splitter([["ISIK", "İZMİR", "ANKARA"]]), splitter([[small, "izmir", "ankara"]])
    assert loud.ids.tolist() == quiet.ids.tolist()


@pytest.mark.parametrize(
    "sentence",
    [
        ["NATO", "USA"],  # names
        ["We", "saw", "NATO", "UNO", "and", "the", "USA"],  # most of it is not in capitals
        ["Das", "Haus", "hinter", "dem", "Garten"],  # nouns
        ["Angela", "Merkel"],
        ["I", "A", "I", "A"],  # words of one letter
        ["2000", "-LRB-", "-RRB-", "-LSB-"],  # nothing that has capitals
    ],
)
def test_other_capitals_are_left_alone(encoder, sentence):
    loaded = encoder("preset")
    ids = [number for word in loaded.subword_ids(sentence) for number in word]
    assert Splitter(loaded)([sentence]).ids.tolist() == ids


def test_sentences_around_one_in_capitals_stay_as_they_are(encoder):
    splitter = Splitter(encoder("preset"))
    quiet, loud = ["We", "saw", "the", "House"], ["WE", "SAW", "THE", "HOUSE"]
    together = splitter([quiet, [], loud, quiet])
    alone = splitter([quiet]).ids.tolist()
    first, second = together.starts[1], together.starts[3]
    assert together.ids[:first].tolist() == together.ids[second:].tolist() == alone
