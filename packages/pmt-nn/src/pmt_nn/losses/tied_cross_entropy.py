"""Cross-entropy over a vocabulary without storing all logits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor
from pmt_core import DtypeError, ShapeError, as_floats
from pmt_nn.layers.linear import tied_linear
from pmt_nn.losses.cross_entropy import check_label_smoothing, cross_entropy

_BLOCK = 1 << 21  # logits at a time: enough rows that the products are worth their overhead


@ag.primitive
def tied_cross_entropy(
    x: Array,
    table: Array,
    bias: Array,
    labels: Array,
    *,
    label_smoothing: float = 0.0,
    needs_grad: NeedsGrad = (True,) * 4,
) -> Result:
    """Return the summed cross-entropy of the logits x W^T + b: output layer and loss in one step.

    x: (n, d), a row for each predicted token, without padding; table: (v, d), bias: (v,), labels:
    integers (n,), 0 ... v-1. With logits z and label smoothing e (Szegedy et al. 2015, section 7)
    the loss of a row is

        log sum exp z - (1 - e) z[label] - e mean(z),    by z: softmax(z) - q,

    with q = 1 - e at the label plus e / v everywhere. The logits of a few hundred rows at a time
    are computed and turned into their part of the gradients by x, table and bias, so no array
    (n, v) is stored. The part of the mean is the same for all columns, so it is added to the
    results and not to the logits.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import cross_entropy, tied_cross_entropy
        >>> rng = np.random.default_rng(0)
        >>> x, table, bias = rng.normal(size=(6, 4)), rng.normal(size=(1000, 4)), np.zeros(1000)
        >>> labels = np.arange(6)
        >>> loss = tied_cross_entropy(x, table, bias, labels)
        >>> np.allclose(loss.data, cross_entropy(x @ table.T, labels, reduction="sum").data)
        True
    """
    check_label_smoothing(label_smoothing)
    check_tied(x, table, bias, labels)
    x = as_floats(x)
    n, v, smoothing = len(x), len(table), label_smoothing
    column_sum = table.sum(axis=0)  # d; x . column_sum is the sum of a row's logits, bias aside
    by_x = np.empty_like(x) if needs_grad[0] else None
    by_table = np.zeros_like(table) if needs_grad[1] else None
    by_bias = np.zeros_like(bias) if needs_grad[2] else None
    loss = 0.0
    if smoothing and n:
        mean = float((x @ column_sum).sum(dtype=np.float64) + n * bias.sum(dtype=np.float64)) / v
        loss = -smoothing * mean
    for start in range(0, n, max(_BLOCK // v, 1)):
        part = slice(start, start + max(_BLOCK // v, 1))
        rows, chosen = x[part], labels[part]
        index = np.arange(len(rows))
        logits = rows @ table.T
        logits += bias
        label_logits = logits[index, chosen].sum(dtype=np.float64)
        loss += _to_softmax(logits) - (1 - smoothing) * float(label_logits)
        logits[index, chosen] -= 1 - smoothing
        if by_x is not None:
            np.matmul(logits, table, out=by_x[part])
        if by_table is not None:
            by_table += logits.T @ rows
        if by_bias is not None:
            by_bias += np.ones(len(rows), x.dtype) @ logits
    spread = x.dtype.type(smoothing / v)
    for gradient, of_mean in ((by_x, column_sum), (by_table, x.sum(axis=0)), (by_bias, n)):
        if gradient is not None and smoothing:
            gradient -= spread * of_mean

    def backward(grad: Array) -> Gradients:
        return (*(None if by is None else by * grad for by in (by_x, by_table, by_bias)), None)

    return np.asarray(loss, x.dtype), backward


@ag.composed_form(tied_cross_entropy)
def tied_cross_entropy_composed(
    x: Tensor, table: Tensor, bias: Tensor, labels: Array, *, label_smoothing: float = 0.0
) -> Tensor:
    """Compute `tied_cross_entropy` as two operations, with all logits."""
    logits = tied_linear(x, table, bias)
    return cross_entropy(logits, labels, reduction="sum", label_smoothing=label_smoothing)


def _to_softmax(logits: Array) -> float:
    """Replace logits (n, v) by their softmax. Returns the sum of the logsumexp of the rows."""
    top = logits.max(axis=1, keepdims=True)
    logits -= top
    np.exp(logits, out=logits)
    total = logits @ np.ones(logits.shape[1], logits.dtype)
    logits *= (1 / total)[:, np.newaxis]
    return float(top.sum(dtype=np.float64) + np.log(total).sum(dtype=np.float64))


def check_tied(x: Array, table: Array, bias: Array, labels: Array) -> None:
    """Raise ShapeError or DtypeError if rows, output layer and labels do not fit each other."""
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"labels are integers (numbers of rows of the table), got {labels.dtype}")
    if x.ndim != 2 or table.ndim != 2 or x.shape[1] != table.shape[1]:
        raise ShapeError(f"x is (n, d) and the table (v, d), got {x.shape} and {table.shape}")
    if labels.shape != x.shape[:1] or bias.shape != table.shape[:1]:
        raise ShapeError(
            f"{len(x)} rows need as many labels and {len(table)} classes as many biases, got "
            f"shapes {labels.shape} and {bias.shape}"
        )
    if labels.size and not (labels.min() >= 0 and labels.max() < len(table)):
        raise ShapeError(
            f"labels lie in 0 ... {len(table) - 1}, got {labels.min()} to {labels.max()}; leave "
            "out the rows of padding"
        )


@ag.samples(tied_cross_entropy)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x, table, bias = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=5)
    labels = np.array([4, 0, 0, 2])
    yield Sample((x, table, bias, labels))
    yield Sample((x, table, bias, labels), {"label_smoothing": 0.1}, note="smoothed")
    yield Sample((x[:0], table, bias, labels[:0]), {"label_smoothing": 0.1}, note="no rows")
    far = (300 * x, table, bias, labels)
    yield Sample(far, {"label_smoothing": 0.1}, note="logits of hundreds")
