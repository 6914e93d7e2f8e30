"""Squared and absolute error, Huber and smooth L1 loss, and the reduction of losses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, absolute
from pmt_core import SettingsError, ShapeError
from pmt_nn.module.inputs import float_tensor

REDUCTIONS = ("sum", "mean", "none")


def check_reduction(reduction: str) -> None:
    """Raise SettingsError for an unknown reduction."""
    if reduction not in REDUCTIONS:
        raise SettingsError(f"reduction is one of {', '.join(REDUCTIONS)}, got {reduction!r}")


def reduce_loss(losses: Tensor, reduction: str) -> Tensor:
    """Return the sum, the mean (0 if there are no losses), or the losses themselves."""
    check_reduction(reduction)
    if reduction == "none":
        return losses
    if reduction == "sum" or not losses.size:
        return losses.sum()
    return losses.mean()


def check_same_shape(name: str, first: Tensor, second: Tensor) -> None:
    """Raise ShapeError if shapes differ: broadcasting (b, 1) and (b,) would hide a mistake."""
    if first.shape != second.shape:
        raise ShapeError(f"{name} needs two equal shapes, got {first.shape} and {second.shape}")


def mse(prediction: Tensor, target: ArrayLike | Tensor, *, reduction: str = "mean") -> Tensor:
    """Return the squared error (prediction - target)^2 of equal shapes, averaged by default."""
    gap = _gap("mse", prediction, target)
    return reduce_loss(gap * gap, reduction)


def huber(
    prediction: Tensor, target: ArrayLike | Tensor, *, delta: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Return gap^2 / 2 if |gap| <= delta, else delta (|gap| - delta / 2), averaged (Huber 1964)."""
    if not delta > 0:
        raise SettingsError(f"delta must be above 0, got {delta}")
    return reduce_loss(huber_of(_gap("huber", prediction, target), delta=delta), reduction)


def l1_loss(prediction: Tensor, target: ArrayLike | Tensor, *, reduction: str = "mean") -> Tensor:
    """Return the absolute error |prediction - target| of equal shapes; its slope at 0 is 0."""
    return reduce_loss(absolute(_gap("l1_loss", prediction, target)), reduction)


def smooth_l1_loss(
    prediction: Tensor, target: ArrayLike | Tensor, *, beta: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Return gap^2 / (2 beta) if |gap| < beta, else |gap| - beta / 2 (Girshick 2015, eq. 3).

    It is `huber` divided by beta = delta; with beta = 0 it is `l1_loss`.
    """
    if not 0 <= beta < np.inf:
        raise SettingsError(f"beta is finite, 0 or more, got {beta}")
    if not beta:
        return l1_loss(prediction, target, reduction=reduction)
    gap = _gap("smooth_l1_loss", prediction, target) / beta
    return reduce_loss(huber_of(gap, delta=1.0) * beta, reduction)


def _gap(name: str, prediction: Tensor, target: ArrayLike | Tensor) -> Tensor:
    prediction = float_tensor(prediction)
    goal = float_tensor(target, prediction)
    check_same_shape(name, prediction, goal)
    return prediction - goal


@ag.primitive
def huber_of(gap: Array, *, delta: float) -> Result:
    """Return the Huber function of each element; its slope is the gap clipped to +-delta."""
    slope: Array = np.clip(gap, -delta, delta)

    def backward(grad: Array) -> Array:
        return grad * slope

    return slope * (gap - 0.5 * slope), backward


@ag.composed_form(huber_of)
def huber_of_composed(gap: Tensor, *, delta: float) -> Tensor:
    """Compute `huber_of` in plain operations."""
    slope = gap.clip(-delta, delta)
    return slope * (gap - 0.5 * slope)


@ag.samples(huber_of)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)) * 2,), {"delta": 1.0})
    yield Sample((np.array([-1000.0, -0.5, 0.0, 0.5, 1000.0]),), {"delta": 0.7}, "far out")
    yield Sample((np.array(0.3),), {"delta": 1.0}, "0-d")
