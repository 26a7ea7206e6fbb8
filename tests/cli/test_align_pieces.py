"""Text in pieces through `xalign align`."""

import json

import pytest
import sentencepiece
from click.testing import CliRunner

from xalign.cli import main
from xalign.formats import parse_pharaoh
from xalign.links import Alignment
from xalign.pieces import gathered
from xalign.text.sentences import SentencePair

WORDS = "Das Haus ist klein . ||| The house is small .\n"
IN_PIECES = {
    "sentencepiece": "▁Das ▁Ha us ▁ist ▁klein . ||| ▁The ▁house ▁is ▁s mall ▁.\n",
    "bpe": "Das Ha@@ us ist klein . ||| The house is s@@ mall .\n",
    "wordpiece": "Das Ha ##us ist klein . ||| The house is s ##mall .\n",
    "byte-level": "ĠDas ĠHa us Ġist Ġklein . ||| ĠThe Ġhouse Ġis Ġs mall Ġ.\n",
    "joiner": "Das Ha￭ us ist klein ￭. ||| The house is s ￭mall ￭.\n",
    "end-of-word": "Das</w> Ha us</w> ist</w> klein</w> .</w> ||| The</w> house</w> is</w> s mall</w> .</w>\n",
}


def align(*arguments, input):
    result = CliRunner().invoke(main, ["align", *map(str, arguments)], input=input)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture(scope="module")
def of_words():
    return align(input=WORDS)


@pytest.mark.parametrize(("marks", "text"), IN_PIECES.items())
@pytest.mark.parametrize("said", [False, True])
def test_links_of_pieces_are_those_of_their_words(marks, text, said, of_words):
    result = align("--format", "jsonl", *(["--subwords", marks] if said else []), input=text)
    fields = json.loads(result)
    source, target = text.split(" ||| ")
    assert (fields["src"], fields["tgt"]) == (source.split(), target.split())
    pair = SentencePair(tuple(fields["src"]), tuple(fields["tgt"]))
    [(words, links)] = gathered([(pair, Alignment.of(map(tuple, fields["links"])))])
    assert words == SentencePair.of("Das Haus ist klein .", "The house is small .")
    assert links == parse_pharaoh(of_words)


def test_marks_are_left_alone_on_demand():
    assert align("--subwords", "none", "--format", "jsonl", input="▁ja ||| ▁yes\n").startswith(
        '{"src": ["▁ja"]'
    )


def test_the_lexicon_sees_words(of_words):
    text = IN_PIECES["sentencepiece"]
    assert align("--lexicon", input=text * 3) == align("--lexicon", input=text) * 3


def test_text_in_words_is_numbered_in_the_pieces_of_models(tmp_path, of_words):
    models = []
    for side, text in zip(("src", "tgt"), WORDS.split(" ||| "), strict=True):
        path = tmp_path / side
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([text.strip()] * 5),
            model_prefix=str(path),
            vocab_size=20,
            minloglevel=2,
            hard_vocab_limit=False,
        )
        models += [f"--pieces-{side}", path.with_suffix(".model")]
    fields = json.loads(align("--format", "jsonl", *models, input=WORDS))
    assert "".join(fields["src"]).replace("▁", " ").strip() == "Das Haus ist klein ."
    assert len(fields["src"]) > 5
    pair = SentencePair(tuple(fields["src"]), tuple(fields["tgt"]))
    [(_, links)] = gathered([(pair, Alignment.of(map(tuple, fields["links"])))])
    assert links == parse_pharaoh(of_words)
    # One side alone is split as well.
    fields = json.loads(align("--format", "jsonl", *models[:2], input=WORDS))
    assert fields["tgt"] == ["The", "house", "is", "small", "."]


def test_words_of_text_as_it_is_are_numbered_in_pieces_too(tmp_path, of_words):
    path = tmp_path / "spm"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["Das Haus ist klein.", "The house is small."] * 5),
        model_prefix=str(path),
        vocab_size=24,
        minloglevel=2,
        hard_vocab_limit=False,
    )
    model = path.with_suffix(".model")
    options = ["--words", "unicode", "--pieces-src", model, "--pieces-tgt", model, "--format", "jsonl"]
    fields = json.loads(align(*options, input="Das  Haus ist klein. ||| The house is small.\n"))
    pair = SentencePair(tuple(fields["src"]), tuple(fields["tgt"]))
    assert "".join(pair.source) == "▁Das▁Haus▁ist▁klein."
    [(words, links)] = gathered([(pair, Alignment.of(map(tuple, fields["links"])))])
    assert words == SentencePair.of("Das Haus ist klein .", "The house is small .")
    assert links == parse_pharaoh(of_words)


def test_models_and_marks_do_not_go_together(tmp_path):
    options = ["--subwords", "bpe", "--pieces-src", tmp_path / "a", "--pieces-tgt", tmp_path / "b"]
    result = CliRunner().invoke(main, ["align", *map(str, options)], input=WORDS)
    assert result.exit_code == 2
    assert "--subwords is for text in pieces" in result.stderr


def test_a_missing_model_is_told_before_anything_is_aligned(tmp_path):
    result = CliRunner().invoke(main, ["align", "--pieces-src", str(tmp_path / "missing")], input=WORDS)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "missing: no such file" in result.stderr
