"""How far a metric could be off by the choice of examples: bootstrap confidence intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, ShapeError


class Interval(NamedTuple):
    """A metric and its confidence interval."""

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
    """Percentile interval of `metric(*arrays)` (Efron 1979).

    Examples are drawn anew, with replacement and as many as there are, `samples` times; between
    the interval's ends lies the given share of the metric's values. Two systems are compared by
    the interval of the difference, on the same examples:

        bootstrap_interval(lambda a, b, y: f1(a, y) - f1(b, y), first, second, labels, rng=rng)

    arrays: of one length, an element per example; lists (of tag sequences, of texts) stay lists.
    """
    if samples < 1 or not 0 < confidence < 1:
        raise SettingsError(
            f"1 or more samples and 0 < confidence < 1, got {samples} and {confidence}"
        )
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or 0 in lengths:
        raise ShapeError(
            f"arrays of one length with an element per example, got lengths {sorted(lengths)}"
        )
    (n,) = lengths
    found = [
        metric(*(_pick(array, which) for array in arrays))
        for which in (rng.integers(0, n, n) for _ in range(samples))
    ]
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(metric(*arrays)), float(low), float(high))


def _pick(array: NDArray[Any] | Sequence[Any], which: NDArray[np.int64]) -> Any:
    return array[which] if isinstance(array, np.ndarray) else [array[i] for i in which.tolist()]
