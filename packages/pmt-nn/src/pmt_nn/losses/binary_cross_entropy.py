"""Binary cross-entropy of probabilities and of logits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, clip, log, softplus
from pmt_core import ShapeError, sigmoid
from pmt_core import softplus as stable_softplus
from pmt_nn.losses.regression import check_same_shape, reduce_loss


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
