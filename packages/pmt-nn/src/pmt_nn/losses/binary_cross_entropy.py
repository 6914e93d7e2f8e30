"""Binary cross-entropy of probabilities and of logits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, log, masked, softplus
from pmt_core import SettingsError, ShapeError, as_floats, cut, sigmoid
from pmt_core import softplus as stable_softplus
from pmt_nn.losses.regression import check_same_shape, reduce_loss
from pmt_nn.module.inputs import float_tensor


def binary_cross_entropy(
    probabilities: Tensor, targets: ArrayLike | Tensor, *, reduction: str = "mean"
) -> Tensor:
    """Return -(y log p + (1 - y) log(1 - p)) of equal shapes, for targets y in [0, 1].

    Loss and slope are those at p clipped to [1e-7, 1 - 1e-7] (1e-12 in float64), so that a wrong 0
    or 1 has a finite loss, and a slope that leads away from it. For logits,
    `binary_cross_entropy_with_logits` is exact. Raises SettingsError for a probability that is not
    in [0, 1].
    """
    p = float_tensor(probabilities)
    goal = _as_targets("binary_cross_entropy", targets, p)
    _check_probabilities("probabilities", p.data)
    least = 1e-12 if p.dtype == np.float64 else 1e-7
    p = p + (np.clip(p.data, least, 1 - least) - p.data)  # unlike `clip` it keeps the gradient
    no = 1 - goal.data
    losses = masked(goal * log(p), mask=goal.data != 0) + masked(no * log(1 - p), mask=no != 0)
    return reduce_loss(-losses, reduction)


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
    Raises SettingsError for a target that is not in [0, 1].
    """
    if not 0 <= positive_weight < np.inf:
        raise SettingsError(f"positive_weight is finite, 0 or more, got {positive_weight}")
    logits = float_tensor(logits)
    goal = _as_targets("binary_cross_entropy_with_logits", targets, logits)
    return reduce_loss(logit_losses(logits, goal.data, positive_weight=positive_weight), reduction)


@ag.primitive
def logit_losses(logits: Array, targets: Array, *, positive_weight: float = 1.0) -> Result:
    """Return (1 - y) softplus(x) + w y softplus(-x); slope: (1 - y) s(x) - w y s(-x).

    A term whose factor is 0 is 0 for infinite logits, too.
    """
    logits = as_floats(logits)
    y = np.asarray(targets, logits.dtype)
    if y.shape != logits.shape:
        raise ShapeError(f"logits {logits.shape} need targets of that shape, got {y.shape}")
    yes = y * logits.dtype.type(positive_weight)  # w y
    no = 1 - y
    losses = _product(no, stable_softplus(logits)) + _product(yes, stable_softplus(-logits))

    def backward(grad: Array) -> tuple[Array, None]:
        return grad * (no * sigmoid(logits) - yes * sigmoid(-logits)), None

    return losses, backward


@ag.composed_form(logit_losses)
def logit_losses_composed(
    logits: Tensor, targets: Array, *, positive_weight: float = 1.0
) -> Tensor:
    """Compute `logit_losses` in plain operations, by softplus."""
    yes, no = positive_weight * targets, 1 - np.asarray(targets, logits.dtype)
    of_yes = masked(softplus(-logits), mask=yes != 0) * yes
    return of_yes + masked(softplus(logits), mask=no != 0) * no


def _product(factor: Array, values: Array) -> Array:
    """Return factor * values, 0 where the factor is 0 and the value infinite."""
    product: Array = factor * (values if np.isfinite(values).all() else cut(values, factor != 0))
    return product


def _as_targets(name: str, targets: ArrayLike | Tensor, like: Tensor) -> Tensor:
    values = np.asarray(targets.data if isinstance(targets, Tensor) else targets)
    goal = Tensor(values.astype(like.dtype, copy=False))
    check_same_shape(name, like, goal)
    if values.dtype != np.bool_:
        _check_probabilities("targets", goal.data)
    return goal


def _check_probabilities(name: str, p: Array) -> None:
    """Raise SettingsError unless all numbers lie in [0, 1]; nan does not."""
    if p.size and not (p.min() >= 0 and p.max() <= 1):
        wrong = p[~((p >= 0) & (p <= 1))]
        raise SettingsError(
            f"{name} lie in [0, 1], got {wrong.flat[0]} and {wrong.size - 1} others of {p.size}; "
            "logits go to binary_cross_entropy_with_logits"
        )


@ag.samples(logit_losses)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yes = np.array([[True, False, True], [False, False, True]])
    yield Sample((rng.normal(size=(2, 3)) * 3, yes))
    yield Sample((rng.normal(size=(2, 3)), yes), {"positive_weight": 2.5}, "weighted")
    yield Sample((np.array([-1000.0, 1000, -1000, 1000]), np.array([0, 1, 1, 0])), note="+-1000")
    yield Sample((rng.normal(size=()), np.array(1)), note="0-d")
    yield Sample((np.zeros((0, 2)), np.zeros((0, 2), bool)), note="empty")
