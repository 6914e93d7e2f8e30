"""Binary cross-entropy of probabilities and of logits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, log, masked, softplus
from pmt_core import SettingsError, ShapeError, as_floats, cut, sigmoid
from pmt_core import softplus as stable_softplus
from pmt_nn.losses.regression import check_same_shape, loss_mask, reduce_loss
from pmt_nn.module.inputs import float_tensor


def binary_cross_entropy(
    probabilities: Tensor,
    targets: ArrayLike | Tensor,
    *,
    pos_weight: ArrayLike = 1.0,
    mask: NDArray[np.bool_] | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return -(w y log p + (1 - y) log(1 - p)) of equal shapes, for targets y in [0, 1].

    pos_weight (w) and mask: see `binary_cross_entropy_with_logits`, which is exact, and is for
    logits. Loss and slope are those at p clipped to [1e-7, 1 - 1e-7] (1e-12 in float64), so that a
    wrong 0 or 1 has a finite loss, and a slope that leads away from it. Raises SettingsError for a
    probability that is not in [0, 1].

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import binary_cross_entropy
        >>> p = np.array([0.9, 0.9, 0.0])
        >>> y = np.array([1.0, 0.0, 1.0])
        >>> binary_cross_entropy(p, y, reduction="none").data.round(3)  # a wrong 0 is finite
        array([ 0.105,  2.303, 27.631])
    """
    p = float_tensor(probabilities)
    p, goal, mask = _what_counts("binary_cross_entropy", p, targets, mask)
    _check_probabilities("probabilities", p.data)
    least = 1e-12 if p.dtype == np.float64 else 1e-7
    p = p + (np.clip(p.data, least, 1 - least) - p.data)  # unlike `clip` it keeps the gradient
    yes = goal.data * _as_weights(pos_weight, p.data)
    no = 1 - goal.data
    losses = masked(log(p), mask=yes != 0) * yes + masked(log(1 - p), mask=no != 0) * no
    return reduce_loss(-losses, reduction, mask)


def binary_cross_entropy_with_logits(
    logits: Tensor,
    targets: ArrayLike | Tensor,
    *,
    pos_weight: ArrayLike = 1.0,
    mask: NDArray[np.bool_] | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the binary cross-entropy of p = sigmoid(logit), exact for logits of any size.

    targets: y in [0, 1], of the shape of the logits; no gradient. pos_weight: factor of the term
    y log p, a number or an array that broadcasts to the logits, e.g. (c,) for logits (b, c): the
    number of negatives per positive of each class. mask: booleans that broadcast to the logits,
    True = counts; other values have no influence. reduction: "mean" over what counts, "sum" or
    "none". Raises SettingsError for a target that is not in [0, 1], SettingsError or ShapeError for
    a weight that is negative or does not broadcast.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import binary_cross_entropy_with_logits
        >>> logits, y = np.array([0.0, 100.0, -100.0]), np.array([1.0, 1.0, 1.0])
        >>> binary_cross_entropy_with_logits(logits, y, reduction="none").data.round(3)
        array([  0.693,   0.   , 100.   ])
        >>> round(binary_cross_entropy_with_logits(logits[:1], y[:1], pos_weight=3.0).item(), 3)
        2.079
    """
    logits = float_tensor(logits)
    name = "binary_cross_entropy_with_logits"
    logits, goal, mask = _what_counts(name, logits, targets, mask)
    weights = _as_weights(pos_weight, logits.data)
    return reduce_loss(logit_losses(logits, goal.data, pos_weight=weights), reduction, mask)


@ag.primitive
def logit_losses(logits: Array, targets: Array, *, pos_weight: ArrayLike = 1.0) -> Result:
    """Return (1 - y) softplus(x) + w y softplus(-x); slope: (1 - y) s(x) - w y s(-x).

    A term whose factor is 0 is 0 for infinite logits, too.
    """
    logits = as_floats(logits)
    y = np.asarray(targets, logits.dtype)
    if y.shape != logits.shape:
        raise ShapeError(f"logits {logits.shape} need targets of that shape, got {y.shape}")
    yes = y * np.asarray(pos_weight, logits.dtype)  # w y
    no = 1 - y
    losses = _product(no, stable_softplus(logits)) + _product(yes, stable_softplus(-logits))

    def backward(grad: Array) -> tuple[Array, None]:
        return grad * (no * sigmoid(logits) - yes * sigmoid(-logits)), None

    return losses, backward


@ag.composed_form(logit_losses)
def logit_losses_composed(logits: Tensor, targets: Array, *, pos_weight: ArrayLike = 1.0) -> Tensor:
    """Compute `logit_losses` in plain operations, by softplus."""
    yes, no = np.asarray(pos_weight, logits.dtype) * targets, 1 - np.asarray(targets, logits.dtype)
    of_yes = masked(softplus(-logits), mask=yes != 0) * yes
    return of_yes + masked(softplus(logits), mask=no != 0) * no


def _product(factor: Array, values: Array) -> Array:
    """Return factor * values, 0 where the factor is 0 and the value infinite."""
    product: Array = factor * (values if np.isfinite(values).all() else cut(values, factor != 0))
    return product


def _what_counts(
    name: str, x: Tensor, targets: ArrayLike | Tensor, mask: NDArray[np.bool_] | None
) -> tuple[Tensor, Tensor, NDArray[np.bool_] | None]:
    """Return x and the targets, 0 where the mask is False, and the mask in their shape."""
    mask = loss_mask(mask, x)
    if mask is None:
        return x, as_targets(name, targets, x), None
    goal = float_tensor(targets, x)
    check_same_shape(name, x, goal)
    return masked(x, mask=mask), as_targets(name, masked(goal, mask=mask), x), mask


def as_targets(name: str, targets: ArrayLike | Tensor, like: Tensor) -> Tensor:
    """Return targets in [0, 1] of the shape and dtype of `like`. Raises for others."""
    values = np.asarray(targets.data if isinstance(targets, Tensor) else targets)
    goal = Tensor(values.astype(like.dtype, copy=False))
    check_same_shape(name, like, goal)
    if values.dtype != np.bool_:
        _check_probabilities("targets", goal.data)
    return goal


def _as_weights(pos_weight: ArrayLike, like: Array) -> Array:
    """Return the factors of y log p, in the dtype of an array that they broadcast to."""
    weights = np.asarray(pos_weight, like.dtype)
    if not ((weights >= 0) & (weights < np.inf)).all():
        raise SettingsError(f"pos_weight is finite, 0 or more, got {weights}")
    added = like.ndim - weights.ndim
    if added < 0 or any(
        n not in (1, m) for n, m in zip(weights.shape, like.shape[added:], strict=True)
    ):
        raise ShapeError(
            f"pos_weight of shape {weights.shape} does not broadcast to logits of {like.shape}; "
            "give one number, or one for each class (the last axis)"
        )
    return weights


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
    yield Sample((rng.normal(size=(2, 3)), yes), {"pos_weight": 2.5}, "weighted")
    by_class = {"pos_weight": np.array([0.0, 0.5, 3.0])}
    yield Sample((rng.normal(size=(2, 3)), yes), by_class, "weighted by class")
    yield Sample((np.array([-1000.0, 1000, -1000, 1000]), np.array([0, 1, 1, 0])), note="+-1000")
    yield Sample((rng.normal(size=()), np.array(1)), note="0-d")
    yield Sample((np.zeros((0, 2)), np.zeros((0, 2), bool)), note="empty")
