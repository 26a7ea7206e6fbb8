"""Each loss is what its docstring promises: worked out by hand, and by a plain loop over pairs and positions."""

import math

import pytest
import torch

from xalign.train.objectives import consistency, dwa, guided, mlm, psi, self_training

# --- guided -------------------------------------------------------------------------------------------------


def full(*shape):
    return torch.ones(*shape, dtype=torch.bool)


def test_guided_equals_the_sum_written_out():
    # Row softmax of (ln 3, 0) is (3/4, 1/4); of (0, 0) it is (1/2, 1/2).
    similarity = torch.tensor([[[math.log(3), 0.0], [0.0, 0.0]]])
    links = torch.tensor([[[1.0, 0.0], [1.0, 1.0]]])
    rows = -(math.log(3 / 4) + math.log(1 / 2)) / 2
    # Columns: (ln 3, 0) -> (3/4, 1/4), linked to both rows; (0, 0) -> linked to the second row alone.
    columns = -((math.log(3 / 4) + math.log(1 / 4)) / 2 + math.log(1 / 2)) / 2
    assert math.isclose(
        guided(similarity, links, full(1, 2), full(1, 2)).item(), rows + columns, rel_tol=1e-6
    )


def test_words_without_links_say_nothing():
    links = torch.zeros(1, 3, 4)
    links[0, 0, 1] = 1
    similarity = torch.randn(1, 3, 4, generator=torch.Generator().manual_seed(1), requires_grad=True)
    guided(similarity, links, full(1, 3), full(1, 4)).backward()
    touched = similarity.grad[0] != 0
    assert touched[0].all() and touched[:, 1].all() and touched.sum() == 6


def test_no_links_at_all_is_a_loss_of_zero():
    assert guided(torch.randn(2, 3, 4), torch.zeros(2, 3, 4), full(2, 3), full(2, 4)).item() == 0


def test_padding_changes_nothing():
    generator = torch.Generator().manual_seed(2)
    similarity = torch.randn(1, 3, 4, generator=generator)
    links = (torch.rand(1, 3, 4, generator=generator) > 0.6).float()
    padded_similarity = torch.randn(1, 5, 7, generator=generator)
    padded_similarity[:, :3, :4] = similarity
    padded_links = torch.zeros(1, 5, 7)
    padded_links[:, :3, :4] = links
    alone = guided(similarity, links, full(1, 3), full(1, 4))
    padded = guided(padded_similarity, padded_links, torch.arange(5)[None] < 3, torch.arange(7)[None] < 4)
    torch.testing.assert_close(alone, padded)


def test_source_and_target_can_change_places():
    generator = torch.Generator().manual_seed(3)
    similarity = torch.randn(2, 3, 4, generator=generator)
    links = (torch.rand(2, 3, 4, generator=generator) > 0.5).float()
    forward = guided(similarity, links, full(2, 3), full(2, 4))
    backward = guided(similarity.transpose(1, 2), links.transpose(1, 2), full(2, 4), full(2, 3))
    torch.testing.assert_close(forward, backward)


def test_descending_it_ends_at_the_links():
    links = torch.tensor([[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])
    similarity = torch.zeros(1, 3, 3, requires_grad=True)
    optimizer = torch.optim.SGD([similarity], lr=2.0)
    for _ in range(100):
        optimizer.zero_grad()
        guided(similarity, links, full(1, 3), full(1, 3)).backward()
        optimizer.step()
    assert (similarity.softmax(2) > 0.5).float().equal(links)


def directed(similarity, links, rows, columns):
    """Guided in one direction, a pair, a row, a link at a time."""
    losses, weights = [], []
    for pair, (m, n) in enumerate(zip(rows, columns, strict=True)):
        for i in range(m):
            linked = {j: links[pair][i][j] for j in range(n) if links[pair][i][j] > 0}
            if linked:
                total = sum(math.exp(similarity[pair][i][j]) for j in range(n))
                losses.append(
                    -sum(
                        weight / sum(linked.values()) * math.log(math.exp(similarity[pair][i][j]) / total)
                        for j, weight in linked.items()
                    )
                )
                weights.append(max(linked.values()))
    return sum(x * w for x, w in zip(losses, weights, strict=True)) / sum(weights)


@pytest.mark.parametrize("weights", [(0.0, 1.0), (0.0, 0.5, 1.0), (0.0, 0.2)])
def test_guided_equals_a_plain_loop(weights):
    similarity, links, rows, columns, masks = ragged(4, weights)
    expected = directed(similarity.tolist(), links.tolist(), rows, columns) + directed(
        similarity.transpose(1, 2).tolist(), links.transpose(1, 2).tolist(), columns, rows
    )
    assert guided(similarity, links, *masks).item() == pytest.approx(expected, rel=1e-5)


def ragged(seed, weights=(0.0, 1.0)):
    """Three pairs of different lengths: similarity, links of these weights, lengths, masks."""
    rows, columns = [5, 2, 3], [4, 6, 1]
    generator = torch.Generator().manual_seed(seed)
    similarity = 2 * torch.randn(3, 5, 6, generator=generator)
    links = torch.tensor(weights)[torch.randint(len(weights), (3, 5, 6), generator=generator)]
    masks = (
        torch.arange(5) < torch.tensor(rows)[:, None],
        torch.arange(6) < torch.tensor(columns)[:, None],
    )
    return similarity, links * (masks[0][:, :, None] & masks[1][:, None, :]), rows, columns, masks


def test_a_position_with_possible_links_alone_counts_less():
    # Row 0 is sure and costs ln 4 - ln 3, row 1 possible and costs ln 4: softmax of (ln 3, 0) is (3/4, 1/4).
    similarity = torch.tensor([[[math.log(3), 0.0], [math.log(3), 0.0]]])
    links = torch.tensor([[[1.0, 0.0], [0.0, 0.5]]])
    rows = (math.log(4 / 3) + 0.5 * math.log(4)) / 1.5
    columns = (math.log(2) + 0.5 * math.log(2)) / 1.5
    assert guided(similarity, links, full(1, 2), full(1, 2)).item() == pytest.approx(rows + columns)


def test_a_sure_link_draws_more_than_a_possible_one_beside_it():
    links = torch.tensor([[[1.0, 0.5, 0.0]]])
    similarity = torch.zeros(1, 1, 3, requires_grad=True)
    guided(similarity, links, full(1, 1), full(1, 3)).backward()
    sure, possible, none = (-similarity.grad[0, 0]).tolist()
    assert sure > possible > none
    # The minimum divides the row's probability 2 to 1.
    torch.testing.assert_close(
        guided(torch.tensor([[[0.0, -math.log(2), -50.0]]]), links, full(1, 1), full(1, 3)).item(),
        -(2 * math.log(2 / 3) + math.log(1 / 3)) / 3,
    )


def test_weights_that_are_all_alike_are_as_good_as_sure():
    similarity, links, *_, masks = ragged(6)
    torch.testing.assert_close(guided(similarity, 0.5 * links, *masks), guided(similarity, links, *masks))


def test_links_at_padding_are_no_links():
    similarity, links, *_, masks = ragged(7)
    everywhere = torch.where(masks[0][:, :, None] & masks[1][:, None, :], links, 1.0)
    torch.testing.assert_close(guided(similarity, everywhere, *masks), guided(similarity, links, *masks))


# --- so, co -------------------------------------------------------------------------------------------------


def probabilities(similarity, m, n):
    """(target given source, source given target) of one pair, as lists."""
    exponents = [[math.exp(similarity[i][j]) for j in range(n)] for i in range(m)]
    columns = [sum(exponents[i][j] for i in range(m)) for j in range(n)]
    forward = [[exponents[i][j] / sum(exponents[i]) for j in range(n)] for i in range(m)]
    return forward, [[exponents[i][j] / columns[j] for j in range(n)] for i in range(m)]


def test_self_training_equals_a_plain_loop():
    similarity, links, rows, columns, masks = ragged(8)
    total = 0.0
    for pair, (m, n) in enumerate(zip(rows, columns, strict=True)):
        forward, backward = probabilities(similarity[pair].tolist(), m, n)
        found = [(i, j) for i in range(m) for j in range(n) if links[pair, i, j]]
        total += sum(forward[i][j] for i, j in found) / m + sum(backward[i][j] for i, j in found) / n
    assert self_training(similarity, links, *masks).item() == pytest.approx(-total / 3, rel=1e-5)


def test_consistency_equals_a_plain_loop():
    similarity, _, rows, columns, masks = ragged(9)
    total = 0.0
    for pair, (m, n) in enumerate(zip(rows, columns, strict=True)):
        forward, backward = probabilities(similarity[pair].tolist(), m, n)
        trace = sum(forward[i][j] * backward[i][j] for i in range(m) for j in range(n))
        total += trace / min(m, n)
    assert consistency(similarity, *masks).item() == pytest.approx(-total / 3, rel=1e-5)


def test_certainty_is_the_least_that_both_can_reach():
    similarity = 100 * torch.eye(3)[None]
    links = torch.eye(3)[None]
    assert self_training(similarity, links, full(1, 3), full(1, 3)).item() == pytest.approx(-2)
    assert consistency(similarity, full(1, 3), full(1, 3)).item() == pytest.approx(-1)


@pytest.mark.parametrize("loss", [guided, self_training])
def test_what_stands_at_padding_changes_nothing(loss):
    similarity, links, *_, masks = ragged(10)
    real = masks[0][:, :, None] & masks[1][:, None, :]
    elsewhere = torch.where(real, similarity, 1e4).requires_grad_()
    result = loss(elsewhere, links, *masks)
    torch.testing.assert_close(result, loss(similarity, links, *masks))
    result.backward()
    assert (elsewhere.grad[~real] == 0).all() and elsewhere.grad[real].any()


# --- psi, mlm -----------------------------------------------------------------------------------------------


def test_psi_is_the_mean_surprise():
    scores = torch.tensor([[0.0, math.log(3)], [math.log(4), 0.0]])
    assert psi(scores, torch.tensor([1, 1])).item() == pytest.approx((math.log(4 / 3) + math.log(5)) / 2)


def test_each_sequence_counts_the_same_in_filling_in():
    # Two masks in sequence 0, one in sequence 2, none in 1; scores (ln 3, 0) make 3/4 and 1/4.
    scores = torch.tensor([[math.log(3), 0.0]] * 3)
    result = mlm(scores, torch.tensor([0, 1, 1]), torch.tensor([0, 0, 2]), 3)
    first = (math.log(4 / 3) + math.log(4)) / 2
    assert result.item() == pytest.approx((first + math.log(4)) / 3)


def test_nothing_masked_is_a_loss_of_zero():
    nothing = torch.zeros(0, dtype=torch.long)
    scores = torch.zeros(0, 7, requires_grad=True)
    loss = mlm(scores, nothing, nothing, 4)
    loss.backward()
    assert loss.item() == 0


# --- dwa ----------------------------------------------------------------------------------------------------


def test_dwa_is_the_surprise_at_the_linked_subwords_of_masked_ones():
    forward = torch.tensor([[[math.log(3), 0.0], [0.0, 0.0], [0.0, 0.0]]])
    backward = torch.tensor([[[0.0, 0.0, math.log(2)], [0.0, 0.0, 0.0]]])
    links = torch.tensor([[[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]])
    masked_source = torch.tensor([[True, False, True]])  # the last has no link, the second is not masked
    masked_target = torch.tensor([[True, False]])  # linked to the first two of three sources, in equal parts
    expected = math.log(4 / 3) + math.log(4)
    assert dwa(forward, backward, links, masked_source, masked_target).item() == pytest.approx(expected)


def test_dwa_without_masked_links_is_a_loss_of_zero():
    nobody = torch.zeros(1, 2, dtype=torch.bool)
    assert dwa(torch.randn(1, 2, 2), torch.randn(1, 2, 2), torch.ones(1, 2, 2), nobody, nobody).item() == 0
