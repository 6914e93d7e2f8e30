"""Losses of single elements, squared, Huber and binary cross-entropy, and their reduction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, clip, log, softplus
from pmt_core import SettingsError, ShapeError, sigmoid
from pmt_core import softplus as stable_softplus

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
    if delta <= 0:
        raise SettingsError(f"delta must be above 0, got {delta}")
    return reduce_loss(huber_of(_gap("huber", prediction, target), delta=delta), reduction)


def _gap(name: str, prediction: Tensor, target: ArrayLike | Tensor) -> Tensor:
    goal = target if isinstance(target, Tensor) else Tensor(np.asarray(target, prediction.dtype))
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


def binary_cross_entropy(
    probabilities: Tensor, targets: ArrayLike | Tensor, *, reduction: str = "mean"
) -> Tensor:
    """Return -(y log p + (1 - y) log(1 - p)) of equal shapes, for targets y in [0, 1].

    Probabilities are clipped to [1e-7, 1 - 1e-7] (1e-12 in float64), so that a wrong 0 or 1 has a
    finite loss. For logits, `binary_cross_entropy_with_logits` is exact.
    """
    goal = _as_targets("binary_cross_entropy", targets, probabilities)
    least = 1e-7 if probabilities.dtype == np.float32 else 1e-12
    p = clip(probabilities, low=least, high=1 - least)
    return reduce_loss(-(goal * log(p) + (1 - goal) * log(1 - p)), reduction)


def binary_cross_entropy_with_logits(
    logits: Tensor,
    targets: ArrayLike | Tensor,
    *,
    positive_weight: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Return the binary cross-entropy of p = sigmoid(logit), exact for logits of any size.

    targets: y in [0, 1], of the shape of the logits; no gradient. positive_weight: factor of the
    term y log p, e.g. the number of negatives per positive. reduction: "mean", "sum" or "none".
    """
    goal = _as_targets("binary_cross_entropy_with_logits", targets, logits)
    return reduce_loss(logit_losses(logits, goal.data, positive_weight=positive_weight), reduction)


@ag.primitive
def logit_losses(logits: Array, targets: Array, *, positive_weight: float = 1.0) -> Result:
    """Return (1 - y) softplus(x) + w y softplus(-x); slope: (1 - y) s(x) - w y s(-x)."""
    y = np.asarray(targets, logits.dtype)
    if y.shape != logits.shape:
        raise ShapeError(f"logits {logits.shape} need targets of that shape, got {y.shape}")
    yes = y * logits.dtype.type(positive_weight)  # w y
    losses = (1 - y) * stable_softplus(logits) + yes * stable_softplus(-logits)

    def backward(grad: Array) -> tuple[Array, None]:
        return grad * ((1 - y) * sigmoid(logits) - yes * sigmoid(-logits)), None

    return losses, backward


@ag.composed_form(logit_losses)
def logit_losses_composed(
    logits: Tensor, targets: Array, *, positive_weight: float = 1.0
) -> Tensor:
    """Compute `logit_losses` in plain operations, by softplus."""
    yes = softplus(-logits) * (positive_weight * targets)
    return yes + softplus(logits) * (1 - targets)


def _as_targets(name: str, targets: ArrayLike | Tensor, like: Tensor) -> Tensor:
    values = targets.data if isinstance(targets, Tensor) else targets
    goal = Tensor(np.asarray(values, like.dtype))
    check_same_shape(name, like, goal)
    return goal


@ag.samples(logit_losses)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yes = np.array([[True, False, True], [False, False, True]])
    yield Sample((rng.normal(size=(2, 3)) * 3, yes))
    yield Sample((rng.normal(size=(2, 3)), yes), {"positive_weight": 2.5}, "weighted")
    yield Sample((np.array([-1000.0, 1000, -1000, 1000]), np.array([0, 1, 1, 0])), note="+-1000")
    yield Sample((rng.normal(size=()), np.array(1)), note="0-d")
    yield Sample((np.zeros((0, 2)), np.zeros((0, 2), bool)), note="empty")
