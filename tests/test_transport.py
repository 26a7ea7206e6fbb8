"""Transport: against plain loops, against POT, and in padded batches."""

import numpy as np
import ot
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matrices import batches, normals, pad

from xalign.transport import (
    scaled_cost,
    transport_plan,
    transported_share,
    xlm_align_rounds,
)

EPSILONS = st.sampled_from([0.05, 0.1, 0.5])
TAUS = st.sampled_from([0.05, 0.2, 1.0])


def costs(batch):
    similarity, source_mask, target_mask = pad(batch)
    return scaled_cost(similarity, source_mask, target_mask), source_mask, target_mask


def test_xlm_align_rounds_on_a_matrix_to_check_with_a_pencil():
    # Column sums 4 and 4 give (3/4, 1/4), (1/4, 3/4), whose rows sum to 1. The -5 counts as nearly nothing.
    rows, columns = xlm_align_rounds(*pad([np.array([[3.0, 1.0], [1.0, 3.0]])], more=0))
    expected = torch.tensor([[[0.75, 0.25], [0.25, 0.75]]], dtype=torch.double)
    torch.testing.assert_close(rows, expected)
    torch.testing.assert_close(columns, expected)
    rows, _ = xlm_align_rounds(*pad([np.array([[3.0, -5.0], [1.0, 3.0]])], more=0))
    assert rows[0, 0, 1] == pytest.approx(0, abs=1e-6)


@given(batches(normals()), st.integers(0, 3))
def test_xlm_align_rounds_equal_plain_loops(batch, rounds):
    found = xlm_align_rounds(*pad(batch), rounds=rounds)
    for rows, columns, matrix in zip(*found, batch, strict=True):
        height, width = matrix.shape
        expected_rows, expected_columns = reference.xlm_align_rounds(matrix, rounds)
        np.testing.assert_allclose(rows[:height, :width], expected_rows, rtol=1e-12)
        np.testing.assert_allclose(columns[:height, :width], expected_columns, rtol=1e-12)


@given(batches(normals()))
def test_scaled_cost_runs_from_0_at_the_most_alike_to_1_at_the_least(batch):
    cost, source_mask, target_mask = costs(batch)
    for scaled, sources, targets, matrix in zip(cost, source_mask, target_mask, batch, strict=True):
        spread = np.ptp(matrix) or 1
        np.testing.assert_allclose(
            scaled[sources][:, targets].numpy(), (matrix.max() - matrix) / spread, atol=1e-12
        )
    assert torch.equal(costs([np.full((2, 3), 7.0)])[0], torch.zeros(1, 3, 4, dtype=torch.double))


@settings(max_examples=25)
@given(batches(normals()), EPSILONS)
def test_sinkhorn_plans_are_those_of_pot(batch, epsilon):
    cost, source_mask, target_mask = costs(batch)
    plans = transport_plan(cost, source_mask, target_mask, epsilon=epsilon)
    for plan, scaled, matrix in zip(plans.numpy(), cost.numpy(), batch, strict=True):
        height, width = matrix.shape
        expected = ot.bregman.sinkhorn_log([], [], scaled[:height, :width], epsilon, warn=False)
        np.testing.assert_allclose(plan[:height, :width], expected, atol=1e-6)
        assert plan.sum() == pytest.approx(1)


@settings(max_examples=25)
@given(batches(normals()), EPSILONS, TAUS)
def test_unbalanced_plans_are_those_of_pot(batch, epsilon, tau):
    cost, source_mask, target_mask = costs(batch)
    plans = transport_plan(cost, source_mask, target_mask, epsilon=epsilon, tau=tau)
    for plan, scaled, matrix in zip(plans.numpy(), cost.numpy(), batch, strict=True):
        height, width = matrix.shape
        expected = ot.unbalanced.sinkhorn_unbalanced(
            [], [], scaled[:height, :width], epsilon, tau, stopThr=1e-12, numItermax=10000
        )
        np.testing.assert_allclose(plan[:height, :width], expected, atol=1e-6)
        assert plan.sum() == pytest.approx(expected.sum())


@given(batches(normals()), EPSILONS)
def test_a_plan_does_not_depend_on_what_else_is_in_the_batch(batch, epsilon):
    cost, source_mask, target_mask = costs(batch)
    together = transport_plan(cost, source_mask, target_mask, epsilon=epsilon, tolerance=1e-3)
    for number, plan in enumerate(together):
        one = slice(number, number + 1)
        alone = transport_plan(cost[one], source_mask[one], target_mask[one], epsilon=epsilon, tolerance=1e-3)
        torch.testing.assert_close(plan, alone[0], rtol=1e-12, atol=1e-12)


def test_a_small_epsilon_overflows_nothing():
    """exp(-cost / epsilon) would be 0 in float32 here: in log space the plan is still the best assignment."""
    cost = torch.tensor([[[0.0, 0.5, 1.0], [0.5, 1.0, 0.5], [1.0, 0.0, 1.0]]])
    mask = torch.ones(1, 3, dtype=torch.bool)
    plan = transport_plan(cost, mask, mask, epsilon=0.002)
    best = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]])
    torch.testing.assert_close(plan, best / 3, rtol=0, atol=1e-4)


def test_a_pair_with_an_empty_side_transports_nothing():
    cost = torch.zeros(2, 3, 4)
    source_mask = torch.tensor([[True] * 3, [False] * 3])
    plan = transport_plan(cost, source_mask, torch.ones(2, 4, dtype=torch.bool), epsilon=0.1)
    torch.testing.assert_close(plan, torch.stack((torch.full((3, 4), 1 / 12), torch.zeros(3, 4))))


def test_unbalanced_transport_leaves_mass_at_home_where_nothing_is_alike():
    cost = torch.tensor([[[0.0, 1.0], [1.0, 1.0]]])
    mask = torch.ones(1, 2, dtype=torch.bool)
    balanced = transport_plan(cost, mask, mask, epsilon=0.1)
    unbalanced = transport_plan(cost, mask, mask, epsilon=0.1, tau=0.1)
    assert balanced[0, 1, 1] > 0.4
    assert unbalanced[0, 1, 1] < 0.02


def test_a_share_is_what_flows_of_what_the_poorer_of_two_positions_has():
    # Two sources of mass 1/2 send all they have to four targets of mass 1/4, each to two of them.
    plan = torch.tensor([[[0.25, 0.25, 0.0, 0.0], [0.0, 0.0, 0.25, 0.25]]])
    masks = torch.ones(1, 2, dtype=torch.bool), torch.ones(1, 4, dtype=torch.bool)
    torch.testing.assert_close(transported_share(plan, *masks), 4 * plan)
    # Half of it stays at home: the share falls with it.
    torch.testing.assert_close(transported_share(plan / 2, *masks), 2 * plan)
