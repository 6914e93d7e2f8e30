"""Losses against torch."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    contrastive_loss,
    cosine_loss,
    cross_entropy,
    huber,
    mse,
    triplet_loss,
)

pytestmark = pytest.mark.oracle
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
reductions = pytest.mark.parametrize("reduction", ["sum", "mean", "none"])


def same(x: np.ndarray) -> np.ndarray:
    return x


@dtypes
@reductions
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(oracle, rng, dtype, reduction, smoothing, weighted) -> None:
    x = Tensor(rng.normal(size=(7, 4)).astype(dtype), requires_grad=True)
    labels = np.array([0, 3, -100, 1, 1, -100, 2])
    weights = np.array([0.5, 2.0, 1.0, 0.1], dtype) if weighted else None
    tx, tl = oracle.tensor(x.data), oracle.tensor(labels)
    theirs = oracle.torch.nn.functional.cross_entropy(
        tx,
        tl,
        weight=oracle.tensor(weights, wants=False) if weighted else None,
        label_smoothing=smoothing,
        reduction=reduction,
    )
    ours = cross_entropy(
        x, labels, label_smoothing=smoothing, class_weights=weights, reduction=reduction
    )
    oracle.compare(ours, theirs, [(x, tx, same)])


@dtypes
@reductions
def test_elementwise(oracle, rng, dtype, reduction) -> None:
    functional = oracle.torch.nn.functional
    for name in ("mse", "huber", "probabilities", "logits", "weighted"):
        values = rng.random((3, 5)) * 0.9 + 0.05 if name == "probabilities" else None
        values = rng.normal(size=(3, 5)) * 2 if values is None else values
        x = Tensor(values.astype(dtype), requires_grad=True)
        y = rng.random((3, 5)).astype(dtype)
        tx, ty = oracle.tensor(x.data), oracle.tensor(y, wants=False)
        if name == "mse":
            ours, theirs = mse(x, y, reduction=reduction), functional.mse_loss
            theirs = theirs(tx, ty, reduction=reduction)
        elif name == "huber":
            ours = huber(x, y, delta=0.7, reduction=reduction)
            theirs = functional.huber_loss(tx, ty, delta=0.7, reduction=reduction)
        elif name == "probabilities":
            ours = binary_cross_entropy(x, y, reduction=reduction)
            theirs = functional.binary_cross_entropy(tx, ty, reduction=reduction)
        else:
            weight = 2.5 if name == "weighted" else 1.0
            ours = binary_cross_entropy_with_logits(x, y, pos_weight=weight, reduction=reduction)
            theirs = functional.binary_cross_entropy_with_logits(
                tx, ty, pos_weight=oracle.torch.tensor(weight, dtype=tx.dtype), reduction=reduction
            )
        oracle.compare(ours, theirs, [(x, tx, same)])


@dtypes
@reductions
def test_likeness(oracle, rng, dtype, reduction) -> None:
    torch, functional = oracle.torch, oracle.torch.nn.functional
    a, b, c = (Tensor(x.astype(dtype), requires_grad=True) for x in rng.normal(size=(3, 6, 4)))
    alike = np.array([True, False, True, False, False, True])
    sign = torch.from_numpy(np.where(alike, 1, -1))
    ta, tb = oracle.tensor(a.data), oracle.tensor(b.data)
    theirs = functional.cosine_embedding_loss(ta, tb, sign, margin=0.2, reduction=reduction)
    ours = cosine_loss(a, b, alike, margin=0.2, reduction=reduction)
    oracle.compare(ours, theirs, [(a, ta, same), (b, tb, same)])
    ta, tb, tc = (oracle.tensor(x.data) for x in (a, b, c))
    theirs = functional.triplet_margin_loss(ta, tb, tc, margin=0.8, eps=0, reduction=reduction)
    ours = triplet_loss(a, b, c, margin=0.8, reduction=reduction)
    oracle.compare(ours, theirs, [(a, ta, same), (b, tb, same), (c, tc, same)])
    ta, tb = oracle.tensor(a.data), oracle.tensor(b.data)
    far = torch.sqrt(((ta - tb) ** 2).sum(-1))
    yes = torch.from_numpy(alike.astype(dtype))
    theirs = (far**2 * yes + torch.clamp(3 - far, min=0) ** 2 * (1 - yes)) / 2
    theirs = theirs if reduction == "none" else getattr(theirs, reduction)()
    ours = contrastive_loss(a, b, alike, margin=3, reduction=reduction)
    oracle.compare(ours, theirs, [(a, ta, same), (b, tb, same)])
