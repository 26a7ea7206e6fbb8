"""Batches of similarity matrices for the tests of extraction and transport."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from torch import Tensor

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=7)


def grids(values: list[float]) -> st.SearchStrategy[np.ndarray]:
    """Float32 matrices over few values: full of ties, zeros and, where given, negative entries."""
    return arrays(np.float32, SHAPES, elements=st.sampled_from(np.float32(values).tolist()))


@st.composite
def normals(draw: st.DrawFn, dtype: type[np.floating] = np.float64) -> np.ndarray:
    """Matrices of normal values, half of them negative, without ties."""
    seed = draw(st.integers(0, 2**32 - 1))
    scale = draw(st.sampled_from([0.1, 1, 10, 100]))
    return (np.random.default_rng(seed).standard_normal(draw(SHAPES)) * scale).astype(dtype)


def batches(matrices: st.SearchStrategy[np.ndarray]) -> st.SearchStrategy[list[np.ndarray]]:
    return st.lists(matrices, min_size=1, max_size=4)


def pad(matrices: list[np.ndarray], filler: float = np.nan, more: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Lay matrices of different sizes into one batch, `more` rows and columns larger than it need be."""
    height = max(matrix.shape[0] for matrix in matrices) + more
    width = max(matrix.shape[1] for matrix in matrices) + more
    similarity = np.full((len(matrices), height, width), filler, dtype=matrices[0].dtype)
    source_mask = np.zeros((len(matrices), height), dtype=bool)
    target_mask = np.zeros((len(matrices), width), dtype=bool)
    for number, matrix in enumerate(matrices):
        rows, columns = matrix.shape
        similarity[number, :rows, :columns] = matrix
        source_mask[number, :rows] = True
        target_mask[number, :columns] = True
    return torch.from_numpy(similarity), torch.from_numpy(source_mask), torch.from_numpy(target_mask)


def pairs(links: Tensor) -> set[tuple[int, int]]:
    """The links of one matrix as a set. Shape: (source, target)."""
    return {(i, j) for i, j in links.nonzero().tolist()}
