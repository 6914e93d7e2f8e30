"""Which elements of a configuration differ from torch's deliberately, for the comparisons.

A function is given the name of an array, "output 0", "gradient 1", ..., or "error", and the
configuration. It returns booleans that broadcast to the array.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from difference import INF, Configuration


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


def cut_at_length_zero(name: str, x: Configuration) -> Any:
    """Where a gradient of inf or nan arrives at a vector of length 0."""
    flat = ~x.arrays[0].any(axis=x.settings["axis"], keepdims=True)
    return name == "gradient 0" and flat & ~np.isfinite(by_axes(x.cotangents[0], x))


def infinite_logits(name: str, x: Configuration) -> Any:
    """Losses of infinite logits: one of them, or a sum that has one."""
    infinite = np.isinf(x.arrays[0])
    return name == "output 0" and (
        infinite if x.settings["reduction"] == "none" else infinite.any()
    )


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


def not_finite_without_slope(name: str, x: Configuration) -> Any:
    """At an infinite number, nan, or an infinite gradient, if the slope is 0."""
    finite = np.isfinite(x.arrays[0]) & np.isfinite(x.cotangents[0])
    return x.settings["slope"] == 0 and ~finite


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


def ignored_rows(name: str, x: Configuration) -> Any:
    """Gradients of rows of nan or inf whose label is ignored."""
    logits, labels = x.arrays
    ignored = labels == x.settings["ignore_index"]
    wrong = ignored & ~np.isfinite(logits).all(axis=-1)
    return name == "gradient 0" and wrong[..., np.newaxis]


def number_beside_arrays(name: str, x: Configuration) -> Any:
    """Indices that NumPy and torch group differently: a number and arrays, a slice between them."""
    index = x.settings["index"]
    parts = index if isinstance(index, tuple) else (index,)
    ranks = [np.ndim(part) for part in parts if isinstance(part, (int, np.ndarray))]
    return 0 in ranks and max(ranks) > 0


def equal_infinities(name: str, x: Configuration) -> Any:
    """Gradients of pairs of equal infinities, or sums that have one."""
    a, b = x.arrays
    return name != "output 0" and bool((np.isinf(a) & (a == b)).any())


def value_of_nan(name: str, x: Configuration) -> Any:
    return name == "output 0" and np.isnan(x.arrays[0])


def square_overflows(name: str, x: Configuration) -> Any:
    """At finite numbers whose square is infinite."""
    return name == "gradient 0" and np.isfinite(x.arrays[0]) & (
        np.abs(x.arrays[0]) > _root_of_largest(x)
    )


def _root_of_largest(x: Configuration) -> Any:
    """Return the number from which on squares overflow."""
    return np.sqrt(np.finfo(x.arrays[0].dtype).max)


def squares_out_of_range(name: str, x: Configuration) -> Any:
    """Gradients at points whose squared length is infinite or has lost digits, or their sums."""
    info = np.finfo(x.arrays[0].dtype)
    length = np.hypot(*x.arrays)
    low, high = np.sqrt(info.tiny / info.eps), _root_of_largest(x) / 2
    out = np.isfinite(length) & (length != 0) & ((length < low) | (length > high))
    return name != "output 0" and bool(out.any())


def beside_infinite_factors(name: str, x: Configuration) -> Any:
    """Where a factor beside it, or itself, is infinite or nan."""
    axis = x.settings["axis"]
    return name == "gradient 0" and ~np.isfinite(x.arrays[0]).all(axis=axis, keepdims=True)


def cut_at_the_origin(name: str, x: Configuration) -> Any:
    """Where a gradient of inf or nan arrives at the origin, or sums with such a term."""
    origin = (x.arrays[0] == 0) & (x.arrays[1] == 0)
    return name != "output 0" and bool((origin & ~np.isfinite(x.cotangents[0])).any())


def equal_limits(name: str, x: Configuration) -> Any:
    """The gradient by low, if an element is below two equal limits."""
    values, low, high = x.arrays
    return name == "gradient 1" and bool(((low == high) & (values < low)).any())


def limits_of_nan(name: str, x: Configuration) -> Any:
    """The gradient by high, if an element is above it and low is nan."""
    values, low, high = x.arrays
    return name == "gradient 2" and bool((np.isnan(low) & (values > high)).any())
