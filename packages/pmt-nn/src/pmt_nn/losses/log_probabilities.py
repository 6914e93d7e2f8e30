"""Losses of log-probabilities: `nll_loss` of labels and `kl_div` of distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_autograd import Array, Tensor, exp, log, masked, take_along_axis
from pmt_core import IGNORE_LABEL, SettingsError
from pmt_nn.losses.cross_entropy import as_class_weights, check_labels
from pmt_nn.losses.regression import check_same_shape, reduce_loss
from pmt_nn.module.inputs import float_tensor


def nll_loss(
    log_probabilities: Tensor,
    labels: NDArray[np.integer],
    *,
    ignore_index: int = IGNORE_LABEL,
    reduction: str = "mean",
    class_weights: Array | None = None,
) -> Tensor:
    """Return the negative log-likelihood -weight[label] log p[label].

    log_probabilities: (..., v), e.g. of `log_softmax`, with which it is `cross_entropy`; labels:
    integers (...), 0 ... v-1. ignore_index: label of rows that have no loss. reduction: "mean" over
    the rows that are not ignored (0 if there are none), with class_weights (v,) divided by the sum
    of those of the labels; "sum"; or "none" for (...). Raises ShapeError, DtypeError or
    SettingsError if the arguments do not fit.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import log_softmax
        >>> from pmt_nn import cross_entropy, nll_loss
        >>> logits, labels = np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 0])
        >>> nll_loss(log_softmax(logits), labels, reduction="none").data.round(3)
        array([0.127, 2.127])
        >>> cross_entropy(logits, labels, reduction="none").data.round(3)
        array([0.127, 2.127])
    """
    x, labels = float_tensor(log_probabilities), np.asarray(labels)
    counted = check_labels(x.data, labels, ignore_index, reduction)
    weights = as_class_weights(class_weights, x.shape[-1], x.dtype)
    losses, share = label_terms(x, labels, counted, weights)
    losses = -losses
    if weights is not None:
        losses = losses * share
    return mean_of_labels(losses, float(share.sum()), reduction)


def label_terms(
    x: Tensor, labels: NDArray[np.integer], counted: NDArray[np.bool_], weights: Array | None
) -> tuple[Tensor, Array]:
    """Return x (..., v) at the labels (...), 0 at those that have no weight, and the weights."""
    chosen = np.where(counted, labels, 0)
    share = counted.astype(x.dtype) if weights is None else np.where(counted, weights[chosen], 0)
    if not x.shape[-1]:
        return x.sum(axis=-1), share.astype(x.dtype)
    terms = take_along_axis(x, chosen[..., np.newaxis], axis=-1).reshape(*labels.shape)
    return masked(terms, mask=np.asarray(share != 0)), share.astype(x.dtype)


def mean_of_labels(losses: Tensor, count: float, reduction: str) -> Tensor:
    """Return the reduced losses; "mean" divides by the count, the sum of the labels' weights."""
    if reduction != "mean":
        return reduce_loss(losses, reduction)
    return losses.sum() / (count or 1.0)


def kl_div(
    log_probabilities: Tensor,
    target: ArrayLike | Tensor,
    *,
    log_target: bool = False,
    reduction: str = "batchmean",
) -> Tensor:
    """Return the Kullback-Leibler divergence KL(p || q) = sum p (log p - log q).

    log_probabilities: log q, of any shape, e.g. (b, v). target: p of the same shape, or log p if
    log_target; terms of p = 0 are 0, with gradient 0. Both sides have a gradient. reduction:
    "batchmean", the sum divided by the length of the first axis, which is the mean divergence if
    the batch has two axes; "sum"; "mean" over all elements; or "none" for the terms. Raises
    SettingsError or ShapeError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import kl_div
        >>> p, q = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
        >>> round(kl_div(np.log(q), p).item(), 4)  # 0.5 ln 2 + 0.5 ln 2/3
        0.1438
        >>> round(kl_div(np.log(p), q).item(), 4)  # not symmetric
        0.1308
    """
    x = float_tensor(log_probabilities)
    goal = float_tensor(target, x)
    check_same_shape("kl_div", x, goal)
    if log_target:
        has_mass, p, log_p = goal.data != -np.inf, exp(goal), goal
    else:
        if goal.size and not goal.data.min() >= 0:
            raise SettingsError(
                f"kl_div needs probabilities of 0 or more as target, got {goal.data.min()}; "
                "log-probabilities need log_target=True"
            )
        has_mass, p = np.asarray(goal.data != 0), masked(goal, mask=np.asarray(goal.data != 0))
        log_p = log(_with_ones(goal, has_mass))
    gap = masked(log_p, mask=np.asarray(has_mass)) - masked(x, mask=np.asarray(has_mass))
    terms = p * gap
    if reduction == "batchmean":
        return terms.sum() / max(len(terms) if terms.ndim else 1, 1)
    return reduce_loss(terms, reduction)


def _with_ones(x: Tensor, mask: NDArray[np.bool_]) -> Tensor:
    """Return x where the mask is True, and 1 elsewhere, without a gradient there."""
    return masked(x, mask=mask) + (~mask).astype(x.dtype)
