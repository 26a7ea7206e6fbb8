"""The bundled gold sets are what eval_data/README.md says they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from xalign.formats import parse_pharaoh
from xalign.links import Alignment

EVAL_DATA = Path(__file__).resolve().parent.parent / "eval_data"
SETS = sorted(path.name for path in EVAL_DATA.glob("*-en"))


def lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    return text.removesuffix("\n").split("\n")


def sides(name: str) -> tuple[list[str], list[str]]:
    source, target = (lines(EVAL_DATA / name / f"test.{language}") for language in name.split("-"))
    return source, target


def gold(name: str) -> list[Alignment]:
    return [parse_pharaoh(line) for line in lines(EVAL_DATA / name / "gold.txt")]


def test_there_are_at_least_three_sets():
    assert len(SETS) >= 3


@pytest.mark.parametrize("name", SETS)
class TestGoldSet:
    def test_has_a_gold_line_for_each_pair_and_25_pairs(self, name):
        source, target = sides(name)
        assert len(source) == len(target) == len(gold(name)) >= 25

    def test_links_no_word_that_is_not_there(self, name):
        for source, target, alignment in zip(*sides(name), gold(name), strict=True):
            assert all(0 <= link.source < len(source.split(" ")) for link in alignment.links)
            assert all(0 <= link.target < len(target.split(" ")) for link in alignment.links)

    def test_has_sure_links_in_every_pair(self, name):
        assert all(alignment.sure for alignment in gold(name))

    def test_writes_each_link_once_and_in_order(self, name):
        for line in lines(EVAL_DATA / name / "gold.txt"):
            links = [tuple(map(int, link.replace("p", "-").split("-"))) for link in line.split()]
            assert links == sorted(set(links))

    def test_has_one_space_between_words(self, name):
        for sentence in [sentence for side in sides(name) for sentence in side]:
            assert sentence.split() == sentence.split(" ")

    def test_has_the_counts_that_its_readme_gives(self, name):
        source, target = (sum(len(sentence.split(" ")) for sentence in side) for side in sides(name))
        sure = sum(len(alignment.sure) for alignment in gold(name))
        possible = sum(len(alignment.possible) for alignment in gold(name))
        row = f"| {name} | {len(gold(name))} | {source} | {target} | {sure} | {possible} |"
        assert row in lines(EVAL_DATA / "README.md")

    def test_repeats_no_pair(self, name):
        pairs = list(zip(*sides(name), strict=True))
        assert len(set(pairs)) == len(pairs)
