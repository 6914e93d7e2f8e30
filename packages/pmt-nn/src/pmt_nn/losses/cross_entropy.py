"""Cross-entropy of integer labels under a softmax."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import (
    Array,
    Result,
    Sample,
    Tensor,
    composed_form,
    log_softmax,
    primitive,
    samples,
)
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_core import log_softmax as stable_log_softmax
from pmt_nn.losses.reduction import REDUCTIONS, check_reduction

IGNORE = -100


@primitive
def cross_entropy(
    logits: Array,
    labels: Array,
    *,
    ignore: int = IGNORE,
    reduction: str = "mean",
    smoothing: float = 0.0,
    class_weights: Array | None = None,
) -> Result:
    """-log softmax(logits)[label], summed, averaged or each ("sum", "mean", "none").

    logits: (..., v); labels: integers (...), 0 ... v-1. A label equal to `ignore` counts
    nothing; "mean" divides by the number of others (0 where there are none).
    smoothing e: the label counts 1 - e, and every class e / v (Szegedy et al. 2015, section 7).
    class_weights: (v,) factors of the classes; "mean" divides by the sum of the labels' weights.
    In general the loss is -q . log softmax(logits) with q_k = weight_k ((1 - e) [k = label] + e/v),
    and d loss / d logits = sum(q) softmax(logits) - q.
    Raises ShapeError, DtypeError, SettingsError.
    """
    labels = np.asarray(labels)
    counted = _check(logits, labels, ignore, reduction)
    v = logits.shape[-1]
    weights = _class_weights(class_weights, smoothing, v, logits.dtype)
    rows = logits.reshape(-1, v)
    chosen = np.where(counted, labels, 0).reshape(-1)
    counts = counted.reshape(-1)
    places = np.arange(len(rows))
    log_probabilities = stable_log_softmax(rows, axis=-1)
    losses = -log_probabilities[places, chosen]
    if weights is not None:
        losses *= weights[chosen]
    if smoothing:
        spread = np.ones(v, rows.dtype) if weights is None else weights
        losses *= 1 - smoothing
        losses -= log_probabilities @ (spread * (smoothing / v))
    losses = np.where(counts, losses, 0).astype(rows.dtype)
    n = float(counts.sum()) if weights is None else float(weights[chosen][counts].sum())
    n = n or 1.0

    def backward(grad: Array) -> tuple[Array, None]:
        factor = (grad / n if reduction == "mean" else grad) * counts.reshape(labels.shape)
        by_logits = np.exp(log_probabilities)
        if smoothing or weights is not None:
            _take_distribution(by_logits, chosen, smoothing, weights)
        else:
            by_logits[places, chosen] -= 1
        by_logits *= factor.reshape(-1, 1)
        return by_logits.reshape(logits.shape), None

    if reduction == "none":
        return losses.reshape(labels.shape), backward
    total = losses.sum()
    return (total / n if reduction == "mean" else total).astype(rows.dtype), backward


@composed_form(cross_entropy)
def cross_entropy_composed(
    logits: Tensor,
    labels: NDArray[np.integer],
    *,
    smoothing: float = 0.0,
    class_weights: Array | None = None,
) -> Tensor:
    """Sum of -q . log softmax(logits), in plain operations. logits (n, v), labels (n,).

    q is the distribution that `cross_entropy` tells of.
    """
    v = logits.shape[-1]
    q = (1 - smoothing) * np.eye(v)[labels] + smoothing / v
    if class_weights is not None:
        q = q * class_weights
    loss: Tensor = -(log_softmax(logits, axis=-1) * q).sum()
    return loss


def _take_distribution(
    probabilities: Array, chosen: Array, smoothing: float, weights: Array | None
) -> None:
    """softmax -> sum(q) softmax - q, in place; q as `cross_entropy` tells."""
    v = probabilities.shape[1]
    spread = np.full(v, smoothing / v, probabilities.dtype)
    sharp = np.full(len(chosen), 1 - smoothing, probabilities.dtype)
    if weights is not None:
        spread *= weights
        sharp *= weights[chosen]
    probabilities *= (sharp + spread.sum())[:, np.newaxis]
    probabilities -= spread
    probabilities[np.arange(len(chosen)), chosen] -= sharp


def _class_weights(
    class_weights: Array | None, smoothing: float, v: int, dtype: np.dtype[Any]
) -> Array | None:
    if not 0 <= smoothing < 1:
        raise SettingsError(f"smoothing lies in 0 <= smoothing < 1, got {smoothing}")
    if class_weights is None:
        return None
    weights = np.asarray(class_weights, dtype)
    if weights.shape != (v,) or (weights < 0).any():
        raise ShapeError(
            f"{v} classes want as many weights of 0 or more, got shape {weights.shape}"
        )
    return weights


def _check(logits: Array, labels: Array, ignore: int, reduction: str) -> NDArray[np.bool_]:
    """Which labels count. Raises where the arguments do not go together."""
    check_reduction(reduction)
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"labels are integers (class numbers), got dtype {labels.dtype}")
    if logits.shape[:-1] != labels.shape:
        raise ShapeError(
            f"logits of shape {logits.shape} want labels of shape {logits.shape[:-1]}, "
            f"got {labels.shape}"
        )
    counted: NDArray[np.bool_] = labels != ignore
    v = logits.shape[-1]
    wrong = counted & ((labels < 0) | (labels >= v))
    if wrong.any():
        raise ShapeError(
            f"labels lie in 0 ... {v - 1} for {v} classes (or are {ignore}, to be ignored), "
            f"got {labels[wrong].flat[0]}"
        )
    return counted


@samples(cross_entropy)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    logits, labels = rng.normal(size=(4, 3)), np.array([2, 0, 0, 1])
    for reduction in REDUCTIONS:
        yield Sample((logits, labels), {"reduction": reduction}, note=reduction)
    yield Sample((logits, np.array([2, -100, 0, -100])), note="some ignored")
    yield Sample((logits, np.full(4, -100)), note="all ignored")
    yield Sample((rng.normal(size=(2, 3, 4)), rng.integers(0, 4, (2, 3))), note="sequences")
    smooth = {"smoothing": 0.1}
    weighted = {"class_weights": np.array([0.5, 2.0, 1.5])}
    some = np.array([2, -100, 0, 1])
    for reduction in REDUCTIONS:
        both = {**smooth, **weighted, "reduction": reduction}
        yield Sample((logits, some), both, note=f"smoothed and weighted, {reduction}")
    yield Sample((logits, some), smooth, note="smoothed")
    yield Sample((logits, some), weighted, note="weighted")
    far = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 999.0]])
    yield Sample((far, np.array([0, 2])), {"reduction": "sum"}, note="logits of +-1000")
    yield Sample((far, np.array([1, 0])), {"reduction": "sum"}, note="logits of +-1000, wrong")
