"""Numerically stable sigmoid, softplus, softmax and logsumexp.

They neither overflow nor return nan for finite inputs. They keep float32 and
float64; float16 is computed in float32 and returned as float16; integers and booleans are
converted to float64. nan inputs give nan.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core.errors import DtypeError

Axis = int | tuple[int, ...] | None
Floats = NDArray[np.floating[Any]]


def sigmoid(x: ArrayLike) -> Floats:
    """Return 1 / (1 + e^-x); small values keep their relative precision.

    Examples:
        >>> from pmt_core import sigmoid
        >>> sigmoid([-1000.0, 0.0, 2.0]).round(4)
        array([0.    , 0.5   , 0.8808])
    """
    x, dtype = _floats(x)
    # e^min(x, 0) / (1 + e^-|x|): no term can overflow; np.where would take twice as long.
    numerator = np.asarray(np.minimum(x, 0))
    np.exp(numerator, out=numerator)
    numerator /= _decay(x) + 1
    return _cast(numerator, dtype)


def softplus(x: ArrayLike) -> Floats:
    """Return log(1 + e^x).

    Examples:
        >>> from pmt_core import softplus
        >>> softplus([-2.0, 0.0, 2.0]).round(4)
        array([0.1269, 0.6931, 2.1269])
        >>> softplus(1000.0)  # e^1000 would overflow
        array(1000.)
    """
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
    """Return log(sum(e^x)) over `axis`, without overflow.

    A sum of no elements, or only of -inf, gives log(0) = -inf.

    Args:
        x: of any shape.
        axis: one axis, several, or all if None.
        keepdims: whether to keep the reduced axes with length 1.
        where: boolean mask that broadcasts with x; an element that is False is left out, whatever
            its value.

    Raises:
        DtypeError: if x is not real, or the mask not boolean.

    Examples:
        >>> from pmt_core import logsumexp
        >>> float(logsumexp([1000.0, 1000.0]).round(4))  # 1000 + log(2)
        1000.6931
        >>> x = [[0.0, 0.0], [1.0, 5.0]]
        >>> logsumexp(x, axis=1, where=[[True, True], [True, False]]).round(4)
        array([0.6931, 1.    ])
    """
    x, dtype = _floats(x)
    x = _masked(x, where)
    axes = _axes(axis, x.ndim)
    shift = _finite_max(x, axes)
    with np.errstate(divide="ignore", over="ignore"):
        total = np.log(np.exp(x - shift).sum(axis=axes, keepdims=True)) + shift
    return _cast(total if keepdims else total.reshape(_reduced(total.shape, axes)), dtype)


def softmax(x: ArrayLike, axis: Axis = -1, *, where: NDArray[np.bool_] | None = None) -> Floats:
    """Return e^x / sum(e^x) over `axis`, without overflow.

    If elements are +inf, they share the probability. A row without choices (all masked, or all
    -inf) is all zeros.

    Args:
        x: of any shape.
        axis: one axis, several, or all if None.
        where: boolean mask that broadcasts with x; an element that is False has probability 0,
            whatever its value.

    Raises:
        DtypeError: if x is not real, or the mask not boolean.

    Examples:
        >>> from pmt_core import softmax
        >>> softmax([1000.0, 1001.0, 1002.0]).round(3)
        array([0.09 , 0.245, 0.665])
        >>> softmax([1.0, 2.0, 3.0], where=[True, True, False]).round(3)
        array([0.269, 0.731, 0.   ])
        >>> softmax([1.0, 2.0, 3.0], where=[False, False, False])
        array([0., 0., 0.])
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
    """Return log(softmax(x)) over `axis`, accurate also if the softmax rounds to 0.

    The arguments are those of `softmax`. An element of probability 0 gives -inf.

    Examples:
        >>> from pmt_core import log_softmax
        >>> log_softmax([0.0, 1000.0])
        array([-1000.,     0.])
        >>> log_softmax([1.0, 2.0, 3.0], where=[True, True, False]).round(4)
        array([-1.3133, -0.3133,    -inf])
    """
    x, dtype = _floats(x)
    x = _masked(x, where)
    axes = _axes(axis, x.ndim)
    shifted = _shifted(x, axes)
    total = np.exp(shifted).sum(axis=axes, keepdims=True)
    shifted -= np.log(np.where(total == 0, np.ones((), x.dtype), total))
    return _cast(shifted, dtype)


def _floats(x: ArrayLike) -> tuple[Floats, np.dtype[Any]]:
    """Return x as an array to compute with, and the dtype of the result."""
    array = np.asarray(x)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DtypeError(f"expected real numbers, got an array of {array.dtype}")
    dtype = array.dtype
    return (array.astype(np.float32) if dtype == np.float16 else array), dtype


def _decay(x: Floats) -> Floats:
    """Return e^-|x|, in [0, 1], as a new array."""
    decay = np.asarray(np.abs(x))
    np.negative(decay, out=decay)
    np.exp(decay, out=decay)
    return decay


def _cast(array: Any, dtype: np.dtype[Any]) -> Floats:
    """Convert to an array (not a scalar) of `dtype`; no copy if it has this dtype."""
    return np.asarray(array, dtype)


def _masked(x: Floats, where: NDArray[np.bool_] | None) -> Floats:
    if where is None:
        return x
    mask = np.asarray(where)
    if mask.dtype != np.bool_:
        raise DtypeError(f"`where` must be boolean (True: included), not {mask.dtype}")
    return np.where(mask, x, np.array(-np.inf, x.dtype))


def _axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    if type(axis) is int and -ndim <= axis < ndim:  # the most frequent case
        return (axis % ndim,)
    if axis is None:
        return tuple(range(ndim))
    if ndim == 0 and axis in (0, -1):
        return ()  # as in NumPy's reductions
    return tuple(np.lib.array_utils.normalize_axis_tuple(axis, ndim))


def _reduced(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _finite_max(x: Floats, axes: tuple[int, ...]) -> Floats:
    """Return the maximum over `axes` (kept with length 1), 0 if it is infinite."""
    top = x.max(axis=axes, keepdims=True, initial=-np.inf)
    return np.where(np.isinf(top), np.zeros((), x.dtype), top)


def _shifted(x: Floats, axes: tuple[int, ...]) -> Floats:
    """Return x minus its maximum over `axes` as a new array; a row of -inf stays -inf."""
    top = x.max(axis=axes, keepdims=True, initial=-np.inf)
    infinite = np.isinf(top)
    if not infinite.any():
        return np.asarray(x - top)
    # In a row whose maximum is +inf, only the infinite elements count, equally.
    above = top == np.inf
    x = np.where(above & (x < np.inf), np.array(-np.inf, x.dtype), x)
    x = np.where(above & (x == np.inf), np.zeros((), x.dtype), x)
    return np.asarray(x - np.where(infinite, np.zeros((), x.dtype), top))
