"""The features of spellings beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold

from pmt_nn import spelling_features

pytestmark = pytest.mark.oracle


def words(draw: Draw) -> Inputs:
    """Words of different lengths, of few characters, so that patches repeat."""
    v, d, k, width = (
        draw.integer(2, 4),
        draw.integer(1, 3),
        draw.integer(1, 3),
        draw.choice([1, 3, 5]),
    )
    n, length = draw.length(1), draw.length()
    inside = np.arange(length) < draw.rng.integers(0, length + 1, (n, 1))
    ids = np.where(inside, draw.rng.integers(1, v, (n, length)), 0)
    arrays = [draw.normal(v, d, large=30), draw.normal(width, d, k)]
    return arrays, {"ids": ids, "spelling_ids": draw.rng.integers(0, n, draw.shape(0, 2))}


def torch_features(torch: Any, characters: Any, kernel: Any, ids: Any, spelling_ids: Any) -> Any:
    """Embed, convolve, and take the first of the largest; zeros for a word without characters."""
    width = kernel.shape[0]
    if not ids.shape[1]:
        return torch.zeros((*spelling_ids.shape, kernel.shape[2]), dtype=kernel.dtype) + 0 * (
            characters.sum() + kernel.sum()
        )
    padded = torch.nn.functional.pad(torch.from_numpy(ids), (width // 2, width // 2))
    embedded = characters[padded].transpose(1, 2)
    patches = torch.nn.functional.conv1d(embedded, kernel.permute(2, 1, 0))
    inside = torch.from_numpy(ids != 0)[:, None]
    best = torch.where(inside, patches, -torch.inf).max(-1).values
    return torch.where(inside.any(-1), best, 0.0)[torch.from_numpy(spelling_ids)]


def of_products(characters: Any, kernel: Any, **settings: Any) -> dict[str, float]:
    size = max(1.0, float(np.abs(characters).max()), float(np.abs(kernel).max()))
    return {"output 0": size**2, "gradient 0": size, "gradient 1": size}


CASE = Comparison(
    "spelling_features", spelling_features, torch_features, words, scales=of_products, edges=False
)


def test_torch_agrees() -> None:
    hold(CASE)
