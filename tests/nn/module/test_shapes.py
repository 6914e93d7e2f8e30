"""Inputs of a wrong width or number of axes are refused with the shape that came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from inputs import stream

import pmt_nn as nn
from pmt_core import ShapeError

SIZES: dict[str, Any] = {"width": 4, "heads": 2, "hidden": 4, "layers": 1}
LAYERS: dict[str, tuple[Callable[[], Callable[..., Any]], list[tuple[int, ...]]]] = {
    "Linear": (lambda: nn.Linear(4, 2, stream()), [(), (3,), (2, 5)]),
    "LayerNorm": (lambda: nn.LayerNorm(4), [(), (2, 3), (2, 1)]),
    "RMSNorm": (lambda: nn.RMSNorm(4), [(), (2, 3), (2, 1)]),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), [(2,), (2, 6, 3), (2, 2)]),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(4), [(4,), (2, 3)]),
    "FeedForward": (lambda: nn.FeedForward(4, 6, stream()), [(), (2, 3)]),
    "SelfAttention": (lambda: nn.SelfAttention(4, 2, stream()), [(3, 4), (2, 3, 5)]),
    "RelativeAttention": (lambda: nn.RelativeAttention(4, 2, stream()), [(3, 4), (2, 3, 5)]),
    "TransformerLayer": (
        lambda: nn.TransformerLayer(nn.TransformerConfig(**SIZES), stream()),
        [(3, 4), (2, 3, 5)],
    ),
    "TransformerEncoder": (
        lambda: nn.TransformerEncoder(nn.TransformerConfig(**SIZES), stream()),
        [(4,), (3, 4), (2, 3, 5)],
    ),
    "RNN": (lambda: nn.RNN(4, 2, stream()), [(3, 4), (2, 3, 5)]),
    "Conv2d": (lambda: nn.Conv2d(4, 2, 1, stream()), [(4, 3, 3), (1, 3, 3, 3)]),
    "Conv1d": (lambda: nn.Conv1d(4, 2, 1, stream()), [(4, 3), (1, 3, 3)]),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), [(4, 4), (1, 4, 4)]),
    "masked mean": (lambda: lambda x: nn.masked_mean(x, np.ones((2, 3), bool)), [(2, 3), (3,)]),
    "in-batch loss": (lambda: lambda x: nn.in_batch_contrastive_loss(x, x), [(), (3,), (2, 2, 2)]),
    "cosine": (lambda: lambda x: nn.cosine_similarity(x, x), [()]),
    "cross-entropy": (lambda: lambda x: nn.cross_entropy(x, np.array(0)), [(), (2, 3)]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_what_does_not_fit_is_refused(name: str) -> None:
    make, shapes = LAYERS[name]
    layer = make()
    for shape in shapes:
        with pytest.raises(ShapeError):
            layer(np.ones(shape, np.float32))


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 5)])
def test_a_memory_that_does_not_fit_is_refused(shape) -> None:
    with pytest.raises(ShapeError, match="attention takes vectors of tokens"):
        nn.CrossAttention(4, 2, stream())(np.ones((2, 3, 4), np.float32), np.ones(shape))
