"""The tables are those of extract-lex: against its own output, and against a plain count of its definition."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.errors import InputError
from xalign.formats import iter_with_text
from xalign.links import Alignment
from xalign.text.sentences import SentencePair, read_files
from xalign.translation_table import TranslationTable

WORDS = st.lists(st.sampled_from(["a", "b", "c", "ä", "NULL"]), max_size=5)


@st.composite
def aligned(draw):
    source, target = draw(WORDS), draw(WORDS)
    if not source or not target:
        return SentencePair.of(source, target), Alignment()
    link = st.tuples(st.integers(0, len(source) - 1), st.integers(0, len(target) - 1))
    return SentencePair.of(source, target), Alignment.of(draw(st.lists(link, max_size=6)))


def plain_counts(corpus):
    """n(s, t), one link after the other."""
    counts = Counter()
    for pair, alignment in corpus:
        counts.update((pair.source[s], pair.target[t]) for s, t in alignment.links)
        linked = [{link[side] for link in alignment.links} for side in (0, 1)]
        counts.update((word, "NULL") for s, word in enumerate(pair.source) if s not in linked[0])
        counts.update(("NULL", word) for t, word in enumerate(pair.target) if t not in linked[1])
    return counts


@given(st.lists(aligned(), max_size=8), st.integers(1, 10))
def test_probabilities_are_shares_of_counts(corpus, at_once):
    table = TranslationTable(at_once).add_all(corpus)
    counts = plain_counts(corpus)
    totals = Counter()
    for (source, _), n in counts.items():
        totals[source] += n
    expected = {
        (target, source): np.float32(n) / np.float32(totals[source]) for (source, target), n in counts.items()
    }
    lines = [line.removesuffix("\n").split(" ") for line in table.source_to_target()]
    assert {(target, source): p for target, source, p in lines} == {
        pair: f"{p:.7f}" for pair, p in expected.items()
    }
    assert len(lines) == len(expected)
    mirrored = TranslationTable().add_all(
        (SentencePair(pair.target, pair.source), alignment.reversed()) for pair, alignment in corpus
    )
    assert list(table.target_to_source()) == list(mirrored.source_to_target())


def test_a_published_small_example():
    """Two of "das" go to "the", one to "it"; "Haus" goes to nothing once."""
    table = TranslationTable()
    table.add(SentencePair.of("das Haus", "the house"), Alignment.of([(0, 0), (1, 1)]))
    table.add(SentencePair.of("das Haus", "the"), Alignment.of([(0, 0)]))
    table.add(SentencePair.of("das", "it is"), Alignment.of([(0, 0)]))
    assert list(table.source_to_target()) == [
        "NULL Haus 0.5000000\n",
        "house Haus 0.5000000\n",
        "is NULL 1.0000000\n",
        "it das 0.3333333\n",
        "the das 0.6666667\n",
    ]


@pytest.mark.parametrize(("name", "lines"), [("s2t", "source_to_target"), ("t2s", "target_to_source")])
def test_files_of_extract_lex_are_reproduced_to_the_byte(name, lines, shared):
    """extract-lex wrote them from this text and these links; its lines were sorted afterwards."""
    text = shared("data/gold/test/de-en")
    links = shared("reference/lilt-deen") / "fastalign.grow-diagonal.talp"
    pairs = read_files(text / "test.de", text / "test.en")
    table = TranslationTable().add_all(iter_with_text(links, pairs))
    expected = (shared("reference/lex-deen") / f"lex.{name}").read_text(encoding="utf-8")
    assert "".join(getattr(table, lines)()) == expected


def marian_keeps(lines, best):
    """What Marian's LexicalShortlistGenerator keeps of a table, as its source says.

    It reads target, source and probability between white space, skips a line where either word is NULL, and keeps for
    each source word the `best` target words of the highest probability.
    """
    kept = {}
    for target, source, p in (line.split() for line in lines):
        if "NULL" not in (source, target):
            kept.setdefault(source, []).append((Fraction(p), target))
    return {source: sorted((p for p, _ in rows), reverse=True)[:best] for source, rows in kept.items()}


@given(st.lists(aligned(), max_size=8), st.integers(1, 3))
def test_a_shortlist_is_what_marian_keeps(corpus, best):
    table = TranslationTable().add_all(corpus)
    whole, pruned = list(table.source_to_target()), list(table.shortlist(best))
    assert marian_keeps(pruned, best) == marian_keeps(whole, best)
    assert set(pruned) <= set(whole)
    assert not any("NULL" in line for line in pruned)


def test_of_equally_likely_words_the_first_stay():
    table = TranslationTable()
    for word in ("the", "that", "it"):
        table.add(SentencePair.of("das", word), Alignment.of([(0, 0)]))
    assert list(table.shortlist(2)) == ["it das 0.3333333\n", "that das 0.3333333\n"]


def test_no_corpus_gives_empty_tables():
    table = TranslationTable()
    assert [*table.source_to_target(), *table.target_to_source(), *table.shortlist(3)] == []


def test_a_link_outside_its_pair_is_refused_and_counts_nothing():
    table = TranslationTable()
    with pytest.raises(InputError, match="link 0-1"):
        table.add(SentencePair.of("das", "the"), Alignment.of([(0, 1)]))
    assert list(table.source_to_target()) == []
