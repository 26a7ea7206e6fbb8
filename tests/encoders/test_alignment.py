"""From words to links through every family: a batch and its sentences one by one give the same."""

import pytest
from conftest import MAKERS

from xalign.aligner import Aligner

PAIRS = [
    ("Das Haus ist klein ,", "The house is small ,"),
    ("", ""),
    ("房子 </s> <pad> [SEP]", "The house"),
    ("Wir haben " * 30, "We have the " * 30),  # beyond every limit
]
LANGUAGES = {
    name: {"source_language": "de", "target_language": "en"} for name in ("xmod", "xlm-tlm-lang", "xlm-clm")
}


@pytest.mark.parametrize("encode", ["pair", "separate"])
@pytest.mark.parametrize("name", MAKERS)
def test_a_batch_and_its_pairs_one_by_one_give_the_same_links(tiny, name, encode):
    options = {"layer": 3, "encode": encode, "dtype": "float32", "device": "cpu", **LANGUAGES.get(name, {})}
    aligner = Aligner.load(str(tiny(name)), **options)
    together = [alignment.links for alignment in aligner.align(PAIRS)]
    one_by_one = [next(iter(aligner.align([pair]))).links for pair in PAIRS]
    assert together == one_by_one
    assert [bool(links) for links in together] == [True, False, True, True]
