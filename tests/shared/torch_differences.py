"""Where pmt deliberately differs from torch: the rows of a table in docs/gradients.md.

The random comparisons leave out the elements that a row names, and nothing else. The example of
each row is run on both sides, so a row that is no longer true fails.
"""

from __future__ import annotations

import differing_elements as where
import numpy as np
from difference import INF, NAN, Difference, gradient, row, torch_gradient
from layer_differences import OF_LAYERS, OF_LOSSES, OF_TRAINING

from pmt_autograd import Tensor

OF_OPERATIONS = [
    Difference(
        "`absolute`, gradient", "at 0, from a gradient of inf", "[0]", "[nan]", "a mask cuts",
        lambda m: gradient(m.absolute, [0], [INF]),
        lambda t: torch_gradient(t, t.abs, [0], [INF]),
        ("absolute",), where.cut_at_zero,
    ),
    Difference(
        "`norm`, gradient", "`[0]`, from a gradient of inf", "[0]", "[nan]", "a mask cuts",
        lambda m: gradient(m.norm, [0], INF),
        lambda t: torch_gradient(t, t.linalg.vector_norm, [0], INF),
        ("norm",), where.cut_at_length_zero,
    ),
    Difference(
        "`max`, `min`, gradient", "`[1, 2]`, from a gradient of inf", "[0, inf]", "[nan, inf]",
        "a mask cuts",
        lambda m: gradient(m.max, [1, 2], INF),
        lambda t: torch_gradient(t, t.amax, [1, 2], INF),
        ("max", "min", "GlobalMaxPool"), where.cut_beside_maximum,
    ),
    Difference(
        "`max`, `min` over axes, gradient", "`[1, nan]`", "[0, 1]", "[nan, nan] (`amax`)",
        "nan is chosen, as in `torch.max`",
        lambda m: gradient(lambda x: m.max(x, axis=0), [1, NAN]),
        lambda t: torch_gradient(t, lambda x: t.amax(x, 0), [1, NAN]),
        ("max", "min", "GlobalMaxPool"), where.nan_among_others,
    ),
    Difference(
        "`max`, `min` over axes, gradient", "`[1, 1]`", "[0.5, 0.5]", "[1, 0] (`x.max(axis)`)",
        "ties share the gradient, as in `torch.amax`",
        lambda m: gradient(lambda x: m.max(x, axis=0), [1, 1]),
        lambda t: torch_gradient(t, lambda x: t.max(x, 0).values, [1, 1]),
    ),
    Difference(
        "`power`, gradient", "`0 ** 2` by the exponent, from a gradient of inf", "[0]", "[nan]",
        "a mask cuts: 0 to any power above 0 is constant",
        lambda m: gradient(lambda b: m.power(row([0]), b), [2], [INF]),
        lambda t: torch_gradient(t, lambda b: t.pow(t.zeros(1, dtype=b.dtype), b), [2], [INF]),
        ("power",), where.cut_by_power,
    ),
    Difference(
        "`leaky_relu`, slope 0", "`[-inf]`", "[0]", "[nan]", "a slope of 0 is that of `relu`",
        lambda m: m.leaky_relu(row([-INF]), slope=0.0),
        lambda t: t.nn.functional.leaky_relu(t.tensor([-INF]), 0.0),
        ("leaky_relu",), where.not_finite_without_slope,
    ),
    Difference(
        "`elu`, gradient", "nan 32 times, float32", "1", "nan",
        "nan is chosen, as in `relu`; torch gives 1 for fewer elements",
        lambda m: gradient(m.elu, np.full(32, NAN, np.float32))[0],
        lambda t: torch_gradient(t, t.nn.functional.elu, np.full(32, NAN, np.float32))[0],
        ("elu",), where.at_nan,
    ),
    Difference(
        "`softplus(x) - x`", "`[25]`", "[1.389e-11]", "[0]", "no threshold: log(1 + e^x)",
        lambda m: m.softplus(row([25])) - row([25]),
        lambda t: t.nn.functional.softplus(t.tensor([25.0]).double()) - 25,
    ),
    Difference(
        "`norm`, `std`", "`[3e200, 4e200]`", "5e+200", "inf",
        "scaled first, so that squares do not overflow",
        lambda m: m.norm(row([3e200, 4e200])),
        lambda t: t.linalg.vector_norm(t.tensor([3e200, 4e200], dtype=t.float64)),
    ),
    Difference(
        "`softmax`", "`[-inf, -inf]`", "[0, 0]", "[nan, nan]", "a row without choices",
        lambda m: m.softmax(row([-INF, -INF])),
        lambda t: t.softmax(t.tensor([-INF, -INF]), 0),
        ("softmax", "softmax over axes"), where.infinite_rows,
    ),
    Difference(
        "`softmax`", "`[inf, 0, inf]`", "[0.5, 0, 0.5]", "[nan, nan, nan]",
        "the limit: infinite elements share the probability",
        lambda m: m.softmax(row([INF, 0, INF])),
        lambda t: t.softmax(t.tensor([INF, 0, INF]), 0),
        ("softmax", "softmax over axes"), where.infinite_rows,
    ),
    Difference(
        "`log_softmax`", "`[inf, 0]`", "[0, -inf]", "[nan, nan]", "the logarithm of `softmax`",
        lambda m: m.log_softmax(row([INF, 0])),
        lambda t: t.log_softmax(t.tensor([INF, 0]), 0),
        ("log_softmax", "log_softmax over axes"), where.infinite_rows,
    ),
    Difference(
        "`logsumexp`, gradient", "`[inf, 0]`", "[1, 0]", "[nan, 0]", "the gradient is `softmax`",
        lambda m: gradient(m.logsumexp, [INF, 0]),
        lambda t: torch_gradient(t, lambda x: t.logsumexp(x, 0), [INF, 0]),
        ("logsumexp", "logsumexp over axes"), where.by_infinite_rows,
    ),
    Difference(
        "`logaddexp`, gradient", "`[inf]` and `[inf]`", "[0.5]", "[nan]",
        "the gradient of `logsumexp`",
        lambda m: gradient(lambda x: m.logaddexp(x, row([INF])), [INF]),
        lambda t: torch_gradient(t, lambda x: t.logaddexp(x, t.full_like(x, INF)), [INF]),
        ("logaddexp",), where.equal_infinities,
    ),
    Difference(
        "`sign`", "`[nan]`", "[nan]", "[0]", "nan stays nan, as in NumPy",
        lambda m: m.sign(row([NAN])),
        lambda t: t.sign(t.tensor([NAN])),
        ("sign",), where.value_of_nan,
    ),
    Difference(
        "`arcsinh`, `arccosh`, gradient", "`[1e30]`, float32", "[1e-30]", "[0]",
        "exact; torch's square overflows",
        lambda m: gradient(m.arcsinh, np.float32([1e30])),
        lambda t: torch_gradient(t, t.asinh, np.float32([1e30])),
        ("arcsinh", "arccosh"), where.square_overflows,
    ),
    Difference(
        "`arctan2`, gradient", "`[1e-30]` and `[1e-30]`, float32", "[5e+29]", "[0]",
        "exact; torch's squares underflow, or overflow",
        lambda m: gradient(lambda y: m.arctan2(y, np.float32([1e-30])), np.float32([1e-30])),
        lambda t: torch_gradient(
            t, lambda y: t.atan2(y, t.full_like(y, 1e-30)), np.float32([1e-30])
        ),
        ("arctan2",), where.squares_out_of_range,
    ),
    Difference(
        "`arctan2`, gradient", "the origin, from a gradient of inf", "[0]", "[nan]", "a mask cuts",
        lambda m: gradient(lambda y: m.arctan2(y, 0.0), [0], [INF]),
        lambda t: torch_gradient(t, lambda y: t.atan2(y, t.zeros_like(y)), [0], [INF]),
        ("arctan2",), where.cut_at_the_origin,
    ),
    Difference(
        "`clip`, gradient by low", "`[0]`, low and high `[1]`", "[1]", "[0]",
        "the gradient of the limit that x is set to",
        lambda m: gradient(lambda low: m.clip(row([0]), low, 1.0), [1]),
        lambda t: torch_gradient(
            t, lambda low: t.clip(t.zeros_like(low), low, t.ones_like(low)), [1]
        ),
        ("clip_between",), where.equal_limits,
    ),
    Difference(
        "`clip`, gradient by high", "`[2]`, low `[nan]`, high `[1]`", "[0]", "[1]",
        "the value is nan, and does not depend on high",
        lambda m: gradient(lambda high: m.clip(row([2]), NAN, high), [1]),
        lambda t: torch_gradient(
            t, lambda high: t.clip(2 * t.ones_like(high), NAN * t.ones_like(high), high), [1]
        ),
        ("clip_between",), where.limits_of_nan,
    ),
    Difference(
        "`prod`, `cumprod`, gradient", "`[inf, 2]`", "[2, inf]", "[nan, inf]",
        "the product of the other elements, without a division",
        lambda m: gradient(m.prod, [INF, 2]),
        lambda t: torch_gradient(t, t.prod, [INF, 2]),
        ("prod", "cumprod"), where.beside_infinite_factors,
    ),
    Difference(
        "`var`, `std`", "`[0, 2]`, default settings", "1", "2", "divided by n, as in NumPy",
        lambda m: m.var(row([0, 2])),
        lambda t: t.var(t.tensor([0.0, 2.0])),
    ),
    Difference(
        "`x[index]`, `set_items`", "`x[0, :, [0, 1]]` of shape (2, 3, 4)", "shape (2, 3)",
        "shape (3, 2)", "a number beside arrays is an array, as in NumPy",
        lambda m: Tensor(np.zeros((2, 3, 4)))[0, :, [0, 1]].shape,
        lambda t: t.zeros(2, 3, 4)[0, :, [0, 1]].shape,
        ("getitem", "set_items"), where.number_beside_arrays,
    ),
    Difference(
        "`squeeze`", "axis 0 of shape (2, 3)", "ValueError", "shape (2, 3)",
        "an axis that cannot go is a mistake, as in NumPy",
        lambda m: m.squeeze(Tensor(np.zeros((2, 3))), axis=0).shape,
        lambda t: t.zeros(2, 3).squeeze(0).shape,
    ),
]  # fmt: skip

DIFFERENCES = [*OF_OPERATIONS, *OF_LAYERS, *OF_LOSSES, *OF_TRAINING]
"""All rows, in the order of the table."""


def differences_of(comparison: str) -> list[Difference]:
    """Return the rows that a comparison meets."""
    return [item for item in DIFFERENCES if comparison in item.comparisons]


def table() -> str:
    """Return the table in Markdown."""
    head = "| function | input | pmt | torch | why |\n| --- | --- | --- | --- | --- |\n"
    return head + "\n".join(item.row for item in DIFFERENCES) + "\n"
