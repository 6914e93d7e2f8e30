"""Connectionist temporal classification (CTC, Graves et al. 2006) of whole batches in log space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor, logsumexp, stack
from pmt_core import DtypeError, SettingsError, ShapeError, as_floats, cut
from pmt_nn.losses.ctc_messages import TargetPositions, ctc_backward, ctc_end, ctc_forward
from pmt_nn.losses.regression import check_reduction, reduce_loss
from pmt_nn.module.inputs import float_tensor


def ctc_loss(
    log_probabilities: Tensor,
    targets: NDArray[np.integer],
    input_lengths: ArrayLike | None = None,
    target_lengths: ArrayLike | None = None,
    *,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Return -log p(target | x), summed over all alignments of the target with the steps.

    An alignment names a class for each step; without repetitions, and then without blanks, it is
    the target. log_probabilities: (b, t, v), of `log_softmax`; targets: integers (b, s), 0 ... v-1
    and not the blank, of any value beyond a target's length. input_lengths, target_lengths: (b,)
    numbers of steps and labels; all by default. Values beyond have no influence.

    A target without an alignment (it has more labels and repetitions than the input has steps) has
    the loss inf, or 0 if zero_infinity, and the gradient 0 in both cases. reduction: "mean" divides
    each loss by its number of labels (at least 1) and averages over the batch; "sum"; or "none" for
    (b,). Raises ShapeError, DtypeError or SettingsError if the arguments do not fit.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import ctc_loss
        >>> p = np.full((1, 3, 2), 0.5)  # three steps; class 0 is the blank
        >>> loss = ctc_loss(np.log(p), np.array([[1]]))
        >>> round(float(np.exp(-loss.item())), 3)  # 6 of the 8 alignments: all but 000 and 101
        0.75
        >>> ctc_loss(np.log(p), np.array([[1, 1, 1]])).item()  # this target needs five steps
        inf
    """
    check_reduction(reduction)
    x, labels = float_tensor(log_probabilities), np.asarray(targets)
    if x.ndim != 3 or labels.ndim != 2 or len(labels) != len(x):
        raise ShapeError(
            "ctc_loss needs log-probabilities (b, t, v) and targets (b, s), got shapes "
            f"{x.shape} and {labels.shape}"
        )
    steps = _lengths("input_lengths", input_lengths, len(x), x.shape[1])
    sizes = _lengths("target_lengths", target_lengths, len(x), labels.shape[1])
    _check_labels(labels, sizes, blank, x.shape[2])
    losses = ctc_losses(x, labels, steps, sizes, blank=blank, zero_infinity=zero_infinity)
    if reduction == "mean":
        losses = losses / np.maximum(sizes, 1).astype(x.dtype)
    return reduce_loss(losses, reduction)


@ag.primitive
def ctc_losses(
    x: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    *,
    blank: int = 0,
    zero_infinity: bool = False,
    needs_grad: NeedsGrad = (True,) * 4,
) -> Result:
    """Return the losses (b,) of log-probabilities x (b, t, v); see `ctc_loss`.

    With y_t(i) = log p of the label at position i, the forward messages are (section 4.1)

        alpha_t(i) = y_t(i) + log(e^alpha_t-1(i) + e^alpha_t-1(i-1) + e^alpha_t-1(i-2)),

    the last term only for a label that differs from the one before; beta_t(i), without y_t, is the
    same from the end. dL/dx_t(k) = -sum over i with label k of e^(alpha_t(i) + beta_t(i) + L).
    Everything is computed in float64.
    """
    x = as_floats(x)
    positions = TargetPositions.of(targets, input_lengths, target_lengths, blank)
    emissions = positions.emissions(x)
    alpha = ctc_forward(emissions, positions)
    log_likelihood = ctc_end(alpha, positions)
    possible = log_likelihood > -np.inf
    possible |= np.isnan(log_likelihood)
    losses = -log_likelihood if not zero_infinity else -cut(log_likelihood, possible)

    def backward(grad: Array) -> Gradients:
        beta = ctc_backward(emissions, positions)
        beta += alpha
        beta -= cut(log_likelihood, possible)[:, np.newaxis]
        share = np.exp(beta, out=beta)  # (t, b, e), posterior of each position
        share *= -cut(grad, possible).astype(np.float64)[:, np.newaxis]
        counts = positions.is_step(len(share))[..., np.newaxis] & possible[:, np.newaxis]
        return positions.by_class(cut(share, counts), x), None, None, None

    return losses.astype(x.dtype), backward


def _lengths(name: str, lengths: ArrayLike | None, b: int, most: int) -> NDArray[np.integer]:
    """Return lengths (b,) of at most `most`. Raises DtypeError or ShapeError."""
    if lengths is None:
        return np.full(b, most)
    given = np.asarray(lengths)
    if given.dtype.kind not in "iu":
        raise DtypeError(f"{name} are integers, got dtype {given.dtype}")
    if given.shape != (b,) or (given < 0).any() or (given > most).any():
        raise ShapeError(
            f"{name} are {b} numbers in 0 ... {most}, got shape {given.shape}"
            + (f" with {given.min()} to {given.max()}" if given.size else "")
        )
    return given


def _check_labels(labels: NDArray[Any], sizes: NDArray[np.integer], blank: int, v: int) -> None:
    if not 0 <= blank < v:
        raise SettingsError(f"blank is a class in 0 ... {v - 1}, got {blank}")
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"targets are integers (class numbers), got dtype {labels.dtype}")
    used = labels[np.arange(labels.shape[1]) < sizes[:, np.newaxis]]
    wrong = used[(used < 0) | (used >= v) | (used == blank)]
    if wrong.size:
        raise ShapeError(
            f"targets lie in 0 ... {v - 1} and are not the blank, {blank}; got {wrong[0]}"
        )


@ag.counts_flops(ctc_losses)
def _(value: Array, x: Array, targets: Array, *lengths: Array, **settings: Any) -> int:
    return int(10 * x.shape[0] * x.shape[1] * (2 * targets.shape[1] + 1))


@ag.composed_form(ctc_losses)
def ctc_losses_composed(
    x: Tensor,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    *,
    blank: int = 0,
    zero_infinity: bool = False,
) -> Tensor:
    """Compute `ctc_losses` in plain operations, one position at a time."""
    losses = []
    for row, (steps, size) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        labels = np.full(2 * size + 1, blank)
        labels[1::2] = targets[row, :size]
        ends = _ends_of_row(x[row, :steps], labels, blank)
        constant = 0.0 if zero_infinity or steps == size == 0 else np.inf
        losses.append(-logsumexp(stack(*ends)) if ends else x[row, :0].sum() + constant)
    return stack(*losses)


def _ends_of_row(x: Tensor, labels: NDArray[Any], blank: int) -> list[Tensor]:
    """Return the last messages of the positions at which an alignment may end."""
    alpha: dict[int, Tensor] = {}
    for step in range(len(x)):
        messages: dict[int, Tensor] = {}
        for i, label in enumerate(labels):
            skips = i > 1 and label not in (blank, labels[i - 2])
            sources = [alpha[j] for j in range(i - 1 - skips, i + 1) if j in alpha]
            if step == 0 and i < 2:
                messages[i] = x[0, label]
            elif sources:
                messages[i] = logsumexp(stack(*sources)) + x[step, label]
        alpha = messages
    return [alpha[i] for i in (len(labels) - 1, len(labels) - 2) if i in alpha]


@ag.samples(ctc_losses)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = np.log(rng.dirichlet(np.ones(4), (2, 6)))
    targets, full = np.array([[1, 2, 3], [2, 2, 1]]), np.array([6, 6])
    yield Sample((x, targets, full, np.array([3, 3])), note="a repeated label")
    lengths = np.array([6, 3]), np.array([3, 0])
    yield Sample((x, targets, *lengths), note="lengths; an empty target")
    blank = {"blank": 3}
    yield Sample((x, targets % 3, full, np.array([2, 1])), blank, "another blank")
    zero = {"zero_infinity": True}
    yield Sample((x, targets, np.array([2, 4]), np.array([3, 3])), zero, "one impossible target")
    yield Sample((x[:, :0], targets[:, :0], full * 0, full * 0), note="no steps, no labels")
    yield Sample((x[:, :1], targets, full // 6, np.array([1, 0])), note="one step")
