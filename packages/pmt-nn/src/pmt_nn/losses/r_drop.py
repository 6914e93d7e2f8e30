"""R-Drop: cross-entropy of two passes with other dropout, which should predict the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor, log_softmax
from pmt_core import SettingsError, ShapeError, as_floats
from pmt_core import log_softmax as stable_log_softmax
from pmt_nn.layers.linear import tied_linear
from pmt_nn.losses.cross_entropy import check_label_smoothing, cross_entropy
from pmt_nn.losses.tied_cross_entropy import check_tied

_BLOCK = 1 << 20  # logits of one pass at a time


@ag.primitive
def tied_r_drop_loss(
    x: Array,
    table: Array,
    bias: Array,
    labels: Array,
    *,
    alpha: float,
    label_smoothing: float = 0.0,
    needs_grad: NeedsGrad = (True,) * 4,
) -> Result:
    """Return the R-Drop loss (Liang et al. 2021) of two passes over the same n tokens.

    x: (2 n, d), row i and row n + i predict the same token, computed with different dropout;
    table: (v, d), bias: (v,), labels: integers (n,), 0 ... v-1. With the logits x W^T + b, their
    softmax p of the first pass and q of the second, the summed loss is

        CE(p) + CE(q) + alpha / 2 (KL(p, q) + KL(q, p)),


    and with D = log(p / q) the gradient of the last term by the logits of the first pass is
    alpha / 2 (p (D - KL(p, q)) + p - q). CE has label smoothing, as in `cross_entropy`. As in
    `tied_cross_entropy`, a few hundred rows are computed at a time, and no array (n, v) is stored.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import tied_cross_entropy, tied_r_drop_loss
        >>> rng = np.random.default_rng(0)
        >>> table, bias, labels = rng.normal(size=(50, 4)), np.zeros(50), np.arange(6)
        >>> x = rng.normal(size=(6, 4))
        >>> equal = tied_r_drop_loss(np.concatenate([x, x]), table, bias, labels, alpha=5.0)
        >>> np.allclose(equal.data, 2 * tied_cross_entropy(x, table, bias, labels).data)
        True
        >>> other = tied_r_drop_loss(np.concatenate([x, -x]), table, bias, labels, alpha=5.0)
        >>> bool(other.data > equal.data)
        True
    """
    x = as_floats(x)
    _check(x, table, bias, labels, alpha, label_smoothing)
    n, v = len(labels), len(table)
    by_x = np.empty_like(x) if needs_grad[0] else None
    by_table = np.zeros_like(table) if needs_grad[1] else None
    by_bias = np.zeros_like(bias) if needs_grad[2] else None
    loss = 0.0
    block = max(_BLOCK // v, 1)
    for start in range(0, n, block):
        part = np.arange(start, min(start + block, n))
        rows = np.concatenate([x[part], x[n + part]])
        logits = rows @ table.T
        logits += bias
        loss += _to_gradient(logits, labels[part], alpha, label_smoothing)
        if by_x is not None:
            by_x[part], by_x[n + part] = np.split(logits @ table, 2)
        if by_table is not None:
            by_table += logits.T @ rows
        if by_bias is not None:
            by_bias += np.ones(len(rows), x.dtype) @ logits

    def backward(grad: Array) -> Gradients:
        return (*(None if by is None else by * grad for by in (by_x, by_table, by_bias)), None)

    return np.asarray(loss, x.dtype), backward


@ag.composed_form(tied_r_drop_loss)
def tied_r_drop_loss_composed(
    x: Tensor,
    table: Tensor,
    bias: Tensor,
    labels: Array,
    *,
    alpha: float,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Compute `tied_r_drop_loss` in plain operations, with all logits."""
    logits = tied_linear(x, table, bias)
    twice = np.concatenate([labels, labels])
    loss = cross_entropy(logits, twice, reduction="sum", label_smoothing=label_smoothing)
    log_p, log_q = log_softmax(logits[: len(labels)]), log_softmax(logits[len(labels) :])
    divergence = (log_p.exp() - log_q.exp()) * (log_p - log_q)
    total: Tensor = loss + divergence.sum() * (alpha / 2)
    return total


def _to_gradient(logits: Array, labels: Array, alpha: float, smoothing: float) -> float:
    """Replace the logits of both passes (2 r, v) by their gradient. Returns the loss."""
    r, v = len(labels), logits.shape[1]
    index, twice = np.arange(2 * r), np.concatenate([labels, labels])
    log_probabilities = stable_log_softmax(logits, axis=-1)
    loss = -(1 - smoothing) * float(log_probabilities[index, twice].sum(dtype=np.float64))
    if smoothing:
        loss -= smoothing / v * float(log_probabilities.sum(dtype=np.float64))
    ratio = log_probabilities[:r] - log_probabilities[r:]
    np.exp(log_probabilities, out=logits)
    first, second = logits[:r], logits[r:]
    forward = np.einsum("rv,rv->r", first, ratio)
    backward = -np.einsum("rv,rv->r", second, ratio)
    loss += alpha / 2 * float((forward + backward).sum(dtype=np.float64))
    half = logits.dtype.type(alpha / 2)
    difference = first - second
    difference *= half
    ratio *= half
    # p + alpha / 2 (p (D - KL(p, q)) + p - q), and the same with p and q exchanged
    first *= ratio + (1 - half * forward)[:, np.newaxis]
    first += difference
    second *= (1 - half * backward)[:, np.newaxis] - ratio
    second -= difference
    logits[index, twice] -= 1 - smoothing
    if smoothing:
        logits -= logits.dtype.type(smoothing / v)
    return loss


def _check(
    x: Array, table: Array, bias: Array, labels: Array, alpha: float, label_smoothing: float
) -> None:
    check_label_smoothing(label_smoothing)
    if not (np.isfinite(alpha) and alpha >= 0):
        raise SettingsError(f"alpha is a finite number, 0 or more, got {alpha}")
    if len(x) != 2 * len(labels):
        raise ShapeError(
            f"x has two rows for each label, got {len(x)} rows and {len(labels)} labels"
        )
    check_tied(x[: len(labels)], table, bias, labels)


@ag.samples(tied_r_drop_loss)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x, table, bias = rng.normal(size=(6, 4)), rng.normal(size=(5, 4)), rng.normal(size=5)
    labels = np.array([4, 0, 0])
    yield Sample((x, table, bias, labels), {"alpha": 5.0})
    yield Sample((x, table, bias, labels), {"alpha": 0.5, "label_smoothing": 0.1}, note="smoothed")
    yield Sample((x[:0], table, bias, labels[:0]), {"alpha": 1.0}, note="no rows")
