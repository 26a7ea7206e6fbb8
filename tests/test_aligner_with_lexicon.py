"""Aligning with a lexicon: pairs that are taken together, what they share, options."""

import random

import numpy as np
import pytest
from aligning import SOURCE, TARGET, links, some_pairs

from xalign.blocks import Limits
from xalign.errors import OptionError
from xalign.lexicon import likely_links, reestimate
from xalign.models import resolve


def test_the_lexicon_starts_from_the_softmax_that_aligning_thresholds(load):
    pairs = some_pairs(9)
    aligner = load(level="word", extract="softmax", similarity="dot", threshold=0.1)
    for pair, alignment in zip(pairs, aligner.align(pairs), strict=True):
        for _, batch in aligner.engine.prepare([pair]).batches:
            [units] = aligner.engine.encode(batch, [aligner.method.layer])
            [(forward, backward)] = aligner.comparison.probabilities(batch, *units)
            np.testing.assert_allclose(forward.sum(1), 1, rtol=1e-4)
            np.testing.assert_allclose(backward.sum(0), 1, rtol=1e-4)
            both = np.minimum(forward, backward)
            assert alignment.links == tuple(
                zip(*(each.tolist() for each in np.nonzero(both > 0.1)), strict=True)
            )
            assert [both[link] for link in alignment.links] == pytest.approx(alignment.scores, abs=1e-4)


@pytest.mark.parametrize("together", [5, 7, 1000])
def test_pairs_that_are_taken_together_share_a_lexicon_and_keep_their_order(load, together):
    pairs = some_pairs(23)
    aligner = load(lexicon=True, limits=Limits(together=together))
    expected = []
    for start in range(0, len(pairs), together):
        some, said = pairs[start : start + together], []
        for pair in some:
            batches = aligner.engine.prepare([pair]).batches
            of_pair = [
                aligner.comparison.probabilities(
                    batch, *aligner.engine.encode(batch, [aligner.method.layer])[0]
                )
                for _, batch in batches
            ]
            said.append(of_pair[0][0] if of_pair else None)
        expected += [likely_links(each) for each in reestimate(some, said, 1)]
    found = list(aligner.align(pairs))
    assert links(found) == links(expected) and any(links(found))
    for one, other in zip(found, expected, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-5)
        assert one.score == pytest.approx(other.score, abs=1e-5)


def test_the_text_as_a_whole_puts_a_model_right(load):
    """The untrained model is as good as none; the text is word for word."""
    chosen = random.Random(5)
    numbers = [chosen.sample(range(10), 4) for _ in range(40)]
    pairs = [(" ".join(SOURCE[k] for k in each), " ".join(TARGET[k] for k in each)) for each in numbers]

    def shares(aligner):
        """(precision, recall) of the diagonal."""
        found = list(aligner.align(pairs))
        right = sum(link.source == link.target for each in found for link in each.links)
        return right / sum(len(each.links) for each in found), right / (4 * len(pairs))

    alone = shares(load(level="word", extract="softmax", threshold=0.1))
    assert all(
        share > max(0.8, before + 0.2) for share, before in zip(shares(load(lexicon=5)), alone, strict=True)
    )


def test_each_layer_has_a_lexicon_of_its_own(load):
    pairs = some_pairs(12)
    by_layer = list(load(lexicon=True).align_layers(pairs, [0, 2]))
    for layer in (0, 2):
        alone = load(lexicon=True, layer=layer).align(pairs)
        assert [each[layer].links for each in by_layer] == links(alone)


def test_a_lexicon_is_of_words_and_has_its_own_threshold(tiny):
    preset = resolve(str(tiny("preset"))).changed(extract="xlm-align", threshold=0.2)
    method = preset.with_options({"lexicon": True})[0].method
    assert (method.level, method.extract, method.threshold) == ("word", "softmax", None)
    for more in ({"extract": "argmax"}, {"symmetrize": "union"}, {"level": "subword"}):
        with pytest.raises(OptionError, match=r"^lexicon finds links"):
            preset.with_options({"lexicon": True, **more})


def test_a_pair_alone_has_no_lexicon_to_explain(load):
    with pytest.raises(OptionError, match="no lexicon"):
        load(lexicon=True).explain(("das Haus", "the house"))


def test_an_aligner_with_a_lexicon_says_so(load):
    assert "layer 4, lexicon; " in repr(load(lexicon=True))
    assert "layer 4, argmax; " in repr(load())
