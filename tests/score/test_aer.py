import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.formats import parse_pharaoh, read_alignments
from xalign.links import Alignment
from xalign.score.aer import Counts, Signature, count, total

links = st.frozensets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8)
gold_alignments = st.builds(Alignment.of, links, links)


@given(links, gold_alignments)
def test_aer_is_0_iff_the_hypothesis_lies_between_sure_and_possible(hypothesis, gold):
    between = gold.sure <= hypothesis <= set(gold.links)
    assert (count(Alignment.of(hypothesis), gold).aer == 0) == between


@given(links, links)
def test_without_possible_links_aer_is_1_minus_f1(hypothesis, sure):
    counts = count(Alignment.of(hypothesis), Alignment.of(sure))
    if hypothesis or sure:
        assert counts.aer == pytest.approx(1 - counts.f1)


@given(st.lists(st.tuples(links, gold_alignments), max_size=5))
def test_a_corpus_counts_as_one_long_sentence(pairs):
    def far_apart(number, one):
        return [(source + 10 * number, target + 10 * number) for source, target in one]

    apart = total(count(Alignment.of(hypothesis), gold) for hypothesis, gold in pairs)
    together = count(
        Alignment.of(link for k, (hypothesis, _) in enumerate(pairs) for link in far_apart(k, hypothesis)),
        Alignment.of(
            (link for k, (_, gold) in enumerate(pairs) for link in far_apart(k, gold.sure)),
            (link for k, (_, gold) in enumerate(pairs) for link in far_apart(k, gold.possible)),
        ),
    )
    assert apart == together


def test_a_sentence_counted_by_hand():
    counts = count(parse_pharaoh("0-0 1-1 2-2 4-4"), parse_pharaoh("0-0 1-1 3-3 2p2"))
    assert counts == Counts(sure_hits=2, possible_hits=3, hypothesis=4, sure=3)
    assert counts.precision == 3 / 4
    assert counts.recall == 2 / 3
    assert counts.f1 == pytest.approx(12 / 17)
    assert counts.aer == pytest.approx(1 - 5 / 7)


@pytest.mark.parametrize(
    ("hypothesis", "gold", "scores"),
    [
        ("", "", (1, 1, 1, 0)),
        ("", "0-0", (1, 0, 0, 1)),
        ("0-0", "", (0, 1, 0, 1)),
        ("0-0", "0p0", (1, 1, 1, 0)),
    ],
)
def test_empty_sides(hypothesis, gold, scores):
    counts = count(parse_pharaoh(hypothesis), parse_pharaoh(gold))
    assert (counts.precision, counts.recall, counts.f1, counts.aer) == scores


def test_possible_links_of_a_hypothesis_count_as_links():
    gold = parse_pharaoh("0-0 1-1")
    assert count(parse_pharaoh("0p0 1-1"), gold) == count(gold, gold)


def test_links_out_of_range_count_as_gold():
    assert count(parse_pharaoh("0-0"), parse_pharaoh("0-0 21--100")).recall == 0.5


def test_signature_says_which_gold_links_were_used():
    assert str(Signature.of([parse_pharaoh("0-0"), parse_pharaoh("1p1")])) == "AER|gold:sure+possible|v:0.1.0"
    assert str(Signature.of([parse_pharaoh("0-0")], {"model": "mini"})) == "AER|model:mini|gold:sure|v:0.1.0"


@pytest.mark.parametrize("system", ["fastalign", "giza"])
def test_published_scores(shared, system):
    """AER, precision and recall of lilt/alignment-scripts come back to within 0.1 point."""
    folder = shared("reference/lilt-deen")
    gold = read_alignments(shared("data/gold/test/de-en/alignv2.txt"))
    for name, published in read_published(folder / f"{system}-published.txt"):
        hypothesis = read_alignments(folder / f"{system}.{name}", reverse=name.startswith("reverse"))
        counts = total(map(count, hypothesis, gold))
        ours = [100 * counts.aer, 100 * counts.precision, 100 * counts.recall]
        assert ours == pytest.approx(published, abs=0.1), name


def read_published(path):
    """ "test.deen.union.talp: 31.8% (61.4%/77.0%/12488)" -> "union.talp", [31.8, 61.4, 77.0]"""
    for line in path.read_text().splitlines():
        name, scores = line.removeprefix("test.deen.").split(": ")
        values = scores.replace("(", "").replace(")", "").replace("/", " ").replace("%", "").split()
        yield name, [float(value) for value in values[:3]]
