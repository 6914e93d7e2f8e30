"""Cross-entropy of integer labels under a softmax."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array, Result, Sample, Tensor, log_softmax, primitive, samples
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_core import log_softmax as stable_log_softmax

IGNORE = -100
REDUCTIONS = ("sum", "mean", "none")


def cross_entropy_composed(logits: Tensor, labels: NDArray[np.integer]) -> Tensor:
    """Sum of -log softmax(logits)[label], in plain operations. logits (n, v), labels (n,)."""
    log_probabilities = log_softmax(logits, axis=-1)
    return -log_probabilities[np.arange(len(labels)), labels].sum()


@primitive
def cross_entropy(
    logits: Array, labels: Array, *, ignore: int = IGNORE, reduction: str = "mean"
) -> Result:
    """-log softmax(logits)[label], summed, averaged or each ("sum", "mean", "none").

    logits: (..., v); labels: integers (...), 0 ... v-1. A label equal to `ignore` counts
    nothing; "mean" divides by the number of others (0 where there are none).
    d loss / d logits = softmax(logits) - onehot(label).
    Raises ShapeError, DtypeError, SettingsError.
    """
    labels = np.asarray(labels)
    counted = _check(logits, labels, ignore, reduction)
    rows = logits.reshape(-1, logits.shape[-1])
    chosen = np.where(counted, labels, 0).reshape(-1)
    counts = counted.reshape(-1)
    places = np.arange(len(rows))
    log_probabilities = stable_log_softmax(rows, axis=-1)
    losses = np.where(counts, -log_probabilities[places, chosen], 0).astype(rows.dtype)
    n = max(int(counts.sum()), 1)

    def backward(grad: Array) -> tuple[Array, None]:
        weight = (grad / n if reduction == "mean" else grad) * counts.reshape(labels.shape)
        by_logits = np.exp(log_probabilities)
        by_logits[places, chosen] -= 1
        by_logits *= weight.reshape(-1, 1)
        return by_logits.reshape(logits.shape), None

    if reduction == "none":
        return losses.reshape(labels.shape), backward
    total = losses.sum()
    return (total / n if reduction == "mean" else total).astype(rows.dtype), backward


def _check(logits: Array, labels: Array, ignore: int, reduction: str) -> NDArray[np.bool_]:
    """Which labels count. Raises where the arguments do not go together."""
    if reduction not in REDUCTIONS:
        raise SettingsError(f"reduction is one of {', '.join(REDUCTIONS)}, got {reduction!r}")
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
    far = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 999.0]])
    yield Sample((far, np.array([0, 2])), {"reduction": "sum"}, note="logits of +-1000")
    yield Sample((far, np.array([1, 0])), {"reduction": "sum"}, note="logits of +-1000, wrong")
