"""Cross-entropy of integer labels or probabilities under a softmax."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor, log_softmax, masked
from pmt_core import IGNORE_LABEL, DtypeError, SettingsError, ShapeError, as_floats, cut
from pmt_core import log_softmax as stable_log_softmax
from pmt_nn.losses.regression import REDUCTIONS, check_reduction, reduce_loss
from pmt_nn.losses.soft_targets import check_soft_targets, soft_losses


@ag.primitive
def cross_entropy(
    logits: Array,
    labels: Array,
    *,
    ignore_index: int = IGNORE_LABEL,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    class_weights: Array | None = None,
    needs_grad: NeedsGrad = (True, True),
) -> Result:
    """Return the cross-entropy -log softmax(logits)[label] of integer labels, or of soft targets.

    In general it is -q . log softmax(logits), q_k = weight_k ((1 - e) [k = label] + e / v), and its
    gradient is sum(q) softmax(logits) - q. logits: (..., v), labels: integers (...), 0 ... v-1, or
    floats (..., v), a probability for each class, which replaces [k = label] (distillation, mixup).
    Raises ShapeError, DtypeError or SettingsError if the arguments do not fit.

    ignore_index: label of rows that have no loss. reduction: "mean" over the rows that are not
    ignored (0 if there are none), "sum", or "none" for (...). label_smoothing: e (Szegedy et al.
    2015, section 7). class_weights: (v,) factors; "mean" divides by the sum of those of the labels,
    for probabilities by the number of rows.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import cross_entropy
        >>> logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
        >>> cross_entropy(logits, np.array([0, 2]), reduction="none").data.round(3)  # -ln p
        array([0.693, 0.223])
        >>> round(cross_entropy(logits, np.array([0, -100])).item(), 3)  # the second row is ignored
        0.693

        With label smoothing the loss grows again if a prediction is too certain:

        >>> logits, labels = np.array([[2.0, 0.0], [4.0, 0.0], [8.0, 0.0]]), np.array([0, 0, 0])
        >>> cross_entropy(logits, labels, reduction="none").data.round(3)
        array([0.127, 0.018, 0.   ])
        >>> cross_entropy(logits, labels, label_smoothing=0.1, reduction="none").data.round(3)
        array([0.227, 0.218, 0.4  ])
    """
    logits, labels = as_floats(logits), np.asarray(labels)
    if labels.dtype.kind == "f" and labels.ndim == logits.ndim:
        settings = label_smoothing, class_weights
        labels = labels.astype(logits.dtype, copy=False)
        return _of_soft_targets(logits, labels, reduction, *settings, needs_grad=needs_grad)
    counted = check_labels(logits, labels, ignore_index, reduction)
    v = logits.shape[-1]
    smoothing, weights = label_smoothing, as_class_weights(class_weights, v, logits.dtype)
    check_label_smoothing(smoothing)
    rows, counts = logits.reshape(-1, v), counted.reshape(-1)
    chosen = np.where(counted, labels, 0).reshape(-1)
    log_probabilities = stable_log_softmax(rows, axis=-1)
    losses = _losses(log_probabilities, chosen, smoothing, weights)
    losses = np.where(counts, losses, 0).astype(rows.dtype)
    n = float(counts.sum() if weights is None else weights[chosen][counts].sum()) or 1.0

    def backward(grad: Array) -> tuple[Array, None]:
        factor = grad.reshape(-1, 1) / n if reduction == "mean" else grad.reshape(-1, 1)
        by_logits = np.exp(log_probabilities)
        if smoothing or weights is not None:
            _subtract_distribution(by_logits, chosen, smoothing, weights)
        else:
            by_logits[np.arange(len(rows)), chosen] -= 1
        active = counts
        if weights is not None and not smoothing:
            active = counts & (weights[chosen] != 0)
        if not active.all():
            cut(by_logits, active[:, np.newaxis], out=by_logits)
            factor = cut(factor, active[:, np.newaxis])
        by_logits *= factor
        return by_logits.reshape(logits.shape), None

    if reduction == "none":
        return losses.reshape(labels.shape), backward
    total = losses.sum()
    return (total / n if reduction == "mean" else total).astype(rows.dtype), backward


def _of_soft_targets(
    logits: Array,
    targets: Array,
    reduction: str,
    smoothing: float,
    class_weights: Array | None,
    needs_grad: NeedsGrad,
) -> Result:
    check_reduction(reduction)
    check_soft_targets(logits, targets)
    check_label_smoothing(smoothing)
    weights = as_class_weights(class_weights, logits.shape[-1], logits.dtype)
    log_probabilities = stable_log_softmax(logits, axis=-1)
    losses, by_losses = soft_losses(log_probabilities, targets, smoothing, weights, needs_grad)
    n = max(losses.size, 1) if reduction == "mean" else 1

    def backward(grad: Array) -> Gradients:
        return by_losses(grad if reduction == "none" else np.broadcast_to(grad / n, losses.shape))

    if reduction == "none":
        return losses, backward
    return (losses.sum() / n).astype(losses.dtype), backward


@ag.composed_form(cross_entropy)
def cross_entropy_composed(
    logits: Tensor,
    labels: NDArray[Any] | Tensor,
    *,
    ignore_index: int = IGNORE_LABEL,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    class_weights: Array | None = None,
) -> Tensor:
    """Compute `cross_entropy` in plain operations: -q . log softmax(logits)."""
    v = logits.shape[-1]
    weights = np.ones(v) if class_weights is None else class_weights
    if isinstance(labels, Tensor) or labels.dtype.kind == "f":
        return _composed_of_soft_targets(logits, labels, reduction, label_smoothing, weights)
    counted = labels != ignore_index
    one_hot = np.eye(v)[np.where(counted, labels, 0)]
    q = weights * ((1 - label_smoothing) * one_hot + label_smoothing / v) * counted[..., np.newaxis]
    # 0 log 0 is 0: a logit of -inf, beside the label, costs nothing.
    losses: Tensor = -(masked(log_softmax(logits, axis=-1), mask=q != 0) * q).sum(axis=-1)
    if reduction == "none":
        return losses
    count = weights[labels[counted]].sum() if reduction == "mean" and counted.any() else 1.0
    return losses.sum() / float(count)


def _composed_of_soft_targets(
    logits: Tensor, targets: Tensor | Array, reduction: str, smoothing: float, weights: Array
) -> Tensor:
    soft = targets if isinstance(targets, Tensor) else Tensor(targets)
    q = ((1 - smoothing) * soft + smoothing / logits.shape[-1]) * weights.astype(logits.dtype)
    has_loss = q.data != 0
    losses: Tensor = -(masked(log_softmax(logits, axis=-1), mask=has_loss) * q).sum(axis=-1)
    return reduce_loss(losses, reduction)


def _losses(
    log_probabilities: Array, chosen: Array, smoothing: float, weights: Array | None
) -> Array:
    """Return -q . log p of each row, with q of `cross_entropy`."""
    losses: Array = -log_probabilities[np.arange(len(chosen)), chosen]
    v = log_probabilities.shape[1]
    if weights is not None:
        losses = weights[chosen] * cut(losses, weights[chosen] != 0)
    if smoothing:
        losses *= 1 - smoothing
        if weights is None:
            losses -= log_probabilities.sum(axis=1) * (smoothing / v)
        else:
            has_weight = weights != 0  # 0 log 0 is 0
            losses -= log_probabilities[:, has_weight] @ (weights[has_weight] * (smoothing / v))
    return losses


def _subtract_distribution(
    probabilities: Array, chosen: Array, smoothing: float, weights: Array | None
) -> None:
    """Replace softmax by sum(q) softmax - q, with q of `cross_entropy`."""
    v = probabilities.shape[1]
    spread = np.full(v, smoothing / v, probabilities.dtype)
    sharp = np.full(len(chosen), 1 - smoothing, probabilities.dtype)
    if weights is not None:
        spread *= weights
        sharp *= weights[chosen]
    probabilities *= (sharp + spread.sum())[:, np.newaxis]
    probabilities -= spread
    probabilities[np.arange(len(chosen)), chosen] -= sharp


def check_label_smoothing(label_smoothing: float) -> None:
    """Raise SettingsError if label_smoothing is not in 0 <= label_smoothing < 1."""
    if not 0 <= label_smoothing < 1:
        raise SettingsError(f"0 <= label_smoothing < 1 is required, got {label_smoothing}")


def as_class_weights(class_weights: Array | None, v: int, dtype: np.dtype[Any]) -> Array | None:
    """Return the weights (v,) in a dtype, or None. Raises ShapeError for others."""
    if class_weights is None:
        return None
    weights = np.asarray(class_weights, dtype)
    if weights.shape != (v,) or not (weights >= 0).all():
        raise ShapeError(
            f"{v} classes need as many weights of 0 or more, got shape {weights.shape}"
        )
    return weights


def check_labels(
    logits: Array, labels: Array, ignore_index: int, reduction: str
) -> NDArray[np.bool_]:
    """Return which labels count. Raises if the arguments do not fit."""
    check_reduction(reduction)
    if labels.dtype.kind not in "iu":
        raise DtypeError(
            "labels are integers (class numbers) or probabilities (floats, one for each class), "
            f"got dtype {labels.dtype}"
        )
    if not logits.ndim or logits.shape[:-1] != labels.shape:
        raise ShapeError(
            f"logits of shape {logits.shape} need labels of shape {logits.shape[:-1]}, "
            f"got {labels.shape}"
        )
    counted: NDArray[np.bool_] = labels != ignore_index
    v = logits.shape[-1]
    wrong = counted & ((labels < 0) | (labels >= v))
    if wrong.any():
        raise ShapeError(
            f"labels lie in 0 ... {v - 1} for {v} classes (or are {ignore_index}, to be ignored), "
            f"got {labels[wrong].flat[0]}"
        )
    return counted


@ag.samples(cross_entropy)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    logits, labels = rng.normal(size=(4, 3)), np.array([2, 0, 0, 1])
    for reduction in REDUCTIONS:
        yield Sample((logits, labels), {"reduction": reduction}, note=reduction)
    yield Sample((logits, np.array([2, -100, 0, -100])), note="some ignored")
    yield Sample((logits, np.full(4, -100)), note="all ignored")
    yield Sample((rng.normal(size=(2, 3, 4)), rng.integers(0, 4, (2, 3))), note="sequences")
    smooth, some = {"label_smoothing": 0.1}, np.array([2, -100, 0, 1])
    weighted = {"class_weights": np.array([0.5, 2.0, 1.5])}
    for reduction in REDUCTIONS:
        settings = {**smooth, **weighted, "reduction": reduction}
        yield Sample((logits, some), settings, note=f"smoothed and weighted, {reduction}")
    yield Sample((logits, some), smooth, note="smoothed")
    yield Sample((logits, some), weighted, note="weighted")
    far = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 999.0]])
    yield Sample((far, np.array([0, 2])), {"reduction": "sum"}, note="logits of +-1000")
    yield Sample((far, np.array([1, 0])), {"reduction": "sum"}, note="logits of +-1000, wrong")
    soft = rng.dirichlet(np.ones(3), 4)
    for reduction in REDUCTIONS:
        settings = {**smooth, **weighted, "reduction": reduction}
        yield Sample((logits, soft), settings, note=f"probabilities, {reduction}")
    sequences = rng.normal(size=(2, 3, 4)), rng.uniform(size=(2, 3, 4))
    yield Sample(sequences, note="sequences of any sum")
    yield Sample((logits[:0], soft[:0]), note="no rows")
