"""Bootstrap confidence intervals of a metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, ShapeError


class Interval(NamedTuple):
    """A metric and its confidence interval.

    Examples:
        >>> from pmt_train import Interval
        >>> interval = Interval(value=0.81, low=0.78, high=0.84)
        >>> interval.low <= interval.value <= interval.high
        True
    """

    value: float
    low: float
    high: float


def bootstrap_interval(
    metric: Callable[..., float],
    *arrays: NDArray[Any] | Sequence[Any],
    rng: np.random.Generator,
    samples: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """Return the percentile bootstrap interval of `metric(*arrays)` (Efron 1979).

    The examples are resampled with replacement `samples` times; the interval contains the given
    share of the metric's values. To compare two systems, use the interval of their difference on
    the same examples:

        bootstrap_interval(lambda a, b, y: f1(a, y) - f1(b, y), first, second, labels, rng=rng)

    The arrays have one length, an element per example; lists (of tags, of texts) stay lists.

    Examples:
        >>> import numpy as np
        >>> from pmt_train import accuracy, bootstrap_interval
        >>> labels = np.zeros(400, int)
        >>> predicted = np.arange(400) < 100  # accuracy 0.75
        >>> rng = np.random.default_rng(0)
        >>> interval = bootstrap_interval(accuracy, predicted, labels, rng=rng)
        >>> interval.value, round(interval.low, 1), round(interval.high, 1)
        (0.75, 0.7, 0.8)
        >>> bool(0.06 < interval.high - interval.low < 0.11)  # about 4 sqrt(0.75 * 0.25 / 400)
        True
    """
    if samples < 1 or not 0 < confidence < 1:
        raise SettingsError(
            f"expected 1 or more samples and 0 < confidence < 1, got {samples} and {confidence}"
        )
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or 0 in lengths:
        raise ShapeError(
            "expected arrays of one length with an element per example, "
            f"got lengths {sorted(lengths)}"
        )
    (n,) = lengths
    resampled = (rng.integers(0, n, n) for _ in range(samples))
    values = [metric(*(_pick(array, rows) for array in arrays)) for rows in resampled]
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(metric(*arrays)), float(low), float(high))


def _pick(array: NDArray[Any] | Sequence[Any], rows: NDArray[np.int64]) -> Any:
    return array[rows] if isinstance(array, np.ndarray) else [array[i] for i in rows.tolist()]
