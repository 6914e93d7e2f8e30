"""Bags of embeddings beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold

from pmt_nn import EmbeddingBag

pytestmark = pytest.mark.oracle


def bags(draw: Draw) -> Inputs:
    """Bags by offsets, some of them empty, or rows; a padding id, and factors for sums."""
    v = draw.integer(1, 5)
    table = draw.normal(v, draw.length(1))
    mode = draw.choice(["sum", "mean", "max"])
    settings: dict[str, Any] = {"mode": mode, "padding": draw.choice([None, 0]), "offsets": None}
    if draw.chance(0.5):
        ids = draw.rng.integers(0, v, draw.integer(1, 9))
        stops = np.sort(draw.rng.integers(0, len(ids) + 1, draw.integer(0, 3)))
        settings["offsets"] = np.concatenate([[0], stops])
    else:
        ids = draw.rng.integers(0, v, (draw.integer(1, 3), draw.integer(1, 5)))
    if settings["padding"] is not None:
        table[0] = 0
    arrays = [table, ids]
    if mode == "sum" and draw.chance(0.5):
        arrays.append(draw.normal(*ids.shape))
    return arrays, settings


def our_bags(table: Any, ids: Any, weights: Any = None, *, padding: Any, **settings: Any) -> Any:
    layer = EmbeddingBag.from_vectors(
        table.data, mode=settings["mode"], padding=padding, dtype=table.dtype
    )
    layer.weight = table
    return layer(ids, offsets=settings["offsets"], weights=weights)


def torch_bags(
    torch: Any, table: Any, ids: Any, weights: Any = None, *, padding: Any, **settings: Any
) -> Any:
    offsets = settings["offsets"]
    return torch.nn.functional.embedding_bag(
        ids,
        table,
        None if offsets is None else torch.from_numpy(offsets),
        mode=settings["mode"],
        per_sample_weights=weights,
        padding_idx=padding,
    )


def of_sums(table: Any, ids: Any, *weights: Any, **settings: Any) -> dict[str, float]:
    return {"output 0": 10.0, "gradient 0": 10.0, "gradient 2": 10.0}


def test_torch_agrees() -> None:
    hold(Comparison("EmbeddingBag", our_bags, torch_bags, bags, scales=of_sums, edges=False))
