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


def nowhere(name: str, arrays: list[Any], settings: dict[str, Any]) -> Any:
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
        elements: (name of an array, inputs, settings) -> which of its elements differ, in an array
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
    elements: Callable[[str, list[Any], dict[str, Any]], Any] = nowhere

    @property
    def row(self) -> str:
        cells = (self.function, self.input, self.pmt, self.torch, self.reason)
        return f"| {' | '.join(cells)} |"


def shown(run: Callable[[], Any]) -> str:
    """Return the result of an example as text, or the type of the error."""
    try:
        result = run()
    except Exception as error:
        return type(error).__name__
    array = np.asarray(result.data if isinstance(result, Tensor) else result, np.float64)
    if array.ndim == 2 and array.size == 0:
        return f"shape {array.shape}"
    text = np.array2string(array, separator=", ", formatter={"float_kind": "{:.4g}".format})
    return text.replace("-0,", "0,").replace("-0]", "0]")


def gradient(function: Callable[..., Tensor], x: Any, seed: Any = None) -> Any:
    """Return the gradient of a function of one tensor, with a cotangent of ones."""
    leaf = Tensor(np.array(x, np.float64), requires_grad=True)
    with np.errstate(all="ignore"):
        y = function(leaf)
        y.backward(np.ones(y.shape) if seed is None else np.array(seed, np.float64))
    return leaf.grad


def torch_gradient(torch: Any, function: Callable[..., Any], x: Any, seed: Any = None) -> Any:
    """Return torch's gradient of a function of one tensor, with a cotangent of ones."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y = function(leaf)
    cotangent = np.ones(y.shape) if seed is None else np.array(seed, np.float64)
    y.backward(torch.from_numpy(cotangent))
    return leaf.grad.numpy()


# --- softmax: rows without a finite maximum -------------------------------------------------------


def infinite_rows(name: str, arrays: list[Any], settings: dict[str, Any]) -> Any:
    """Rows of which the largest element is inf, or -inf."""
    top = arrays[0].max(axis=settings["axis"], keepdims=True, initial=-INF)
    return np.isinf(top) & ~np.isnan(arrays[0]).any(axis=settings["axis"], keepdims=True)


def by_infinite_rows(name: str, arrays: list[Any], settings: dict[str, Any]) -> Any:
    return name == "gradient 0" and infinite_rows(name, arrays, settings)


def row(text: list[float]) -> Any:
    return Tensor(np.array(text))


DIFFERENCES = [
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
]  # fmt: skip
"""All rows, in the order of the table."""


def differences_of(comparison: str) -> list[Difference]:
    """Return the rows that a comparison meets."""
    return [item for item in DIFFERENCES if comparison in item.comparisons]


def table() -> str:
    """Return the table in Markdown."""
    head = "| function | input | pmt | torch | why |\n| --- | --- | --- | --- | --- |\n"
    return head + "\n".join(item.row for item in DIFFERENCES) + "\n"
