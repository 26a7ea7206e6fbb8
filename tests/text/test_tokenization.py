import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import OptionError
from xalign.text.sentences import words
from xalign.text.tokenization import TOKENIZERS, tokenize

texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text("ab '’-.,&<{}%s 我のก", max_size=20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Das Haus ist klein.", "Das|Haus|ist|klein|."),
        ("“Yes,” she said (twice)...", "“|Yes|,|”|she|said|(|twice|)|..."),
        ("well-known, 10,000.5 and 3-4", "well-known|,|10,000.5|and|3-4"),
        ("Mr. Smith of the U.S. and J. Doe.", "Mr.|Smith|of|the|U.S.|and|J.|Doe|."),
        ("vgl. Art. 5 bzw. Nr. 7, eine Art. Mio.", "vgl.|Art.|5|bzw.|Nr.|7|,|eine|Art|.|Mio|."),
        ("No. 5, Sra. López. No. I do not.", "No.|5|,|Sra.|López|.|No|.|I|do|not|."),
        ("gliel'ho detto", "gliel'|ho|detto"),
        ("I can't, it's John's; they'll", "I|ca|n't|,|it|'s|John|'s|;|they|'ll"),
        ("C’est l’été, jusqu'à aujourd'hui", "C’|est|l’|été|,|jusqu'|à|aujourd'hui"),
        ("nell'arte dell'uomo", "nell'|arte|dell'|uomo"),
        ("O'Brien's rock'n'roll", "O'Brien|'s|rock'n'roll"),
        ("{user} sent 20% to a.b@c.de", "{user}|sent|20|%|to|a.b@c.de"),
        ("<b>10\u00a0000</b>\u202f€ &nbsp;", "<b>|10|000|</b>|€|&nbsp;"),
        ("घर छोटा है।", "घर|छोटा|है|।"),
        ("«Да», — сказал он", "«|Да|»|,|—|сказал|он"),
        ("我昨天买了一本新书。", "我|昨天|买|了|一本|新书|。"),
        ("人人都喜欢", "人人|都|喜欢"),
        ("私は本を買いました。", "私|は|本|を|買い|ま|した|。"),
        ("ฉันซื้อหนังสือ", "ฉัน|ซื้อ|หนังสือ"),
        ("ខ្ញុំបានទិញសៀវភៅ", "ខ្ញុំ|បាន|ទិញ|សៀវភៅ"),
        ("ຂ້ອຍໄດ້ຊື້ປຶ້ມ", "ຂ້ອຍ|ໄດ້|ຊື້|ປຶ້ມ"),
        ("\u200b \u200e\t", ""),
    ],
)  # fmt: skip
def test_text_becomes_words_as_gold_alignments_have_them(text, expected):
    assert tokenize(text, "unicode").words == tuple(expected.split("|") if expected else ())


@pytest.mark.parametrize(
    ("language", "expected"),
    [("nl", "foto's|en|d'eau"), ("en", "foto|'s|en|d'eau"), ("fr_FR", "foto's|en|d'|eau")],
)
def test_where_the_language_is_known_its_own_clitics_are_cut(language, expected):
    assert tokenize("foto's en d'eau", "unicode", language).words == tuple(expected.split("|"))


@given(texts)
def test_whitespace_words_are_those_of_every_other_command(text):
    assert tokenize(text, "whitespace").words == words(text)


@given(st.text("ab \u00a0\u2028\t\x0b\u3000.'"))
def test_python_split_is_what_python_splits(text):
    assert tokenize(text, "python-split").words == tuple(text.split())


@given(texts, st.sampled_from(list(TOKENIZERS)), st.sampled_from([None, "en", "fr", "zh"]))
def test_words_stand_in_their_order_and_nothing_that_can_be_seen_is_between(text, manner, language):
    found = tokenize(text, manner, language)
    end = 0
    for start, stop in found.spans:
        assert end <= start < stop
        assert not any(each.isalnum() for each in text[end:start])
        end = stop
    assert not any(each.isalnum() for each in text[end:])


def test_a_manner_that_does_not_exist_is_refused():
    with pytest.raises(OptionError, match="words is 'moses': choose one of") as caught:
        tokenize("a", "moses")
    assert caught.value.options == ("words",)


def test_a_long_line_of_signs_takes_no_longer_than_others():
    assert len(tokenize("-" * 100_000).words) == 1
    assert len(tokenize("a-" * 50_000).words) == 2


def test_the_clitic_of_a_placeholder_is_a_word():
    assert tokenize("{user}'s dog", "unicode", "en") == ("{user}", "'s", "dog")
