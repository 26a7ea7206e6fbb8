import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import InputError
from xalign.links import Alignment, Link
from xalign.pieces import as_given, gather, gathered, in_words, spread
from xalign.text.marks import Marks, find_marks, join
from xalign.text.sentence_pieces import SentencePieces
from xalign.text.sentences import SentencePair
from xalign.text.tokenization import tokenize

WRITTEN = {
    Marks.SENTENCEPIECE: "▁das ▁Ha us ▁fäll t",
    Marks.BPE: "das Ha@@ us fäll@@ t",
    Marks.WORDPIECE: "das Ha ##us fäll ##t",
    Marks.BYTE_LEVEL: "das ĠHa us ĠfÃ¤ll t",
    Marks.JOINER: "das Ha￭ us fäll ￭t",
    Marks.END_OF_WORD: "das</w> Ha us</w> fäll t</w>",
}


@pytest.mark.parametrize(("marks", "text"), WRITTEN.items())
def test_pieces_make_the_words_that_they_are_of(marks, text):
    assert join(text.split(), marks) == (("das", "Haus", "fällt"), ((0,), (1, 2), (3, 4)))


@pytest.mark.parametrize(("marks", "text"), WRITTEN.items())
def test_marks_are_found_in_the_text(marks, text):
    assert find_marks([text.split(), ["ja"]]) is marks


@pytest.mark.parametrize(
    "text",
    [
        "das Haus fällt .",
        "",
        "Ġorġ Borg u ħafna nies oħra marru d-dar ħdejn il-baħar",  # Maltese has the letter Ġ
        "## Titel und noch mehr Text",
        "wir schreiben @@ für nichts",
    ],
)
def test_text_in_words_has_no_marks(text):
    assert find_marks([text.split()]) is None


def test_punctuation_at_the_ends_of_a_word_is_a_word_of_its_own():
    words, pieces = join(["▁(", "ke", "y", "?)", "▁?", "▁", ".", "▁don", "'", "t"], Marks.SENTENCEPIECE)
    assert words == ("(", "key", "?)", "?", ".", "don't")
    assert pieces == ((0,), (1, 2), (3,), (4,), (5, 6), (7, 8, 9))


def test_a_piece_that_is_all_mark_is_a_word_that_looks_like_it():
    assert join(["▁", "▁a"], Marks.SENTENCEPIECE)[0] == ("▁", "a")


@given(st.sampled_from(list(Marks)), st.lists(st.text("ab▁@#Ġ￭</w>.?", min_size=1), max_size=8))
def test_every_piece_is_in_one_word_and_in_order(marks, pieces):
    words, groups = join(pieces, marks)
    assert [piece for group in groups for piece in group] == list(range(len(pieces)))
    assert len(words) == len(groups)
    assert all(words)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ("▁ 我 昨天 买 了 ▁iPh one 。", ["我", "昨天", "买", "了", "iPhone", "。"]),
        ("▁我 喝 咖啡", ["我", "喝", "咖啡"]),
        ("▁ฉัน ซื้อ หนังสือ", ["ฉัน", "ซื้อ", "หนังสือ"]),
        ("▁집 은 ▁작 다", ["집은", "작다"]),
    ],
)
def test_pieces_are_words_in_scripts_without_spaces(pieces, words):
    assert list(join(pieces.split(" "), Marks.SENTENCEPIECE)[0]) == words


def test_pieces_that_stand_for_bytes_are_read():
    assert join(["▁Gr", "<0xC3>", "<0xB6>", "ße"], Marks.SENTENCEPIECE)[0] == ("Größe",)


SCORED = Alignment((Link(0, 0), Link(1, 1)), scores=(0.5, 0.9), score=0.7)
SOURCE, TARGET = ((0,), (1, 2)), ((0, 1), (2,))


def test_links_of_words_become_links_of_all_their_pieces_with_their_scores():
    pieces = spread(SCORED, SOURCE, TARGET)
    assert str(pieces) == "0-0 0-1 1-2 2-2"
    assert (pieces.scores, pieces.score) == ((0.5, 0.5, 0.9, 0.9), 0.7)


def test_links_of_pieces_become_links_of_words_with_the_best_score():
    pieces = Alignment((Link(0, 1), Link(1, 2), Link(2, 2)), scores=(0.5, 0.2, 0.9), score=0.7)
    assert gather(pieces, SOURCE, TARGET) == SCORED


def test_a_link_of_words_is_sure_if_one_of_its_pieces_is():
    assert gather(Alignment.of([(1, 2)], [(2, 2), (0, 0)]), SOURCE, TARGET) == Alignment.of(
        [(1, 1)], [(0, 0)]
    )


def test_a_piece_of_two_words_links_both():
    assert str(spread(Alignment.of([(0, 0), (1, 1)]), ((0,), (0, 1)), ((0,), (1,)))) == "0-0 0-1 1-1"


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1))))
def test_what_is_spread_is_gathered_again(links):
    alignment = Alignment.of(links)
    assert gather(spread(alignment, SOURCE, TARGET), SOURCE, TARGET) == alignment


def test_pairs_in_pieces_become_pairs_in_words():
    pair = SentencePair.of("das Ha@@ us", "the house")
    links = Alignment.of([(1, 1), (2, 1)])
    assert list(gathered([(pair, links)])) == [
        (SentencePair.of("das Haus", "the house"), Alignment.of([(1, 1)]))
    ]


def test_words_cannot_be_found_without_marks():
    with pytest.raises(InputError, match="no marks"):
        list(gathered([(SentencePair.of("a", "b"), Alignment())]))


# Streams.


def identity(pairs):
    """An aligner that links word k to word k."""
    return (
        (pair, Alignment.of((k, k) for k in range(min(len(pair.source), len(pair.target))))) for pair in pairs
    )


def test_pieces_are_aligned_in_words_and_get_their_links_back():
    given = SentencePair.of("▁das ▁Ha us !", "the house !")
    [(pair, alignment)] = as_given(identity(in_words([given])))
    assert pair == given
    assert str(alignment) == "0-0 1-1 2-1 3-2"


def test_marks_may_be_said_for_each_side():
    given = SentencePair.of("das Ha@@ us", "the hou@@ se")
    [pair] = in_words([given], Marks.BPE, None)
    assert (pair.source, pair.target) == (("das", "Haus"), ("the", "hou@@", "se"))


def test_whole_words_stay_as_they_are():
    pairs = [SentencePair.of("das Haus", "the house"), SentencePair((), ())]
    assert list(as_given(identity(in_words(pairs)))) == list(identity(pairs))


def test_marks_are_those_of_the_first_pairs():
    pairs = [SentencePair.of("das Haus", "a"), SentencePair.of("Ha@@ us", "a")]
    assert [pair.source for pair in in_words(iter(pairs), looked_at=1)] == [("das", "Haus"), ("Ha@@", "us")]


def test_said_marks_take_no_pair_before_it_is_asked_for():
    taken = []
    pairs = (taken.append(k) or SentencePair.of("a", "b") for k in range(3))
    next(in_words(pairs, Marks.BPE, None))
    assert taken == [0]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A SentencePiece model of German."""
    import sentencepiece

    path = tmp_path_factory.mktemp("model") / "spm"
    lines = ["das kleine Haus ist alt .", "die alten Häuser sind klein .", "Haus und Garten ."] * 5
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_prefix=str(path),
        vocab_size=26,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return path.with_suffix(".model")


def test_words_are_split_by_a_model(model):
    [pair] = in_words([SentencePair.of("das Häuserhaus .", "x")], SentencePieces(model), None)
    assert pair.source == ("das", "Häuserhaus", ".")
    pieces = pair.given.source
    assert "".join(pieces) == "▁das▁Häuserhaus▁."
    assert len(pieces) > 3
    assert [piece for group in pair.source_pieces for piece in group] == list(range(len(pieces)))


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "not a SentencePiece model"), (b"x" * 9, "not a SentencePiece model")]
)
def test_what_is_no_model_is_told(tmp_path, content, message):
    file = tmp_path / "spm.model"
    file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        SentencePieces(file)


@pytest.mark.parametrize("text", ["das  Häuserhaus, alt!", "Haus", "", " ", "ﬁnd das½Haus 漢字"])
def test_words_of_text_as_it_is_get_the_pieces_of_their_characters(model, text):
    words = tokenize(text)
    [pair] = in_words([SentencePair(words, ())], SentencePieces(model), None)
    assert pair.source is words
    pieces = pair.given.source
    owned = [piece for group in pair.source_pieces for piece in group]
    assert sorted(set(owned)) == list(range(len(pieces) if words else 0))
    for word, group in zip(words, pair.source_pieces, strict=True):
        if word.isascii():
            assert word in "".join(pieces[k] for k in group)


def test_a_missing_model_is_told(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        SentencePieces(tmp_path / "missing")


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ("▁L ' eau ▁est ▁fro ide .", "L' eau est froide ."),
        ("▁He ▁did n ' t ▁go", "He did n't go"),
        ("▁It ' s ▁L ’ é t é", "It 's L’ été"),
        ("▁do n ▁don ' t ▁o ' clock", "don don't o'clock"),  # n't has no pieces of its own; no clitic
    ],
)
def test_clitics_are_words_where_pieces_end_there(pieces, words):
    found, groups = join(pieces.split(), Marks.SENTENCEPIECE)
    assert " ".join(found) == words
    assert [k for group in groups for k in group] == list(range(len(pieces.split())))
