import logging

import pytest

from xalign.text.sentences import SentencePair
from xalign.text.tokenization import tokenize
from xalign.text.untokenized import Watcher

TOKENIZED = ("Das Haus ist klein .", "The house is small .")
AS_IT_IS = ("Das Haus ist klein.", "The house is small.")


def warnings(caplog, *texts):
    with caplog.at_level(logging.WARNING, logger="xalign"):
        given = [SentencePair.of(*each) for each in texts]
        assert list(Watcher().watched(given)) == given
    return [record.getMessage() for record in caplog.records]


def test_text_with_full_stops_at_its_words_is_told_once(caplog):
    [warning] = warnings(caplog, *[AS_IT_IS] * 300)
    assert warning.startswith("200 of the first 200 sentences do not look tokenized ('klein.' is one word)")
    assert "words='unicode' splits text as it is" in warning


def test_a_watcher_warns_of_one_text_alone(caplog):
    watcher, given = Watcher(), [SentencePair.of(*AS_IT_IS)]
    for _ in range(3):
        assert list(watcher.watched(given)) == given
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "source",
    [
        "我昨天买了一本新书。",
        "我昨天在书店买了一本新书",
        "私は昨日新しい本を買いました",
        "ฉันซื้อหนังสือใหม่เมื่อวานนี้ที่ร้าน",
        "「はい。」",
        "这只猫很可爱",
        "เขาอาศัยอยู่ในกรุงเทพ",
        "ລາວອາໄສຢູ່ວຽງຈັນ",
    ],
)
def test_sentences_without_spaces_between_words_are_told(caplog, source):
    assert len(warnings(caplog, (source, "I bought a book ."), (source, source))) == 1


@pytest.mark.parametrize("swap", [False, True])
def test_one_side_without_spaces_is_enough_whatever_the_other_is(caplog, swap):
    pair = ("我昨天买了一本新书。", "I bought a new book yesterday .")
    [warning] = warnings(caplog, *[pair[::-1] if swap else pair] * 3)
    assert warning.startswith(
        "3 of the first 3 sentences do not look tokenized ('我昨天买了一本新书。' is one word)"
    )


@pytest.mark.parametrize(
    "pair",
    [
        TOKENIZED,
        ("我 昨天 买 了 一 本 新书 。", "I bought a book ."),
        ("コンピューターゲーム を 買っ た", "in the U.S. and Prof. X"),
        ("...", "1. 2. 3"),
        ("图书馆", "library"),
        ("มหาวิทยาลัย", "university"),
        ("", ""),
    ],
)
def test_tokenized_sentences_are_not(caplog, pair):
    assert warnings(caplog, pair) == []


def test_a_few_sentences_do_not_make_a_text(caplog):
    assert warnings(caplog, TOKENIZED, TOKENIZED, AS_IT_IS) == []


def test_words_that_were_made_of_text_as_it_is_are_not_told(caplog):
    pair = SentencePair(*(tokenize(text, "whitespace") for text in AS_IT_IS))
    assert list(Watcher().watched([pair])) == [pair]
    assert caplog.records == []
