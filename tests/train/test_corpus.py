"""Parallel text, with links or without, -> one corpus: what is kept, what is refused, what an example holds."""

import logging

import numpy as np
import pytest

from xalign.encoders.families import load_encoder
from xalign.errors import FormatError, InputError, LanguageError, TrainingError
from xalign.models import resolve
from xalign.train.corpus import CorpusFiles, read_corpus


@pytest.fixture
def ours(start):
    return load_encoder(resolve(str(start)))


def test_every_pair_is_kept_with_its_links(corpus, ours):
    read = read_corpus(corpus, ours)
    assert len(read) == 24
    for pair in range(len(read)):
        example = read.example(pair, swapped=False)
        words = 3 + pair % 4
        assert example.links.tolist() == [[i, i] for i in range(words)]
        assert sorted(set(example.source_words.tolist())) == list(range(words))
        assert example.weights.tolist() == [1.0] * words


def test_an_example_holds_the_subwords_of_its_text(tmp_path, ours):
    read = read_corpus(written(tmp_path, ["das Haus"], ["the house"], ["0-0 1-1"]), ours)
    example = read.example(0, swapped=False)
    das, haus = ours.subword_ids(["das", "Haus"])
    assert example.source.tolist() == das + haus
    assert example.source_words.tolist() == [0] * len(das) + [1] * len(haus)


def test_a_swapped_example_is_the_same_pair_from_the_other_side(tmp_path, ours):
    read = read_corpus(written(tmp_path, ["das Haus"], ["the big house"], ["0-0 1p2"]), ours)
    plain, swapped = (read.example(0, swap) for swap in (False, True))
    assert np.array_equal(plain.source, swapped.target)
    assert np.array_equal(plain.target_words, swapped.source_words)
    assert swapped.links.tolist() == [[0, 0], [2, 1]]
    assert swapped.weights.tolist() == plain.weights.tolist() == [1.0, 0.5]


def test_possible_links_weigh_what_the_reader_says(tmp_path, ours):
    files = written(tmp_path, ["das Haus", "der"], ["the house", "the"], ["0-0 1p1", "0p0"])
    assert read_corpus(files, ours, possible_weight=0.25).links.weights.tolist() == [1.0, 0.25, 0.25]
    without = read_corpus(files, ours, possible_weight=0)
    assert without.links.links.tolist() == [[0, 0]] and len(without) == 1


def test_scored_links_weigh_their_score(tmp_path, ours):
    files = written(tmp_path, ["das Haus", "der"], ["the house", "the"], ["0-0:1 1-1:0.75", "0-0:0"])
    read = read_corpus(files, ours)
    assert read.links.weights.tolist() == [1.0, 0.75] and len(read) == 1


def test_a_score_that_is_no_probability_is_an_error(tmp_path, ours):
    files = written(tmp_path, ["das Haus", "der"], ["the house", "the"], ["0-0:0.5 1-1:1", "0-0:-3.5"])
    with pytest.raises(TrainingError, match=r"line 2: link 0-0 has the score -3\.5.*from 0 to 1"):
        read_corpus(files, ours)


def test_pairs_that_teach_nothing_are_left_out(tmp_path, ours):
    source = ["das Haus", "", "der Garten", "groß"]
    files = written(tmp_path, source, ["the house", "the", "the garden", "big"], ["0-0", "", "1-1", ""])
    read = read_corpus(files, ours)
    assert len(read) == 2
    assert read.example(1, swapped=False).links.tolist() == [[1, 1]]
    assert len(read_corpus(files, ours, unlinked=True)) == 3  # the empty side stays out


def test_what_is_left_out_is_told_with_the_reason(tmp_path, ours, caplog):
    caplog.set_level(logging.INFO, "xalign")
    source = ["das Haus", "", "der Garten", "groß", "das " * 200]
    target = ["the house", "the", "the garden", "big", "the"]
    files = written(tmp_path, source, target, ["0-0", "", "1-1", "", "0-0"])
    read_corpus(files, ours)
    left_out = "1 with an empty side, 1 with too many subwords for the encoder, 1 with no links"
    told = f"{files.source}: 2 of 5 pairs are trained on; left out: {left_out}"
    assert caplog.record_tuples == [("xalign", logging.WARNING, told)]
    read_corpus(files, ours, unlinked=True)
    assert caplog.records[1].levelno == logging.INFO
    read_corpus(written(tmp_path, ["das Haus"], ["the house"], ["0-0"]), ours)
    assert len(caplog.records) == 2


def test_text_alone_is_a_corpus_too(tmp_path, ours):
    files = written(tmp_path, ["das Haus"], ["the house"], None)
    example = read_corpus(files, ours, unlinked=True).example(0, swapped=True)
    assert example.links.shape == (0, 2) and example.weights.shape == (0,)
    with pytest.raises(TrainingError, match="nothing to train on"):
        read_corpus(files, ours)


@pytest.mark.parametrize(
    ("name", "values", "kept"),
    [
        ("preset", {"positions": "restart"}, [True, True, False]),  # the limit holds for each side
        ("xlm-roberta", {"encode": "pair"}, [True, False, False]),  # both sides in one sequence
        ("xlm-roberta", {"encode": "separate"}, [True, True, False]),
    ],
)
def test_pairs_that_do_not_fit_are_left_out(tmp_path, encoder, name, values, kept):
    loaded = encoder(name, **values)
    [dot] = loaded.subword_ids(["."])
    most = loaded.limit // len(dot)
    words = [most // 2, most, most + 1]
    lines = [" ".join(["."] * count) for count in words]
    read = read_corpus(written(tmp_path, lines, lines, ["0-0"] * 3), loaded)
    assert read.sizes[:, 0].tolist() == [
        len(dot) * count for count, keep in zip(words, kept, strict=True) if keep
    ]


def test_languages_come_with_every_example(tmp_path, encoder):
    files = written(tmp_path, ["das Haus"], ["the house"], ["0-0"], "de", "en_XX")
    read = read_corpus(files, encoder("xmod"))
    assert read.example(0, swapped=False).languages == ("de_DE", "en_XX")
    assert read.example(0, swapped=True).languages == ("en_XX", "de_DE")
    with pytest.raises(LanguageError, match="give source_language"):
        read_corpus(written(tmp_path, ["das Haus"], ["the house"], ["0-0"]), encoder("xmod"))


@pytest.mark.parametrize(
    ("links", "error", "message"),
    [
        (["0-0", "0-1"], TrainingError, r"a\.align line 2: link 0-1 .* is outside"),
        (["0-0", "1-0"], TrainingError, r"a\.align line 2: link 1-0 .* is outside"),
        (["0-0"], TrainingError, r"a\.de has 2 lines, but .*a\.align has 1"),
        (["0-0", "0:0"], FormatError, r"a\.align line 2"),
        (["", ""], TrainingError, "nothing to train on"),
    ],
)
def test_links_that_do_not_fit_the_text_are_refused(tmp_path, ours, links, error, message):
    files = written(tmp_path, ["das Haus", "der"], ["the house", "the"], links)
    with pytest.raises(error, match=message):
        read_corpus(files, ours)


def test_text_of_different_lengths_is_refused(tmp_path, ours):
    files = written(tmp_path, ["das Haus", "der"], ["the house"], ["0-0", "0-0"])
    with pytest.raises(
        InputError, match=r"a\.de has 2 lines, but .*a\.en has 1: line i of both must be a pair"
    ):
        read_corpus(files, ours)


def written(folder, source, target, links, *languages):
    """The lines of each file, or None for no links."""
    contents = {"a.de": source, "a.en": target, **({} if links is None else {"a.align": links})}
    for name, lines in contents.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    found = None if links is None else folder / "a.align"
    return CorpusFiles(folder / "a.de", folder / "a.en", found, *languages)
