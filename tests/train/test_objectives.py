"""Guided training: the loss is the cross-entropy that its docstring promises, and it leads where the links point."""

import math

import torch

from xalign.train.objectives import guided


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
