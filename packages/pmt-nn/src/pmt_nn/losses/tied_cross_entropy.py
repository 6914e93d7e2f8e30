"""Cross-entropy under a softmax over a whole vocabulary, without ever holding all its logits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import (
    Array,
    Gradients,
    NeedsGrad,
    Result,
    Sample,
    Tensor,
    composed_form,
    primitive,
    samples,
)
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn.layers.tied_linear import tied_linear
from pmt_nn.losses.cross_entropy import cross_entropy

_BLOCK = 1 << 21  # logits at a time: enough rows that the products are worth their overhead


@primitive
def tied_cross_entropy(
    x: Array,
    table: Array,
    bias: Array,
    labels: Array,
    *,
    smoothing: float = 0.0,
    needs_grad: NeedsGrad = (True,) * 4,
) -> Result:
    """Sum over the rows of -q . log softmax(x W^T + b): the output layer and its loss in one step.

    x: (n, d), one row for each token to be guessed (leave padding out), table: (v, d), bias:
    (v,), labels: integers (n,), 0 ... v-1. q: 1 - e at the label and e / v everywhere, e the
    smoothing (Szegedy et al. 2015, section 7). With logits z the loss of a row is

        log sum exp z - (1 - e) z[label] - e mean(z),    by z: softmax(z) - q.

    The logits of a few hundred rows at a time are made, and at once become their share of the
    gradients by x, table and bias: an array (n, v) is never held. The mean's share is the same for
    all columns, so it is added to the results and not to the logits.
    """
    _check(x, table, bias, labels, smoothing)
    n, v = len(x), len(table)
    column_sum = table.sum(axis=0)  # d; x . column_sum is the sum of a row's logits, bias aside
    by_x = np.empty_like(x) if needs_grad[0] else None
    by_table = np.zeros_like(table) if needs_grad[1] else None
    by_bias = np.zeros_like(bias) if needs_grad[2] else None
    mean = float((x @ column_sum).sum(dtype=np.float64) + n * bias.sum(dtype=np.float64)) / v
    loss = -smoothing * mean
    for start in range(0, n, max(_BLOCK // v, 1)):
        part = slice(start, start + max(_BLOCK // v, 1))
        rows, chosen = x[part], labels[part]
        places = np.arange(len(rows))
        logits = rows @ table.T
        logits += bias
        of_label = logits[places, chosen].sum(dtype=np.float64)
        loss += _to_softmax(logits) - (1 - smoothing) * float(of_label)
        logits[places, chosen] -= 1 - smoothing
        if by_x is not None:
            np.matmul(logits, table, out=by_x[part])
        if by_table is not None:
            by_table += logits.T @ rows
        if by_bias is not None:
            by_bias += np.ones(len(rows), x.dtype) @ logits
    spread = x.dtype.type(smoothing / v)
    if by_x is not None:
        by_x -= spread * column_sum
    if by_table is not None:
        by_table -= spread * x.sum(axis=0)
    if by_bias is not None:
        by_bias -= spread * n

    def backward(grad: Array) -> Gradients:
        return (*(None if by is None else by * grad for by in (by_x, by_table, by_bias)), None)

    return np.asarray(loss, x.dtype), backward


@composed_form(tied_cross_entropy)
def tied_cross_entropy_composed(
    x: Tensor, table: Tensor, bias: Tensor, labels: Array, *, smoothing: float = 0.0
) -> Tensor:
    """The sum of the cross-entropy of the logits x W^T + b, in plain operations."""
    logits = tied_linear(x, table, bias)
    loss: Tensor = cross_entropy(logits, labels, reduction="sum", smoothing=smoothing)
    return loss


def _to_softmax(logits: Array) -> float:
    """Replace logits (n, v) by their softmax; the sum of the log sum exp of the rows."""
    top = logits.max(axis=1, keepdims=True)
    logits -= top
    np.exp(logits, out=logits)
    total = logits @ np.ones(logits.shape[1], logits.dtype)
    logits *= (1 / total)[:, np.newaxis]
    return float(top.sum(dtype=np.float64) + np.log(total).sum(dtype=np.float64))


def _check(x: Array, table: Array, bias: Array, labels: Array, smoothing: float) -> None:
    if not 0 <= smoothing < 1:
        raise SettingsError(f"smoothing lies in 0 <= smoothing < 1, got {smoothing}")
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"labels are integers (numbers of rows of the table), got {labels.dtype}")
    if x.ndim != 2 or table.ndim != 2 or x.shape[1] != table.shape[1]:
        raise ShapeError(f"x is (n, d) and the table (v, d), got {x.shape} and {table.shape}")
    if labels.shape != x.shape[:1] or bias.shape != table.shape[:1]:
        raise ShapeError(
            f"{len(x)} rows want as many labels and {len(table)} classes as many biases, got "
            f"shapes {labels.shape} and {bias.shape}"
        )
    if labels.size and not (labels.min() >= 0 and labels.max() < len(table)):
        raise ShapeError(
            f"labels lie in 0 ... {len(table) - 1}, got {labels.min()} to {labels.max()}; leave "
            "out the rows of padding"
        )


@samples(tied_cross_entropy)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x, table, bias = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=5)
    labels = np.array([4, 0, 0, 2])
    yield Sample((x, table, bias, labels))
    yield Sample((x, table, bias, labels), {"smoothing": 0.1}, note="smoothed")
    yield Sample((x[:0], table, bias, labels[:0]), {"smoothing": 0.1}, note="no rows")
    yield Sample((300 * x, table, bias, labels), {"smoothing": 0.1}, note="logits of hundreds")
