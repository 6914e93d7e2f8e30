"""Losses of numbers: squared error and Huber's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from pmt_autograd import Array, Result, Sample, Tensor, primitive, samples
from pmt_core import SettingsError
from pmt_nn.losses.reduction import check_same_shape, reduce_loss


def mse(prediction: Tensor, target: ArrayLike | Tensor, *, reduction: str = "mean") -> Tensor:
    """(prediction - target)^2. Equal shapes. reduction: "sum", "mean" or "none"."""
    goal = target if isinstance(target, Tensor) else Tensor(np.asarray(target, prediction.dtype))
    check_same_shape("mse", prediction, goal)
    gap = prediction - goal
    return reduce_loss(gap * gap, reduction)


def huber(
    prediction: Tensor,
    target: ArrayLike | Tensor,
    *,
    delta: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """gap^2 / 2 where |gap| <= delta, else delta (|gap| - delta / 2) (Huber 1964)."""
    if delta <= 0:
        raise SettingsError(f"delta is above 0, got {delta}")
    goal = target if isinstance(target, Tensor) else Tensor(np.asarray(target, prediction.dtype))
    check_same_shape("huber", prediction, goal)
    return reduce_loss(huber_of(prediction - goal, delta=delta), reduction)


@primitive
def huber_of(gap: Array, *, delta: float) -> Result:
    """Huber's function of each element; its slope is the gap cut at +-delta."""
    slope: Array = np.clip(gap, -delta, delta)

    def backward(grad: Array) -> Array:
        by_gap: Array = grad * slope
        return by_gap

    return slope * (gap - 0.5 * slope), backward


@samples(huber_of)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)) * 2,), {"delta": 1.0})
    yield Sample((np.array([-1000.0, -0.5, 0.0, 0.5, 1000.0]),), {"delta": 0.7}, "far out")
    yield Sample((np.array(0.3),), {"delta": 1.0}, "0-d")
