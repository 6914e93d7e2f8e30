"""Regression losses: squared error and Huber loss."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from pmt_autograd import Array, Result, Sample, Tensor, composed_form, primitive, samples
from pmt_core import SettingsError
from pmt_nn.losses.reduction import check_same_shape, reduce_loss


def mse(prediction: Tensor, target: ArrayLike | Tensor, *, reduction: str = "mean") -> Tensor:
    """Return the squared error (prediction - target)^2 of equal shapes, averaged by default."""
    gap = _gap("mse", prediction, target)
    return reduce_loss(gap * gap, reduction)


def huber(
    prediction: Tensor,
    target: ArrayLike | Tensor,
    *,
    delta: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Return the Huber loss (Huber 1964) of equal shapes, averaged by default.

    gap^2 / 2 if |gap| <= delta, else delta (|gap| - delta / 2).
    """
    if delta <= 0:
        raise SettingsError(f"delta must be above 0, got {delta}")
    return reduce_loss(huber_of(_gap("huber", prediction, target), delta=delta), reduction)


def _gap(name: str, prediction: Tensor, target: ArrayLike | Tensor) -> Tensor:
    goal = target if isinstance(target, Tensor) else Tensor(np.asarray(target, prediction.dtype))
    check_same_shape(name, prediction, goal)
    return prediction - goal


@primitive
def huber_of(gap: Array, *, delta: float) -> Result:
    """Return the Huber function of each element; its slope is the gap clipped to +-delta."""
    slope: Array = np.clip(gap, -delta, delta)

    def backward(grad: Array) -> Array:
        by_gap: Array = grad * slope
        return by_gap

    return slope * (gap - 0.5 * slope), backward


@composed_form(huber_of)
def huber_of_composed(gap: Tensor, *, delta: float) -> Tensor:
    """Compute `huber_of` in plain operations."""
    slope = gap.clip(-delta, delta)
    return slope * (gap - 0.5 * slope)


@samples(huber_of)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)) * 2,), {"delta": 1.0})
    yield Sample((np.array([-1000.0, -0.5, 0.0, 0.5, 1000.0]),), {"delta": 0.7}, "far out")
    yield Sample((np.array(0.3),), {"delta": 1.0}, "0-d")
