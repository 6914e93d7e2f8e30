"""Functions of exponentials that neither overflow nor turn into nan.

All keep float32 and float64; float16 is computed in float32 and given back as float16; integers
and booleans are taken as float64. nan in, nan out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core.errors import DtypeError

__all__ = ["log_softmax", "logsumexp", "sigmoid", "softmax", "softplus"]

Axis = int | tuple[int, ...] | None
Floats = NDArray[np.floating[Any]]


def sigmoid(x: ArrayLike) -> Floats:
    """1 / (1 + e^-x), same shape as x; small values keep their relative precision."""
    x, dtype = _floats(x)
    # e^min(x, 0) / (1 + e^-|x|): no part can overflow; np.where would take twice as long.
    below = np.asarray(np.minimum(x, 0))
    np.exp(below, out=below)
    below /= _decay(x) + 1
    return _cast(below, dtype)


def softplus(x: ArrayLike) -> Floats:
    """log(1 + e^x), same shape as x."""
    x, dtype = _floats(x)
    decay = _decay(x)
    np.log1p(decay, out=decay)
    decay += np.maximum(x, 0)
    return _cast(decay, dtype)


def logsumexp(
    x: ArrayLike,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: NDArray[np.bool_] | None = None,
) -> Floats:
    """log(sum(e^x)) over `axis` (all axes where None).

    where: boolean, broadcasts with x; False leaves an element out, whatever stands there.
    A sum over nothing, or over -inf alone, is log(0) = -inf.
    """
    x, dtype = _floats(x)
    x = _masked(x, where)
    axes = _axes(axis, x.ndim)
    shift = _finite_max(x, axes)
    with np.errstate(divide="ignore", over="ignore"):
        total = np.log(np.exp(x - shift).sum(axis=axes, keepdims=True)) + shift
    return _cast(total if keepdims else total.reshape(_reduced(total.shape, axes)), dtype)


def softmax(x: ArrayLike, axis: Axis = -1, *, where: NDArray[np.bool_] | None = None) -> Floats:
    """e^x / sum(e^x) over `axis`, same shape as x (broadcast with `where`).

    where: boolean, broadcasts with x; False gives an element the probability 0, whatever stands
    there. A row with nothing to choose from (all masked, or all -inf) is all zeros.
    Where +inf occurs, the elements that are +inf share the probability.
    """
    x, dtype = _floats(x)
    x = _masked(x, where)
    axes = _axes(axis, x.ndim)
    weights = _shifted(x, axes)
    np.exp(weights, out=weights)
    total = weights.sum(axis=axes, keepdims=True)
    weights /= np.where(total == 0, np.ones((), x.dtype), total)
    return _cast(weights, dtype)


def log_softmax(x: ArrayLike, axis: Axis = -1, *, where: NDArray[np.bool_] | None = None) -> Floats:
    """log(softmax(x)) over `axis`, exact also where the softmax itself would round to 0.

    The same `where` as `softmax`; an element with probability 0 gets -inf.
    """
    x, dtype = _floats(x)
    x = _masked(x, where)
    axes = _axes(axis, x.ndim)
    shifted = _shifted(x, axes)
    total = np.exp(shifted).sum(axis=axes, keepdims=True)
    shifted -= np.log(np.where(total == 0, np.ones((), x.dtype), total))
    return _cast(shifted, dtype)


def _floats(x: ArrayLike) -> tuple[Floats, np.dtype[Any]]:
    """x as an array to compute in, and the dtype to give back."""
    array = np.asarray(x)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DtypeError(f"expected real numbers, got an array of {array.dtype}")
    dtype = array.dtype
    return (array.astype(np.float32) if dtype == np.float16 else array), dtype


def _decay(x: Floats) -> Floats:
    """e^-|x|, in [0, 1]: a new array."""
    decay = np.asarray(np.abs(x))
    np.negative(decay, out=decay)
    np.exp(decay, out=decay)
    return decay


def _cast(array: Any, dtype: np.dtype[Any]) -> Floats:
    """An array (never a scalar) of `dtype`, without a copy where it is one already."""
    return np.asarray(array, dtype)


def _masked(x: Floats, where: NDArray[np.bool_] | None) -> Floats:
    if where is None:
        return x
    mask = np.asarray(where)
    if mask.dtype != np.bool_:
        raise DtypeError(f"`where` must be boolean (True: take part), not {mask.dtype}")
    return np.where(mask, x, np.array(-np.inf, x.dtype))


def _axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    if type(axis) is int and -ndim <= axis < ndim:  # the usual case, the short way
        return (axis % ndim,)
    if axis is None:
        return tuple(range(ndim))
    if ndim == 0 and axis in (0, -1):
        return ()  # as NumPy's own reductions: a 0-d array is its own row
    return tuple(np.lib.array_utils.normalize_axis_tuple(axis, ndim))


def _reduced(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _finite_max(x: Floats, axes: tuple[int, ...]) -> Floats:
    """The maximum over `axes` (kept as size 1), 0 where it is infinite."""
    top = x.max(axis=axes, keepdims=True, initial=-np.inf)
    return np.where(np.isinf(top), np.zeros((), x.dtype), top)


def _shifted(x: Floats, axes: tuple[int, ...]) -> Floats:
    """x less its maximum over `axes`: a new array, 0 at most; a row of -inf stays -inf."""
    top = x.max(axis=axes, keepdims=True, initial=-np.inf)
    infinite = np.isinf(top)
    if not infinite.any():
        return np.asarray(x - top)
    # A row whose maximum is +inf: the infinite elements alone count, and alike.
    above = top == np.inf
    x = np.where(above & (x < np.inf), np.array(-np.inf, x.dtype), x)
    x = np.where(above & (x == np.inf), np.zeros((), x.dtype), x)
    return np.asarray(x - np.where(infinite, np.zeros((), x.dtype), top))
