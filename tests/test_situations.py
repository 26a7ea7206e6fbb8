"""What people align besides clean tokenized sentences, with both bundled models: each kind comes out right."""

import base64
import random

import pytest

from xalign import Aligner
from xalign.models import BUNDLED
from xalign.pieces import as_given, in_words
from xalign.text.sentences import SentencePair


@pytest.fixture(scope="module", params=BUNDLED)
def aligner(request):
    return Aligner.load(request.param, device="cpu", dtype="float32")


PLAIN = [
    ("Die alte Frau ging ins Geschäft , um Milch zu kaufen .", "The old woman went to the shop to buy milk ."),
    ("La vieille maison près de la rivière a été vendue hier .", "The old house near the river was sold yesterday ."),
    ("El niño come una manzana en el jardín .", "The boy eats an apple in the garden ."),
    ("A régi ház a folyó mellett van .", "The old house is next to the river ."),
    ("İstanbul ' da güzel bir ev aldım .", "I bought a beautiful house in Istanbul ."),
    ("Старая женщина пошла в магазин купить молоко .", "The old woman went to the shop to buy milk ."),
    ("Η γριά γυναίκα πήγε στο μαγαζί για να αγοράσει γάλα .", "The old woman went to the shop to buy milk ."),
    ("Straße gesperrt", "Road closed"),
    ("Rauchen verboten", "No smoking"),
]  # fmt: skip


@pytest.mark.parametrize("write", [str.upper, str.title, str.lower])
def test_capitals_titles_and_small_letters_have_the_links_of_ordinary_text(aligner, write):
    ordinary = [set(found.links) for found in aligner.align(PLAIN)]
    written = [set(found.links) for found in aligner.align([(write(s), write(t)) for s, t in PLAIN])]
    same = sum(len(one & other) for one, other in zip(ordinary, written, strict=True))
    assert 2 * same / sum(map(len, ordinary + written)) > 0.96


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("{user} shared {file} with {group}", "{group} hat {file} von {user} erhalten", "0-4 2-2 4-0"),
        ("%s sent you %d messages", "Vous avez reçu %d messages de %s", "0-6 3-3"),
        ("Visit https://example.com/path for details", "Details unter https://example.com/path", "1-2"),
        ("Write to info@example.com or call 555-1234", "555-1234 oder info@example.com", "2-2 5-0"),
        ("{{count}} results for {{query}}", "{{query}} : {{count}} résultats", "0-2 3-0"),
        ("{0} of {1} files copied", "{1} dosyadan {0} tanesi kopyalandı", "0-2 2-0"),
        ("{user}, {file}!", "{file}, {user}!", "0-1 1-0"),
        ("[[user]] invited [[guest]]", "[[guest]] wurde von [[user]] eingeladen", "0-3 2-0"),
    ],
)
def test_placeholders_and_addresses_are_linked_with_themselves_alone(aligner, source, target, expected):
    wanted = {tuple(map(int, link.split("-"))) for link in expected.split()}
    found = aligner(source, target).links
    assert {link for link in found if link.source in dict(wanted)} == wanted
    assert {link for link in found if link.target in dict(map(reversed, wanted))} == wanted


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("▁Où ▁est ▁la ▁clé ▁? ▁Ici ▁!", "▁Where ▁is ▁the ▁key ? ▁Here !", "0-0 1-1 2-2 3-3 4-4 5-5 6-6"),
        ("▁Das ▁Ha us ▁ist ▁klein .", "▁The ▁house ▁is ▁sma ll .", "0-0 1-1 2-1 3-2 4-3 4-4 5-5"),
        ("▁„ Ja “, ▁sagte ▁er .", '▁" Yes ," ▁he ▁said .', "0-0 1-1 2-2 3-4 4-3 5-5"),
    ],
)
def test_punctuation_and_pieces_of_sentencepiece_are_linked(aligner, source, target, expected):
    [(_, found)] = as_given(aligner.align_pairs(in_words([SentencePair.of(source, target)])))
    assert str(found) == expected


@pytest.mark.parametrize(
    ("source", "target", "word", "parts"),
    [
        ("Die Krankenversicherung zahlt nicht .", "The health insurance does not pay .", 1, {1, 2}),
        ("Ein Staubsauger ist kaputt .", "A vacuum cleaner is broken .", 1, {1, 2}),
        ("Hon köpte en tandborste .", "She bought a tooth brush .", 3, {3, 4}),
        ("Ik nam de sneltrein naar Parijs .", "I took the express train to Paris .", 3, {3, 4}),
        ("Sairausvakuutus ei maksa .", "The health insurance does not pay .", 0, {1, 2}),
        (
            "Fotbollslaget vann världsmästerskapet .",
            "The football team won the world championship .",
            2,
            {5, 6},
        ),
        ("A kórházigazgató lemondott .", "The hospital director resigned .", 1, {1, 2}),
        ("Raudteejaam on suletud .", "The railway station is closed .", 0, {1, 2}),
    ],
)
def test_a_compound_is_linked_with_all_its_parts(aligner, source, target, word, parts):
    assert parts <= {link.target for link in aligner(source, target).links if link.source == word}


@pytest.mark.parametrize(
    ("text", "translation", "expected"),
    [
        ("他住在北京的一家酒店里。", "He lives in a hotel in Beijing.",
         {"他=He", "北京=Beijing", "酒店=hotel", "。=."}),
        ("彼は東京の大学で日本語を教えています。", "He teaches Japanese at a university in Tokyo.",
         {"彼=He", "東京=Tokyo", "大学=university", "日本語=Japanese", "。=."}),
        ("เขาอาศัยอยู่ในกรุงเทพ", "He lives in Bangkok", {"เขา=He", "ใน=in", "กรุงเทพ=Bangkok"}),
        ("ລາວອາໄສຢູ່ວຽງຈັນ", "He lives in Vientiane", {"ລາວ=He", "ວຽງຈັນ=Vientiane"}),
    ],
)  # fmt: skip
def test_text_without_spaces_is_split_where_that_is_asked_for(aligner, text, translation, expected):
    split = Aligner(aligner.encoder, aligner.preset, words="unicode")
    [(pair, found)] = split.align_pairs([(text, translation)])
    assert expected <= {f"{pair.source[i]}={pair.target[j]}" for i, j in found.links}


def test_no_break_spaces_are_counted_as_opustrainer_counts_them(aligner):
    source, target = (
        "le prix est 10\xa0000 euros et la date est fixée",
        "the price is 10,000 euros and the date is fixed",
    )
    split = Aligner(aligner.encoder, aligner.preset, words="python-split")
    [(pair, found)] = split.align_pairs([(source, target)])
    assert pair.source == tuple(source.split())
    assert {(0, 0), (1, 1), (3, 3), (4, 3), (5, 4), (9, 8)} <= set(found.links)


def test_a_blob_is_one_word_and_costs_no_line(aligner):
    letters = random.Random(0)
    blob = "data:image/png;base64," + base64.b64encode(letters.randbytes(30_000)).decode()
    found = list(
        aligner.align(
            [("das Haus", "the house"), (f"Bild {blob} !", f"image {blob} !"), ("das Haus", "the house")]
        )
    )
    assert list(map(str, found)) == ["0-0 1-1", "0-0 1-1 2-2", "0-0 1-1"]


@pytest.mark.parametrize(
    "line",
    [
        " ".join(f"0x{k * 37 % 251:02x}" for k in range(600)),
        "- " * 600,
        "var a=function(b){return b.map(function(c){return c+1})};" * 40,
    ],
)
def test_a_line_that_is_not_translated_is_linked_word_by_word(aligner, line):
    words = len(line.split())
    assert str(aligner(line, line)) == " ".join(f"{k}-{k}" for k in range(words))
