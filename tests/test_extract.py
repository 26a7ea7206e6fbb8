"""Extraction: on an example to check with a pencil, against plain loops, and in padded batches."""

import math
from itertools import pairwise

import networkx as nx
import numpy as np
import ot
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matrices import batches, grids, normals, pad, pairs

from xalign.extract import DIRECTED, EXTRACTORS, argmax, entmax15, itermax, match, softmax, union
from xalign.method import Extraction
from xalign.transport import scaled_cost, xlm_align

# das Haus ist alt / the house is old ... with a second-best reading of "ist" and "alt".
EXAMPLE = np.float32([[0.9, 0.2, 0.3], [0.1, 0.8, 0.4], [0.2, 0.7, 0.6], [0.3, 0.1, 0.5]])

NAMES = list(EXTRACTORS)
GRID = [0.0, 0.1, 0.45, 0.5, 0.81, 0.9, 1.0]
SIGNED = [-1.0, -0.5, 0.0, 0.5, 1.0]


def links_of(name, matrix, **options):
    return pairs(EXTRACTORS[name](*pad([matrix]), **options).links[0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("forward", {(0, 0), (1, 1), (2, 1), (3, 2)}),
        ("backward", {(0, 0), (1, 1), (2, 2)}),
        ("argmax", {(0, 0), (1, 1)}),
        ("union", {(0, 0), (1, 1), (2, 1), (2, 2), (3, 2)}),
        # Sources 2, 3 and target 2 are free, so (2, 2) counts in full, but (2, 1), at 0.9 * 0.7 = 0.63, more:
        # source 2 prefers target 1 and is preferred by it; source 3 prefers target 2, which prefers source 2.
        ("itermax", {(0, 0), (1, 1), (2, 1)}),
        ("match", {(0, 0), (1, 1), (2, 2)}),
    ],
)
def test_on_a_matrix_to_check_with_a_pencil(name, expected):
    assert links_of(name, EXAMPLE) == expected


def test_a_softmax_probability_must_pass_the_threshold_in_both_directions():
    # Rows give (3/4, 1/4) and (1/2, 1/2); columns (3/4, 1/4) and (1/2, 1/2) the other way.
    matrix = np.log(np.float32([[3, 1], [1, 1]]))
    assert links_of("softmax", matrix, threshold=0.6) == {(0, 0)}
    assert links_of("softmax", matrix, threshold=0.3) == {(0, 0), (1, 1)}
    assert links_of("softmax", matrix) == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_directions_agree_where_the_one_makes_up_for_the_other():
    # Rows give (3/4, 1/4) and (3/4, 1/4), columns (1/2, 1/2) twice: products of 3/8 and of 1/8.
    matrix = np.log(np.float32([[3, 1], [3, 1]]))
    assert links_of("agreement", matrix) == {(0, 0), (1, 0)}
    assert links_of("agreement", matrix, threshold=0.62) == set()
    assert links_of("softmax", matrix, threshold=0.51) == set()
    links, scores = EXTRACTORS["agreement"](*pad([matrix]))
    torch.testing.assert_close(scores[links], torch.full((2,), 0.375**0.5))


def test_an_xlm_align_score_is_how_far_the_link_is_ahead_of_the_next_in_its_row_and_column():
    # After one round of [[3, 1], [1, 3]] the shares are 3/4 and 1/4: two thirds of the largest ahead.
    links, scores = xlm_align(*pad([np.array([[3.0, 1.0], [1.0, 3.0]])]))
    torch.testing.assert_close(scores[links], torch.full((2,), 2 / 3, dtype=torch.double))
    links, scores = xlm_align(*pad([np.array([[5.0]])]))
    assert scores[links].tolist() == [1.0]


def test_entmax_of_the_published_two_way_case():
    # Two logits apart by d < 2 solve (z + d/2)^2 + z^2 = 1: here d = 1, z = (sqrt(7) - 1) / 4.
    z = (math.sqrt(7) - 1) / 4
    torch.testing.assert_close(entmax15(torch.tensor([1.0, 0.0])), torch.tensor([(z + 0.5) ** 2, z**2]))
    assert entmax15(torch.tensor([2.0, 0.0, -5.0])).tolist() == [1.0, 0.0, 0.0]


@given(normals())
def test_entmax_is_its_definition(matrix):
    expected = [reference.entmax15(row) for row in matrix.tolist()]
    np.testing.assert_allclose(entmax15(torch.from_numpy(matrix)), expected, atol=1e-9)


@pytest.mark.parametrize("name", ["argmax", "forward", "backward", "union", "itermax"])
@given(batch=batches(st.one_of(grids(GRID), normals(np.float32))))
def test_similarity_methods_equal_plain_loops_ties_included(name, batch):
    found = EXTRACTORS[name](*pad(batch)).links
    for links, matrix in zip(found, batch, strict=True):
        assert pairs(links) == getattr(reference, name)(matrix)


@given(grids(GRID), st.integers(1, 4), st.sampled_from([0.5, 0.9, 1.0]))
def test_itermax_equals_plain_loops_for_any_number_of_passes(matrix, passes, discount):
    links = itermax(*pad([matrix]), passes=passes, discount=discount).links[0]
    assert pairs(links) == reference.itermax(matrix, passes, discount)


@given(batches(grids(GRID)), st.sampled_from([0.25, 0.5, 1.0]))
def test_distortion_equals_plain_loops(batch, ratio):
    for links, matrix in zip(argmax(*pad(batch), distortion=ratio).links, batch, strict=True):
        assert pairs(links) == reference.argmax(matrix, ratio)


@given(batches(st.one_of(grids([0.1, 0.45, 0.5, 0.81, 1.0]), normals())))
def test_match_is_one_to_one_covers_the_shorter_side_and_weighs_most(batch):
    for links, matrix in zip(match(*pad(batch)).links, batch, strict=True):
        chosen = pairs(links)
        assert len(chosen) == len({i for i, _ in chosen}) == len({j for _, j in chosen}) == min(matrix.shape)
        weight = sum(float(matrix[pair]) for pair in chosen)
        assert weight == pytest.approx(reference.match_weight(matrix), rel=1e-9, abs=1e-9)


@settings(max_examples=30)
@given(normals())
def test_match_weighs_what_networkx_finds(matrix):
    graph = nx.Graph()
    for (i, j), value in np.ndenumerate(matrix):
        graph.add_edge(("source", i), ("target", j), weight=float(value))
    best = nx.max_weight_matching(graph, maxcardinality=True)
    weight = sum(float(matrix[pair]) for pair in links_of("match", matrix))
    assert weight == pytest.approx(sum(graph.edges[edge]["weight"] for edge in best))


def test_the_second_part_of_a_compound_joins_the_first():
    # Of the first target, the two parts have 0.9 and 0.09; the second part itself is sure of it: their mean is 0.3.
    matrix = np.log(np.float32([[90, 0.1], [9, 0.1], [1, 90]]))
    assert links_of("agreement", matrix) == {(0, 0), (2, 1)}
    assert links_of("agreement-grow", matrix) == {(0, 0), (1, 0), (2, 1)}
    assert links_of("agreement-grow", matrix[[0, 2, 1]]) == {
        (0, 0),
        (1, 1),
    }  # the parts do not stand side by side
    assert links_of("agreement-grow", matrix, threshold=0.7) == {(0, 0), (2, 1)}
    assert links_of("agreement-grow", matrix.T) == {(0, 0), (0, 1), (1, 2)}


def test_a_long_sentence_has_links_like_a_short_one():
    short, long = (np.float32(4 * np.eye(words)) for words in (12, 100))
    assert links_of("agreement", short) == {(k, k) for k in range(12)}
    assert links_of("agreement", long) == set()  # the best has 1 / (1 + 99 exp(-4)) = 0.36
    assert links_of("agreement-grow", short) == {(k, k) for k in range(12)}
    assert links_of("agreement-grow", long) == {(k, k) for k in range(100)}


def test_scaling_by_length_counts_the_words_that_a_softmax_is_over():
    # Of one source word every target is certain; among 100 target words, that one is not certain of any.
    matrix = np.zeros((1, 100), np.float32)
    matrix[0, 7] = 4
    forward, backward = DIRECTED["agreement-grow"](*pad([matrix]), threshold=0)
    assert backward.scores[0, 0, :100].tolist() == [1.0] * 100
    scaled = math.exp(4 * math.log(100) / math.log(12))
    assert forward.scores[0, 0, 7].item() == pytest.approx(scaled / (scaled + 99))


@given(batches(normals()))
def test_softmax_equals_plain_loops(batch):
    for links, matrix in zip(softmax(*pad(batch)).links, batch, strict=True):
        assert pairs(links) == reference.softmax(matrix)


@given(batches(normals()))
def test_agreement_equals_plain_loops(batch):
    for links, matrix in zip(EXTRACTORS["agreement"](*pad(batch)).links, batch, strict=True):
        assert pairs(links) == reference.agreement(matrix)


@given(batches(normals()))
def test_grown_agreement_equals_plain_loops(batch):
    for links, matrix in zip(EXTRACTORS["agreement-grow"](*pad(batch)).links, batch, strict=True):
        assert pairs(links) == reference.agreement_grow(matrix)


@given(normals(), st.floats(0.01, 0.9))
def test_agreement_lies_between_softmax_and_either_direction(matrix, threshold):
    agreed = links_of("agreement", matrix, threshold=threshold)
    one, other = DIRECTED["agreement"](*pad([matrix]), threshold=threshold)
    assert links_of("softmax", matrix, threshold=threshold) == pairs(one.links[0] & other.links[0]) <= agreed
    assert agreed <= pairs(one.links[0] | other.links[0])


@given(batches(normals()))
def test_entmax_equals_plain_loops(batch):
    for links, matrix in zip(EXTRACTORS["entmax"](*pad(batch)).links, batch, strict=True):
        assert pairs(links) == reference.entmax(matrix)


@given(batches(normals()), st.integers(0, 3))
def test_xlm_align_equals_plain_loops_with_negative_entries(batch, rounds):
    for links, matrix in zip(xlm_align(*pad(batch), rounds=rounds).links, batch, strict=True):
        assert pairs(links) == reference.xlm_align(matrix, rounds)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(batch=batches(normals()), filler=st.sampled_from([0.0, 1e9, -1e9, np.nan]), more=st.integers(0, 3))
def test_a_padded_batch_gives_what_each_matrix_gives_alone(name, batch, filler, more):
    together = EXTRACTORS[name](*pad(batch, filler, more))
    for links, scores, matrix in zip(*together, batch, strict=True):
        rows, columns = matrix.shape
        alone = EXTRACTORS[name](*pad([matrix], more=0))
        assert pairs(links) == pairs(alone.links[0])
        linked = alone.links[0]
        torch.testing.assert_close(scores[:rows, :columns][linked], alone.scores[0][linked])


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name != "agreement-grow"]
)  # a hole parts neighbours
@given(matrix=normals())
def test_real_positions_need_not_come_first(name, matrix):
    """At word level a word without subwords is a hole between words."""
    rows, columns = matrix.shape
    holed = np.full((2 * rows, 2 * columns), np.nan)
    holed[1::2, ::2] = matrix
    masks = torch.arange(2 * rows)[None] % 2 == 1, torch.arange(2 * columns)[None] % 2 == 0
    found = pairs(EXTRACTORS[name](torch.from_numpy(holed)[None], *masks).links[0])
    assert found == {(2 * i + 1, 2 * j) for i, j in links_of(name, matrix)}


@pytest.mark.parametrize("name", NAMES)
def test_a_pair_with_an_empty_side_has_no_links_and_disturbs_no_other(name):
    similarity, source_mask, target_mask = pad([EXAMPLE, EXAMPLE, EXAMPLE])
    source_mask[0] = False
    target_mask[1] = False
    found = EXTRACTORS[name](similarity, source_mask, target_mask).links
    assert not found[:2].any()
    assert pairs(found[2]) == links_of(name, EXAMPLE)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "agreement-grow"])  # links join below it
@given(matrix=normals())
def test_a_higher_threshold_keeps_exactly_the_links_that_score_above_it(name, matrix):
    low, middle = -1e9, 0.3
    links, scores = EXTRACTORS[name](*pad([matrix]), threshold=low)
    assert pairs(EXTRACTORS[name](*pad([matrix]), threshold=middle).links[0]) == pairs(
        (links & (scores > middle))[0]
    )


@pytest.mark.parametrize(
    "name", ["softmax", "entmax", "agreement", "agreement-grow", "xlm-align", "sinkhorn", "unbalanced"]
)
@given(matrix=normals())
def test_scores_of_probabilistic_methods_lie_between_0_and_1(name, matrix):
    links, scores = EXTRACTORS[name](*pad([matrix]), threshold=0.0)
    found = scores[links]
    assert ((found >= 0) & (found <= 1 + 1e-9)).all()


@pytest.mark.parametrize(
    "name", [name for name in DIRECTED if not name.startswith("agreement")]
)  # these weigh them together
@given(matrix=normals())
def test_a_mutual_method_is_what_its_directions_agree_on(name, matrix):
    forward, backward = DIRECTED[name](*pad([matrix]))
    agreed = EXTRACTORS[name](*pad([matrix]))
    assert torch.equal(agreed.links, forward.links & backward.links)
    smaller = torch.minimum(forward.scores, backward.scores)
    assert torch.equal(agreed.scores[agreed.links], smaller[agreed.links])


@pytest.mark.parametrize("name", ["argmax", "softmax", "entmax", "agreement"])
@given(matrix=normals())
def test_directions_change_places_with_the_languages(name, matrix):
    """Not those of xlm-align, whose rounds end with the rows."""
    forward, backward = DIRECTED[name](*pad([matrix]))
    other_backward, other_forward = DIRECTED[name](*pad([matrix.T]))
    assert pairs(forward.links[0].T) == pairs(other_forward.links[0])
    assert pairs(backward.links[0].T) == pairs(other_backward.links[0])


@settings(max_examples=25)
@given(normals())
@pytest.mark.parametrize("name", ["sinkhorn", "unbalanced"])
def test_transport_links_what_a_plan_of_pots_sends_above_the_threshold(name, matrix):
    """Defaults as docs/methods.md has them; what lies too near the threshold to tell is left out."""
    rows, columns = matrix.shape
    [cost] = scaled_cost(*pad([matrix], more=0)).double().numpy()
    uniform = np.full(rows, 1 / rows), np.full(columns, 1 / columns)
    precise = {"stopThr": 1e-12, "numItermax": 10_000}
    if name == "sinkhorn":
        plan, threshold = ot.bregman.sinkhorn_log([], [], cost, 0.05, warn=False, **precise), 0.4
    else:
        plan, threshold = ot.unbalanced.sinkhorn_unbalanced([], [], cost, 0.05, 0.5, **precise), 0.3
    masses = (np.maximum(plan.sum(axis), each) for axis, each in zip((1, 0), uniform, strict=True))
    share = plan / np.minimum.outer(*masses)
    clear = np.abs(share - threshold) > 0.02
    found = np.zeros(matrix.shape, dtype=bool)
    for link in links_of(name, matrix):
        found[link] = True
    assert (found == (share > threshold))[clear].all()


@given(normals())
def test_methods_nest(matrix):
    chain = [links_of(name, matrix) for name in ("argmax", "forward", "union")]
    assert all(fewer <= more for fewer, more in pairwise(chain))
    assert links_of("argmax", matrix) <= links_of("itermax", matrix)
    assert pairs(union(*pad([matrix])).links[0]) == links_of("forward", matrix) | links_of("backward", matrix)


@pytest.mark.gpu
@pytest.mark.parametrize("name", NAMES)
def test_the_gpu_finds_the_same_links(name):
    generator = np.random.default_rng(7)
    batch = [generator.standard_normal(size) for size in [(1, 1), (2, 9), (30, 25), (64, 70)]]
    cpu = EXTRACTORS[name](*pad(batch)).links
    gpu = EXTRACTORS[name](*(tensor.cuda() for tensor in pad(batch))).links
    assert torch.equal(cpu, gpu.cpu())


def test_the_names_that_options_offer_are_those_that_exist():
    assert list(EXTRACTORS) == list(Extraction)
    assert list(DIRECTED) == [each for each in Extraction if each.is_directed]
