"""Where pmt deliberately differs from torch: the rows of docs/torch_differences.md.

The random comparisons leave out the elements that a row names, and nothing else. The example of
each row is run on both sides, so a row that is no longer true fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmt_autograd import Tensor

INF, NAN = np.inf, np.nan


@dataclass(frozen=True)
class Configuration:
    """The inputs, the settings and the gradients of the outputs."""

    arrays: list[Any]
    settings: dict[str, Any]
    cotangents: list[Any]


def nowhere(name: str, x: Configuration) -> Any:
    """Return that no element of a configuration differs."""
    return False


@dataclass(frozen=True)
class Difference:
    """A row of the table.

    Attributes:
        function, input, pmt, torch, reason: the cells of the row; `pmt` and `torch` are what the
            example gives, see `shown`.
        ours, theirs: run the example; given the public names of all packages, and torch.
        comparisons: the names of the comparisons that meet this difference.
        elements: (name of an array, configuration) -> which of its elements differ, in an array
            that broadcasts; the name is "output 0", "gradient 1", ..., or "error".
    """

    function: str
    input: str
    pmt: str
    torch: str
    reason: str
    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    comparisons: tuple[str, ...] = ()
    elements: Callable[[str, Configuration], Any] = nowhere

    @property
    def row(self) -> str:
        cells = (self.function, self.input, self.pmt, self.torch, self.reason)
        return f"| {' | '.join(cells)} |"


def shown(run: Callable[[], Any]) -> str:
    """Return the result of an example as text: numbers, a shape, or the type of an error."""
    try:
        result = run()
    except Exception as error:
        return type(error).__name__
    if isinstance(result, tuple):
        return f"shape {tuple(result)}"
    array = np.asarray(result.data if isinstance(result, Tensor) else result, np.float64) + 0.0
    return np.array2string(array, separator=", ", formatter={"float_kind": "{:.4g}".format})


def gradient(function: Callable[..., Tensor], x: Any, seed: Any = None) -> Any:
    """Return the gradient of a function of one tensor, with a cotangent of ones."""
    leaf = Tensor(_floating(x), requires_grad=True)
    with np.errstate(all="ignore"):
        y = function(leaf)
        y.backward(np.ones(y.shape) if seed is None else seed)
    return leaf.grad


def torch_gradient(torch: Any, function: Callable[..., Any], x: Any, seed: Any = None) -> Any:
    """Return torch's gradient of a function of one tensor, with a cotangent of ones."""
    leaf = torch.from_numpy(_floating(x)).requires_grad_()
    y = function(leaf)
    y.backward(torch.ones_like(y) if seed is None else torch.full_like(y, np.max(seed)))
    return leaf.grad.numpy()


def _floating(numbers: Any) -> Any:
    """Return an array that keeps float32 and float64, and else is float64."""
    return np.array(numbers, getattr(numbers, "dtype", np.float64))


def row(numbers: list[float]) -> Tensor:
    """Return a tensor of float64 numbers."""
    return Tensor(np.array(numbers, np.float64))


# --- elements that differ, for the comparisons ----------------------------------------------------


def infinite_rows(name: str, x: Configuration) -> Any:
    """Rows of which the largest element is inf, or -inf."""
    top = x.arrays[0].max(axis=x.settings.get("axis", -1), keepdims=True, initial=-INF)
    return np.isinf(top)


def by_infinite_rows(name: str, x: Configuration) -> Any:
    return name == "gradient 0" and infinite_rows(name, x)


def if_infinite_rows(name: str, x: Configuration) -> Any:
    """All elements, if a row has an infinite largest element."""
    return bool(infinite_rows(name, x).any())


def cut_at_zero(name: str, x: Configuration) -> Any:
    """Where a gradient of inf or nan arrives at an input of 0 or nan."""
    flat = (x.arrays[0] == 0) | np.isnan(x.arrays[0])
    return name == "gradient 0" and flat & ~np.isfinite(x.cotangents[0])


def cut_by_power(name: str, x: Configuration) -> Any:
    """Where a gradient of inf or nan arrives at a power of 0, or at a zeroth power."""
    constant = (x.arrays[0] == 0) | (x.arrays[1] == 0)
    return name != "output 0" and bool((constant & ~np.isfinite(x.cotangents[0])).any())


def by_axes(grad: Any, x: Configuration) -> Any:
    """Return the gradient of a reduction in the shape of its input."""
    axis = x.settings.get("axis", tuple(range(2, x.arrays[0].ndim)))
    if not x.settings.get("keepdims") and axis is not None:
        grad = np.expand_dims(grad, axis)
    return np.broadcast_to(grad, x.arrays[0].shape)


def cut_beside_maximum(name: str, x: Configuration) -> Any:
    """Where a gradient of inf or nan arrives at an element that is not the largest."""
    return name == "gradient 0" and ~np.isfinite(by_axes(x.cotangents[0], x))


def nan_among_others(name: str, x: Configuration) -> Any:
    """Where an element beside it is nan."""
    axis = x.settings.get("axis", tuple(range(2, x.arrays[0].ndim)))
    return name == "gradient 0" and np.isnan(x.arrays[0]).any(axis=axis, keepdims=True)


def at_nan(name: str, x: Configuration) -> Any:
    return name == "gradient 0" and np.isnan(x.arrays[0])


def at_infinity(name: str, x: Configuration) -> Any:
    return name == "output 0" and x.arrays[0] == INF


def without_elements(name: str, x: Configuration) -> Any:
    """The mean of no losses."""
    return name == "output 0" and x.settings["reduction"] == "mean" and not x.arrays[0].size


def without_labels(name: str, x: Configuration) -> Any:
    """The mean of no losses, as no label counts."""
    counted = x.arrays[1] != x.settings["ignore_index"]
    return name == "output 0" and x.settings["reduction"] == "mean" and not counted.any()


def number_beside_arrays(name: str, x: Configuration) -> Any:
    """Indices that NumPy and torch group differently: a number and arrays, a slice between them."""
    index = x.settings["index"]
    parts = index if isinstance(index, tuple) else (index,)
    numbers = any(isinstance(part, int) for part in parts)
    return numbers and any(isinstance(part, np.ndarray) for part in parts)


DIFFERENCES = [
    Difference(
        "`absolute`, gradient", "at 0, from a gradient of inf", "[0]", "[nan]",
        "a mask cuts, it does not multiply an infinite gradient",
        lambda m: gradient(m.absolute, [0], [INF]),
        lambda t: torch_gradient(t, t.abs, [0], [INF]),
        ("absolute",), cut_at_zero,
    ),
    Difference(
        "`max`, `min`, gradient", "`[1, 2]`, from a gradient of inf", "[0, inf]", "[nan, inf]",
        "a mask cuts",
        lambda m: gradient(m.max, [1, 2], INF),
        lambda t: torch_gradient(t, t.amax, [1, 2], INF),
        ("max", "min", "GlobalMaxPool"), cut_beside_maximum,
    ),
    Difference(
        "`max`, `min` over axes, gradient", "`[1, nan]`", "[0, 1]", "[nan, nan]",
        "nan takes the gradient, as in `torch.max`, but not in `torch.amax`",
        lambda m: gradient(lambda x: m.max(x, axis=0), [1, NAN]),
        lambda t: torch_gradient(t, lambda x: t.amax(x, 0), [1, NAN]),
        ("max", "min", "GlobalMaxPool"), nan_among_others,
    ),
    Difference(
        "`power`, gradient", "`0 ** 2` by the exponent, from a gradient of inf", "[0]", "[nan]",
        "a constant has no gradient: it is cut",
        lambda m: gradient(lambda b: m.power(row([0]), b), [2], [INF]),
        lambda t: torch_gradient(t, lambda b: t.pow(t.zeros(1, dtype=b.dtype), b), [2], [INF]),
        ("power",), cut_by_power,
    ),
    Difference(
        "`elu`, gradient", "nan 32 times, float32", "1", "nan",
        "nan takes the gradient, as at `relu`; torch gives 1 for fewer elements",
        lambda m: gradient(m.elu, np.full(32, NAN, np.float32))[0],
        lambda t: torch_gradient(t, t.nn.functional.elu, np.full(32, NAN, np.float32))[0],
        ("elu",), at_nan,
    ),
    Difference(
        "`softmax`", "`[-inf, -inf]`", "[0, 0]", "[nan, nan]",
        "nothing may be chosen: no weight, as in attention without keys",
        lambda m: m.softmax(row([-INF, -INF])),
        lambda t: t.softmax(t.tensor([-INF, -INF]), 0).numpy(),
        ("softmax",), infinite_rows,
    ),
    Difference(
        "`softmax`", "`[inf, 0, inf]`", "[0.5, 0, 0.5]", "[nan, nan, nan]",
        "the limit: infinite elements share the weight",
        lambda m: m.softmax(row([INF, 0, INF])),
        lambda t: t.softmax(t.tensor([INF, 0, INF]), 0).numpy(),
        ("softmax",), infinite_rows,
    ),
    Difference(
        "`log_softmax`", "`[inf, 0]`", "[0, -inf]", "[nan, nan]", "the logarithm of `softmax`",
        lambda m: m.log_softmax(row([INF, 0])),
        lambda t: t.log_softmax(t.tensor([INF, 0]), 0).numpy(),
        ("log_softmax",), infinite_rows,
    ),
    Difference(
        "`logsumexp`, gradient", "`[inf, 0]`", "[1, 0]", "[nan, 0]", "its gradient is `softmax`",
        lambda m: gradient(m.logsumexp, [INF, 0]),
        lambda t: torch_gradient(t, lambda x: t.logsumexp(x, 0), [INF, 0]),
        ("logsumexp",), by_infinite_rows,
    ),
    Difference(
        "`cross_entropy`", "logits `[[inf, 0]]`, label 1", "inf", "nan",
        "minus the logarithm of a probability of 0",
        lambda m: m.cross_entropy(Tensor(np.array([[INF, 0]])), np.array([1])),
        lambda t: t.nn.functional.cross_entropy(t.tensor([[INF, 0]]), t.tensor([1])),
        ("cross_entropy",), if_infinite_rows,
    ),
    Difference(
        "`cross_entropy`", "no label counts, reduction \"mean\"", "0", "nan",
        "a shard of a batch may have no label; its loss is the sum of none",
        lambda m: m.cross_entropy(Tensor(np.zeros((1, 2))), np.array([-100])),
        lambda t: t.nn.functional.cross_entropy(t.zeros(1, 2), t.tensor([-100])),
        ("cross_entropy",), without_labels,
    ),
    Difference(
        "`mse` and all other losses", "no elements, reduction \"mean\"", "0", "nan",
        "as for `cross_entropy`",
        lambda m: m.mse(Tensor(np.zeros(0)), np.zeros(0)),
        lambda t: t.nn.functional.mse_loss(t.zeros(0), t.zeros(0)),
        ("mse", "huber", "binary_cross_entropy", "binary_cross_entropy_with_logits",
         "contrastive_loss", "triplet_loss", "cosine_loss"), without_elements,
    ),
    Difference(
        "`gelu_exact`", "`inf` eight times, float32", "inf", "nan",
        "the limit; torch gives inf for fewer elements",
        lambda m: m.gelu_exact(Tensor(np.full(8, INF, np.float32))).data[0],
        lambda t: t.nn.functional.gelu(t.full((8,), INF))[0],
        ("gelu_exact",), at_infinity,
    ),
    Difference(
        "`x[index]`, `set_items`", "`x[0, :, [0, 1]]` of shape (2, 3, 4)", "shape (2, 3)",
        "shape (3, 2)", "NumPy's rule: a number beside arrays is an array",
        lambda m: Tensor(np.zeros((2, 3, 4)))[0, :, [0, 1]].shape,
        lambda t: t.zeros(2, 3, 4)[0, :, [0, 1]].shape,
        ("getitem", "set_items"), number_beside_arrays,
    ),
    Difference(
        "`squeeze`", "axis 0 of shape (2, 3)", "ValueError", "shape (2, 3)",
        "NumPy's rule: an axis that cannot go is a mistake",
        lambda m: m.squeeze(Tensor(np.zeros((2, 3))), axis=0).shape,
        lambda t: t.zeros(2, 3).squeeze(0).shape,
    ),
    Difference(
        "`var`, `std`", "`[0, 2]`, default settings", "1", "2", "NumPy's rule: divided by n, not n - 1",
        lambda m: m.var(row([0, 2])),
        lambda t: t.var(t.tensor([0.0, 2.0])),
    ),
    Difference(
        "`gelu`", "`[1]`, default settings", "[0.8412]", "[0.8413]",
        "the approximation by tanh, which is faster; `gelu_exact` is torch's default",
        lambda m: m.gelu(row([1])),
        lambda t: t.nn.functional.gelu(t.tensor([1.0])),
    ),
    Difference(
        "`clip_grad_norm`", "`[2e-6]`, limit 1e-6", "[1e-06]", "[6.667e-07]",
        "the limit itself; torch adds 1e-6 to the norm",
        lambda m: clipped(m, [2e-6], 1e-6),
        lambda t: torch_clipped(t, [2e-6], 1e-6),
    ),
    Difference(
        "`clip_grad_norm`", "`[1, nan]`", "[1, nan]", "[nan, nan]",
        "the other elements still show what they were",
        lambda m: clipped(m, [1, NAN], 1.0),
        lambda t: torch_clipped(t, [1, NAN], 1.0),
    ),
]  # fmt: skip
"""All rows, in the order of the table."""


def clipped(m: Any, numbers: list[float], limit: float) -> Any:
    """Return a gradient after clipping by its norm."""
    parameter = m.Parameter(np.zeros(len(numbers)))
    parameter.grad = np.array(numbers, np.float64)
    m.clip_grad_norm([parameter], limit)
    return parameter.grad


def torch_clipped(torch: Any, numbers: list[float], limit: float) -> Any:
    """Return a gradient after torch's clipping by its norm."""
    parameter = torch.nn.Parameter(torch.zeros(len(numbers), dtype=torch.float64))
    parameter.grad = torch.tensor(numbers, dtype=torch.float64)
    torch.nn.utils.clip_grad_norm_([parameter], limit)
    return parameter.grad


def differences_of(comparison: str) -> list[Difference]:
    """Return the rows that a comparison meets."""
    return [item for item in DIFFERENCES if comparison in item.comparisons]


def table() -> str:
    """Return the table in Markdown."""
    head = "| function | input | pmt | torch | why |\n| --- | --- | --- | --- | --- |\n"
    return head + "\n".join(item.row for item in DIFFERENCES) + "\n"
