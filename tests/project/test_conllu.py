import pytest

from xalign.errors import FormatError, OptionError
from xalign.links import Alignment
from xalign.project import Rules, project
from xalign.project.conllu import check_columns, read
from xalign.text.tokenization import tokenize


def row(number, form, upos="_", feats="_"):
    return f"{number}\t{form}\t_\t{upos}\t_\t{feats}\t_\t_\t_\t_"


SOURCE = ["# sent_id = 1", row(1, "She", "PRON", "Case=Nom"), row(2, "sleeps", "VERB", "Tense=Pres"), ""]


def carried(target, pairs, source=SOURCE, **values):
    [sentence] = read(source)
    return next(project([(sentence, target, Alignment.of(pairs))], "conllu", Rules(**values)))


def test_a_plain_translation_becomes_conllu():
    found = carried(tokenize("Sie schläft tief"), [(0, 0), (1, 1)])
    rows = [row(1, "Sie", "PRON"), row(2, "schläft", "VERB"), row(3, "tief")]
    assert found.text == "\n".join(["# text = Sie schläft tief", *rows, "", ""])
    assert (found.total, found.lost) == (3, (("tief", "no word with a label is linked to it"),))


def test_all_columns_of_a_word_come_from_one_word():
    source = [row(1, "of", "ADP", "A=1"), row(2, "the", "DET", "B=1"), row(3, "this", "DET", "C=1"), ""]
    found = carried(tokenize("des"), [(0, 0), (1, 0), (2, 0)], source, columns=("UPOS", "FEATS"))
    assert found.text.splitlines()[1] == row(1, "des", "DET", "B=1")


def test_a_translation_in_conllu_keeps_all_else():
    kept = ["# text = du", row("1-2", "du"), row("2.1", "e")]
    lines = [*kept[:2], row(1, "de", "X"), row(2, "le", "X"), kept[2], ""]
    [target] = read(lines)
    found = carried(target, [(1, 1)])
    assert found.text == "\n".join([*kept[:2], row(1, "de"), row(2, "le", "VERB"), kept[2], "", ""])


def test_words_without_links_take_the_label_that_the_same_word_has_elsewhere():
    [source] = read(SOURCE)
    items = [(source, tokenize("Sie"), Alignment.of(pairs)) for pairs in ([(0, 0)], [])]
    found = list(project(items, "conllu", Rules(fill="same-word")))
    assert [each.text.splitlines()[1] for each in found] == [row(1, "Sie", "PRON")] * 2
    assert [each.lost for each in found] == [(), ()]


@pytest.mark.parametrize("line", ["1\tder", "x" + row(1, "der")[1:]])
def test_a_line_that_is_not_conllu_is_named(line):
    with pytest.raises(FormatError, match="line 2"):
        list(read([row(1, "der"), line]))


@pytest.mark.parametrize("name", ["HEAD", "DEPREL", "UPOSS", ""])
def test_columns_that_cannot_be_carried_are_refused(name):
    with pytest.raises(OptionError, match="choose of"):
        check_columns(["upos", name])
