"""Checks of the tasks of chapter 13: layer normalization and gelu."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.checks.operations import observe_operation
from docs.course.workshop.task import Check, Mutant, Observation, Observations


def loop_norm(x: np.ndarray, gain: np.ndarray, bias: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    """Return layer normalization, one row after another."""
    y = np.empty_like(x)
    for i in np.ndindex(x.shape[:-1]):
        mean = sum(x[i]) / len(x[i])
        variance = sum((x[i] - mean) ** 2) / len(x[i])
        y[i] = gain * (x[i] - mean) / (variance + eps) ** 0.5 + bias
    return y


def _norm(mine: ModuleType) -> Observations:
    gain, bias = np.array([1.0, 2.0, -1.0, 1.0]), np.array([0.0, 10.0, 0.0, 1.0])
    one, zero = np.ones(4), np.zeros(4)
    row = np.array([[1.0, 3.0, 1.0, 3.0]])
    right = np.array([[-1.0, 1.0, -1.0, 1.0]])
    got = mine.layer_norm(row, one, zero, 0.0)
    yield Observation("the row (1, 3, 1, 3) with gain 1, bias 0 and eps 0", got, right)
    got = mine.layer_norm(row, gain, bias, 0.0)
    right = np.array([[-1.0, 12.0, 1.0, 2.0]])
    yield Observation("the same with gain (1, 2, -1, 1) and bias (0, 10, 0, 1)", got, right)
    x = np.random.default_rng(131).normal(size=(2, 3, 4)) * 5 + 2
    before = x.copy()
    got = mine.layer_norm(x, gain, bias)
    yield Observation("an array (2, 3, 4)", got, loop_norm(x, gain, bias))
    small = x[0] / 1000
    label = "rows as small as the root of eps"
    yield Observation(label, mine.layer_norm(small, gain, bias), loop_norm(small, gain, bias))
    got = mine.layer_norm(np.full((1, 4), 7.0), gain, bias)
    yield Observation("a row of equal numbers becomes the bias", got, bias[np.newaxis])
    yield Observation("the input is not changed", x, before)


def _norm_op(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(132)
    x, gain, bias = rng.normal(size=(2, 2, 3)) * 2, rng.normal(size=3), rng.normal(size=3)
    yield from observe_operation(
        mine, "layer_norm_op of x, gain, bias", mine.layer_norm_op, loop_norm, x, gain, bias
    )
    yield from observe_operation(
        mine,
        "layer_norm_op with eps=1",
        lambda *arguments: mine.layer_norm_op(*arguments, eps=1.0),
        lambda *arguments: loop_norm(*arguments, eps=1.0),
        x[0],
        gain,
        bias,
    )


def _gelu(mine: ModuleType) -> Observations:
    # Values of x Phi(x), known to 5e-4 by the approximation's error.
    x = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
    known = np.array([-0.0455003, -0.1542688, 0.0, 0.3457312, 1.9544997])
    got = mine.gelu_op(mine.Tensor(x)).value
    yield Observation("x times the normal probability at -2, -0.5, 0, 0.5, 2", got, known, 5e-4)

    def formula(v: np.ndarray) -> np.ndarray:
        u = (2 / np.pi) ** 0.5 * (v + 0.044715 * v * v * v)
        return v - v / (1 + np.exp(2 * u))  # (1 + tanh u) / 2 = 1 - 1 / (1 + e^2u)

    yield from observe_operation(
        mine, "gelu_op of an array (2, 3)", mine.gelu_op, formula, np.array([x[:3], x[2:]]) * 1.5
    )
    far = mine.gelu_op(mine.Tensor(np.array([-1000.0, 1000.0])))
    yield Observation("gelu at -1000 and 1000", far.value, np.array([0.0, 1000.0]))
    (slope,) = far.pullback(np.array([1.0, 1.0]))
    yield Observation("its slope at -1000 and 1000", slope, np.array([0.0, 1.0]))


CHECKS = (
    Check(
        "13.1",
        _norm,
        mutants=(
            Mutant(
                "You normalize columns over the batch; that is batch normalization. A row needs no "
                "other row: axis=-1.",
                edits=(
                    ("x.mean(axis=-1", "x.mean(axis=-2"),
                    ("x.var(axis=-1", "x.var(axis=-2"),
                ),
            ),
            Mutant(
                "The root is missing: you divide by the variance, not by its root.",
                "np.sqrt(x.var(axis=-1, keepdims=True) + eps)",
                "(x.var(axis=-1, keepdims=True) + eps)",
            ),
            Mutant(
                "eps is outside of the root. It is added to the variance, before the root.",
                "np.sqrt(x.var(axis=-1, keepdims=True) + eps)",
                "(np.sqrt(x.var(axis=-1, keepdims=True)) + eps)",
            ),
            Mutant(
                "Your variance divides by d - 1; here the sum of squares is divided by d.",
                "x.var(axis=-1, keepdims=True)",
                "x.var(axis=-1, keepdims=True, ddof=1)",
            ),
            Mutant(
                "The mean is not subtracted: rows must have mean 0 before gain and bias.",
                "gain * centered",
                "gain * x",
            ),
            Mutant(
                "You subtract the mean in place (-=) and change the array of the caller: make a "
                "new one.",
                "centered = x - x.mean(axis=-1, keepdims=True)",
                "x -= x.mean(axis=-1, keepdims=True)\n    centered = x",
            ),
            Mutant(
                "eps is not used, and a row of equal numbers is 0/0.",
                "keepdims=True) + eps)",
                "keepdims=True))",
            ),
            Mutant(
                "The gain multiplies the bias, too: scale first, then shift.",
                "gain * centered / np.sqrt(x.var(axis=-1, keepdims=True) + eps) + bias",
                "gain * (centered / np.sqrt(x.var(axis=-1, keepdims=True) + eps) + bias)",
            ),
        ),
    ),
    Check(
        "13.2",
        _norm_op,
        mutants=(
            Mutant(
                "You treat the deviation as a constant. It moves with x, too: the term n · mean(h "
                "n).",
                " - n * (h * n).mean(axis=-1, keepdims=True)",
                "",
            ),
            Mutant(
                "You treat the mean as a constant. It moves with x, too: the term mean(h).",
                " - h.mean(axis=-1, keepdims=True)",
                "",
            ),
            Mutant(
                "The gain is missing in the gradient by x: h is g times the gain.",
                "h = grad * gain.value",
                "h = grad",
            ),
            Mutant(
                "The gradient by x is not divided by the deviation.",
                "d_x / deviation",
                "d_x",
            ),
            Mutant(
                "The gradient by the gain is g times n, summed over the rows; you multiply by x.",
                "unbroadcast(grad * n,",
                "unbroadcast(grad * x.value,",
            ),
            Mutant(
                "Gain and bias were used by every row: their gradients are sums over all rows, of "
                "shape (d,). Use unbroadcast.",
                edits=(
                    ("unbroadcast(grad * n, gain.value.shape)", "grad * n"),
                    ("unbroadcast(grad, bias.value.shape)", "grad"),
                ),
            ),
            Mutant(
                "The gradients by gain and bias are the means over the rows; they are the sums.",
                edits=(
                    (
                        "unbroadcast(grad * n, gain.value.shape)",
                        "(grad * n).reshape(-1, n.shape[-1]).mean(axis=0)",
                    ),
                    (
                        "unbroadcast(grad, bias.value.shape)",
                        "grad.reshape(-1, n.shape[-1]).mean(axis=0)",
                    ),
                ),
            ),
            Mutant(
                "Your deviation has no eps under the root, the value has: use the same one.",
                "keepdims=True) + eps)",
                "keepdims=True))",
            ),
            Mutant(
                "The means of the gradient run over a row, not over the whole array: axis=-1.",
                edits=(
                    ("h.mean(axis=-1, keepdims=True)", "h.mean()"),
                    ("(h * n).mean(axis=-1, keepdims=True)", "(h * n).mean()"),
                ),
            ),
        ),
    ),
    Check(
        "13.3",
        _gelu,
        mutants=(
            Mutant(
                "The product rule has two terms: x/2 times the slope of tanh u is missing.",
                "(1 + y) / 2 + x.value / 2 * (1 - y**2) * d_u",
                "(1 + y) / 2",
            ),
            Mutant(
                "The inner slope u' is missing: tanh u is a chain.",
                "(1 - y**2) * d_u",
                "(1 - y**2)",
            ),
            Mutant(
                "The slope of x³ is 3 x²: the 3 is missing in u'.",
                "1 + 3 * cube",
                "1 + cube",
            ),
            Mutant(
                "The first term of the product rule is missing: (1 + tanh u) / 2.",
                "(1 + y) / 2 + x.value",
                "x.value",
            ),
            Mutant(
                "You forget the slopes that arrive: multiply by grad.",
                "grad * ((1 + y)",
                "((1 + y)",
            ),
            Mutant(
                "You took √(π/2) for √(2/π).",
                "np.sqrt(2 / np.pi)",
                "np.sqrt(np.pi / 2)",
            ),
            Mutant(
                "The half is missing: gelu(x) is nearly x for large x, and yours is 2 x.",
                edits=(
                    ("(1 + y) / 2 + x.value / 2 *", "(1 + y) + x.value *"),
                    ("x.value / 2 * (1 + y), (x,)", "x.value * (1 + y), (x,)"),
                ),
            ),
        ),
    ),
)
