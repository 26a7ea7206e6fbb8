"""Labels that count in the model: by a plain loop, and what they let a model do and not do."""

import itertools
import math

import pytest
import torch

from xalign.train.bootstrap import LIKELY, bootstrapped
from xalign.train.objectives import guided


def full(*shape):
    return torch.ones(*shape, dtype=torch.bool)


def test_equals_a_plain_loop():
    generator = torch.Generator().manual_seed(11)
    similarity = 2 * torch.randn(3, 4, 5, generator=generator)
    links = torch.rand(3, 4, 5, generator=generator)
    rows, columns = [4, 2, 3], [3, 5, 4]
    expected = torch.zeros_like(links)
    for pair, (m, n) in enumerate(zip(rows, columns, strict=True)):
        exponents = similarity[pair].exp().tolist()
        for i, j in itertools.product(range(m), range(n)):
            forward = exponents[i][j] / sum(exponents[i][:n])
            backward = exponents[i][j] / sum(row[j] for row in exponents[:m])
            mixed = 0.4 * links[pair, i, j].item() + 0.6 * math.sqrt(forward * backward)
            expected[pair, i, j] = mixed if mixed > LIKELY else 0
    masks = [
        torch.arange(size) < torch.tensor(lengths)[:, None] for size, lengths in ((4, rows), (5, columns))
    ]
    found = bootstrapped(similarity, links, *masks, share=0.6)
    assert 0 < (found > 0).sum() < (links > 0).sum()
    torch.testing.assert_close(found, expected)


def test_a_sure_model_rejects_a_weak_link_and_adds_one_that_is_missing():
    similarity = 20 * torch.eye(2)[None]  # certain of 0-0 and 1-1
    given = torch.tensor([[[0.0, 0.5], [0.0, 1.0]]])
    found = bootstrapped(similarity, given, full(1, 2), full(1, 2), share=0.5)
    torch.testing.assert_close(found, torch.tensor([[[0.5, 0.0], [0.0, 1.0]]]))


def test_no_gradient_leads_through():
    similarity = torch.zeros(1, 2, 2, requires_grad=True)
    assert not bootstrapped(similarity, torch.ones(1, 2, 2), full(1, 2), full(1, 2), 0.5).requires_grad


@pytest.mark.parametrize(("votes", "wins"), [(1.0, True), (0.75, True), (0.25, False)])
def test_a_model_that_errs_is_set_right_by_most_of_the_votes(votes, wins):
    """Word 0 is linked to word 0 by so many votes, to word 1 by the rest; the model starts out sure of word 1."""
    given = torch.tensor([[[votes, 1 - votes], [0.0, 1.0]]])
    similarity = torch.tensor([[[0.0, 4.0], [0.0, 4.0]]], requires_grad=True)
    optimizer = torch.optim.SGD([similarity], lr=1.0)
    for _ in range(300):
        optimizer.zero_grad()
        labels = bootstrapped(similarity, given, full(1, 2), full(1, 2), share=0.5)
        guided(similarity, labels, full(1, 2), full(1, 2)).backward()
        optimizer.step()
    assert (similarity[0, 0].softmax(0)[0] > 0.5) == wins
