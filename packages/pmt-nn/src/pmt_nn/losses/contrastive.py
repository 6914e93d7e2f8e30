"""Contrastive and triplet losses, and the similarities they use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Tensor, maximum, relu, sqrt
from pmt_core import ShapeError
from pmt_nn.losses.cross_entropy import cross_entropy
from pmt_nn.losses.regression import check_same_shape, reduce_loss

_TINY = 1e-12


def normalized(x: Tensor) -> Tensor:
    """Return the vectors of the last axis divided by their length; a zero vector stays zero."""
    length = sqrt(maximum((x * x).sum(axis=-1, keepdims=True), np.asarray(_TINY, x.dtype)))
    return x / length


def cosine_similarity(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of the angle of the vectors of the last axis, (..., d) twice -> (...)."""
    check_same_shape("cosine_similarity", a, b)
    return (normalized(a) * normalized(b)).sum(axis=-1)


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Return the Euclidean distance of the vectors of the last axis; its slope at 0 is 0."""
    check_same_shape("distance", a, b)
    gap = a - b
    return sqrt(maximum((gap * gap).sum(axis=-1), np.asarray(_TINY, a.dtype)))


def cosine_loss(
    a: Tensor, b: Tensor, same: NDArray[np.bool_], *, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """Return 1 - cos of pairs a, b (n, d) if `same` (n,) is True, else max(cos - margin, 0)."""
    yes = _same(same, a)
    cosine = cosine_similarity(a, b)
    return reduce_loss((1 - cosine) * yes + relu(cosine - margin) * (1 - yes), reduction)


def contrastive_loss(
    a: Tensor, b: Tensor, same: NDArray[np.bool_], *, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Return D^2 / 2 for pairs that are the same, max(margin - D, 0)^2 / 2 for others.

    D is the Euclidean distance (Hadsell et al. 2006, eq. 4). a, b: (n, d), same: (n,) booleans.
    """
    yes = _same(same, a)
    far = distance(a, b)
    short = relu(margin - far)
    return reduce_loss((far * far * yes + short * short * (1 - yes)) * 0.5, reduction)


def triplet_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    margin: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Return max(D(anchor, positive) - D(anchor, negative) + margin, 0) (Schroff et al. 2015).

    D is the Euclidean distance; all inputs are (n, d).
    """
    gap = distance(anchor, positive) - distance(anchor, negative)
    return reduce_loss(relu(gap + margin), reduction)


def in_batch_contrastive_loss(
    a: Tensor, b: Tensor, *, temperature: float = 0.05, reduction: str = "mean"
) -> Tensor:
    """Return the cross-entropy of row i of a against all rows of b, of which row i is positive.

    The logits are the cosines divided by `temperature` (van den Oord et al. 2018; Henderson et al.
    2017). a, b: (n, d).
    """
    check_same_shape("in_batch_contrastive_loss", a, b)
    cosines = normalized(a) @ normalized(b).swapaxes(0, 1)
    return cross_entropy(cosines * (1 / temperature), np.arange(len(a)), reduction=reduction)


def _same(same: NDArray[np.bool_], a: Tensor) -> NDArray[np.floating]:
    same = np.asarray(same)
    if same.dtype != np.bool_ or same.shape != a.shape[:-1]:
        raise ShapeError(
            f"`same` is boolean with one entry per pair, {a.shape[:-1]}, got {same.dtype} "
            f"{same.shape}"
        )
    return same.astype(a.dtype)
