import pytest
from click.testing import CliRunner

from xalign.cli import main
from xalign.errors import FormatError, InputError, OptionError
from xalign.score.testsets import all_testsets, find_testset


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def make(folder, **files):
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def prepared(tmp_path):
    """A folder with as many pairs as English-Hindi has."""
    return make(tmp_path, src="a b\n" * 90, tgt="x y\n" * 90, gold="0-0 1p1\n" * 90)


def test_every_set_says_what_it_is_and_where_it_comes_from():
    for testset in all_testsets().values():
        assert testset.pairs > 0 and testset.sure > 0 and testset.title and testset.licence
        assert "https://" in testset.where or "http://" in testset.where
        assert {*testset.sha256} <= {name for layout in testset.layouts for name in layout.files}
        for figure in testset.published:
            assert 0 < figure.aer < 100 and ("http" in figure.source or "arXiv" in figure.source)


def test_all_are_listed_and_each_can_be_shown():
    listed = run("testsets").stdout.splitlines()
    assert [line.split()[0] for line in listed[1:]] == [*all_testsets()]
    for name in all_testsets():
        assert run("testsets", name).stdout.startswith(f"{name}: ")
    assert "17.4  XLM-Align base layer 9" in run("testsets", "de-en").stdout


def test_a_set_is_read_from_a_prepared_folder(prepared):
    pairs, gold = find_testset("en-hi").read(prepared)
    assert (len(pairs), pairs[0].source) == (90, ("a", "b"))
    assert (len(gold.alignments[0].sure), len(gold.alignments[0].possible)) == (1, 1)


def test_a_published_file_that_was_changed_is_reported(tmp_path, caplog):
    (tmp_path / "en-hi").mkdir()
    naacl = "".join(f"{number} 1 1\n" for number in range(26, 116))
    make(tmp_path / "en-hi", **{"test.en": "a\n" * 90, "test.hi": "x\n" * 90, "alignv2.txt": naacl})
    for folder in (tmp_path, tmp_path / "en-hi"):
        caplog.clear()
        find_testset("en-hi").read(folder)
        assert caplog.text.count("is not the file that was published") == 3


def test_text_and_gold_in_one_stream_with_words_from_1(tmp_path):
    make(tmp_path, **{"zhen.src-tgt": "我 吃 ||| I eat\n" * 450, "zhen.gold": "1-1 2p2\n" * 450})
    pairs, gold = find_testset("zh-en").read(tmp_path)
    assert pairs[0].target == ("I", "eat")
    assert gold.alignments[0].links == ((0, 0), (1, 1))


def test_columns_with_empty_ones_behind_them(tmp_path):
    make(tmp_path, **{"test.tsv": "a b\tx y\t0-0 1-1\t\t\t\t\n" * 245})
    (tmp_path / "es").mkdir()
    (tmp_path / "test.tsv").rename(tmp_path / "es" / "test.tsv")
    pairs, gold = find_testset("xl-wa.en-es").read(tmp_path)
    assert (pairs[0].source, gold.alignments[0].links) == (("a", "b"), ((0, 0), (1, 1)))
    make(tmp_path / "es", **{"test.tsv": "a b\tx y\n"})
    with pytest.raises(
        FormatError, match=r"test\.tsv line 1: expected source, target and links between tabs"
    ):
        find_testset("xl-wa.en-es").read(tmp_path)
    make(tmp_path / "es", **{"test.tsv": "a\tx\t0-0\na\tx\t0:0\n"})
    with pytest.raises(
        FormatError, match=r"test\.tsv line 2: expected links such as 0-0 or 1p2, found '0:0'"
    ):
        find_testset("xl-wa.en-es").read(tmp_path)


def test_what_is_missing_is_named_with_where_it_can_be_had(tmp_path):
    with pytest.raises(
        InputError, match=r"has not the files of en-hi: expected en-hi/test\.en, .* \(from http"
    ):
        find_testset("en-hi").read(tmp_path)
    make(tmp_path, src="a\n", tgt="x\n", gold="0-0\n")
    with pytest.raises(FormatError, match="has 1 sentence pairs, but en-hi has 90"):
        find_testset("en-hi").read(tmp_path)
    with pytest.raises(OptionError, match="unknown test set 'de-xx': choose one of de-en, "):
        find_testset("de-xx")


def test_a_set_is_scored_by_its_name(prepared, tmp_path):
    assert (
        run("eval", "--testset", "en-hi", prepared, prepared / "gold").stdout.splitlines()[1].split()[4]
        == "0.0"
    )
    result = run("eval", "--testset", "en-hi", prepared, "--gold", prepared / "gold", prepared / "gold")
    assert "--testset brings gold and text: leave out --gold" in result.stderr
    assert "give --gold, or --testset" in run("eval", prepared / "gold").stderr


def test_a_download_is_counted(prepared):
    found = run("testsets", "en-hi", prepared).stdout
    assert found.endswith("90 sentence pairs, 90 sure and 90 possible links; en-hi has 1,409 and 0\n")


@pytest.mark.parametrize("name", ["de-en", "en-fr", "en-hi"])
def test_the_published_sets_have_the_counts_that_are_listed(name, shared, caplog):
    testset = find_testset(name)
    _, gold = testset.read(shared("data/gold/test"))
    assert sum(len(alignment.sure) for alignment in gold.alignments) == testset.sure
    assert sum(len(alignment.possible) for alignment in gold.alignments) == testset.possible
    assert caplog.text == ""
