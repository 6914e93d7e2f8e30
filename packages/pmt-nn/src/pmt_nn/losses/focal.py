"""Focal loss (Lin et al. 2017) of several classes, and of independent yes-or-no decisions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, expm1, log_softmax, masked, softplus
from pmt_core import IGNORE_LABEL, SettingsError, as_floats
from pmt_nn.losses.binary_cross_entropy import as_targets
from pmt_nn.losses.cross_entropy import as_class_weights, check_labels
from pmt_nn.losses.log_probabilities import label_terms, mean_of_labels
from pmt_nn.losses.regression import reduce_loss
from pmt_nn.module.inputs import float_tensor


def focal_loss(
    logits: Tensor,
    labels: NDArray[np.integer],
    *,
    gamma: float = 2.0,
    ignore_index: int = IGNORE_LABEL,
    reduction: str = "mean",
    class_weights: Array | None = None,
) -> Tensor:
    """Return -weight (1 - p)^gamma log p of the label's probability p = softmax(logits)[label].

    Examples that are classified well count less (Lin et al. 2017, eq. 5); gamma = 0 is
    `cross_entropy`. logits: (..., v), labels: integers (...), 0 ... v-1. ignore_index: label of
    rows that have no loss. class_weights: (v,), alpha of the paper. reduction: "mean" over the rows
    that are not ignored (0 if there are none), divided by the sum of their weights; "sum"; or
    "none" for (...). Raises ShapeError, DtypeError or SettingsError if the arguments do not fit.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import focal_loss
        >>> logits, labels = np.log([[0.9, 0.1], [0.1, 0.9]]), np.array([0, 0])  # easy, hard
        >>> focal_loss(logits, labels, gamma=0.0, reduction="none").data.round(3)  # cross-entropy
        array([0.105, 2.303])
        >>> focal_loss(logits, labels, reduction="none").data.round(3).tolist()
        [0.001, 1.865]
    """
    _check_gamma(gamma)
    x, labels = float_tensor(logits), np.asarray(labels)
    counted = check_labels(x.data, labels, ignore_index, reduction)
    weights = as_class_weights(class_weights, x.shape[-1], x.dtype)
    x = masked(x, mask=counted[..., np.newaxis])  # nan of an ignored row has no influence
    log_p, share = label_terms(log_softmax(x, axis=-1), labels, counted, weights)
    losses = focal_of(log_p, gamma=gamma)
    if weights is not None:
        losses = losses * share
    losses = masked(losses, mask=np.asarray(share != 0))
    return mean_of_labels(losses, float(share.sum()), reduction)


def sigmoid_focal_loss(
    logits: Tensor,
    targets: ArrayLike | Tensor,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> Tensor:
    """Return the focal loss of p = sigmoid(logit), for targets y in [0, 1] of equal shape.

    -(alpha y (1 - p)^gamma log p + (1 - alpha) (1 - y) p^gamma log(1 - p)), exact for logits of any
    size (Lin et al. 2017, eq. 5). alpha: weight of the positives in [0, 1]; None for a weight of 1
    of both. reduction: "mean", "sum" or "none". Raises SettingsError or ShapeError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import sigmoid_focal_loss
        >>> logits, y = np.array([2.0, -2.0]), np.array([1.0, 1.0])  # easy and hard positives
        >>> sigmoid_focal_loss(logits, y, alpha=None, gamma=0.0, reduction="none").data.round(3)
        array([0.127, 2.127])
        >>> sigmoid_focal_loss(logits, y, alpha=None, reduction="none").data.round(3)
        array([0.002, 1.65 ])
        >>> sigmoid_focal_loss(logits, y, reduction="none").data.round(3)  # times alpha = 0.25
        array([0.   , 0.413])
    """
    _check_gamma(gamma)
    if alpha is not None and not 0 <= alpha <= 1:
        raise SettingsError(f"alpha is None or lies in [0, 1], got {alpha}")
    x = float_tensor(logits)
    y = as_targets("sigmoid_focal_loss", targets, x).data
    yes = y * x.dtype.type(1 if alpha is None else alpha)
    no = (1 - y) * x.dtype.type(1 if alpha is None else 1 - alpha)
    of_yes = focal_of(-softplus(-x), gamma=gamma)
    of_no = focal_of(-softplus(x), gamma=gamma)
    losses = masked(of_yes, mask=yes != 0) * yes + masked(of_no, mask=no != 0) * no
    return reduce_loss(losses, reduction)


@ag.primitive
def focal_of(log_p: Array, *, gamma: float) -> Result:
    """Return -(1 - p)^gamma log p of log-probabilities, of any shape.

    The slope by log p is (1 - p)^gamma (gamma p log p / (1 - p) - 1); the fraction is -1 at p = 1,
    so that the slope is finite for every gamma, and 0 at p = 0.
    """
    log_p = as_floats(log_p)
    rest = -np.expm1(log_p)  # 1 - p
    factor = np.power(rest, log_p.dtype.type(gamma)) if gamma else np.ones_like(log_p)

    def backward(grad: Array) -> Array:
        p = np.exp(log_p)
        fraction = p * np.where(p > 0, log_p, 0) / np.where(rest > 0, rest, 1)
        fraction = np.where(rest > 0, fraction, -1).astype(log_p.dtype)
        slope: Array = factor * (gamma * fraction - 1)
        return grad * slope

    return -factor * log_p, backward


@ag.composed_form(focal_of)
def focal_of_composed(log_p: Tensor, *, gamma: float) -> Tensor:
    """Compute `focal_of` in plain operations."""
    losses: Tensor = (-expm1(log_p)) ** gamma * -log_p if gamma else -log_p
    return losses


def _check_gamma(gamma: float) -> None:
    if not 0 <= gamma < np.inf:
        raise SettingsError(f"gamma is finite, 0 or more, got {gamma}")


@ag.samples(focal_of)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for gamma in (0.0, 0.5, 2.0):
        yield Sample((-rng.uniform(0.1, 3, size=(2, 3)),), {"gamma": gamma}, f"gamma {gamma}")
    yield Sample((np.array(-0.5),), {"gamma": 2.0}, "0-d")
    yield Sample((np.zeros((0, 2)),), {"gamma": 2.0}, "empty")
    yield Sample((np.array([-1000.0, -50.0]),), {"gamma": 2.0}, "improbable")
