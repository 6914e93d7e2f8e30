"""Numerically stable sigmoid, softplus, softmax and logsumexp; `cut` and `unbroadcast`.

The stable functions neither overflow nor return nan for finite inputs. They keep float32 and
float64; float16 is computed in float32 and returned as float16; integers and booleans are
converted to float64. nan inputs give nan.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core.errors import DtypeError, ShapeError

Axis = int | tuple[int, ...] | None
Floats = NDArray[np.floating[Any]]
S = TypeVar("S", bound=np.generic)


def sigmoid(x: ArrayLike) -> Floats:
    """Return 1 / (1 + e^-x); small values keep their relative precision."""
    x, dtype = _floats(x)
    # e^min(x, 0) / (1 + e^-|x|): no term can overflow; np.where would take twice as long.
    numerator = np.asarray(np.minimum(x, 0))
    np.exp(numerator, out=numerator)
    numerator /= _decay(x) + 1
    return _cast(numerator, dtype)


def softplus(x: ArrayLike) -> Floats:
    """Return log(1 + e^x)."""
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
    """Return log(sum(e^x)) over `axis`: one axis, several, or all if None.

    where: boolean mask that broadcasts with x; an element that is False is left out, whatever its
    value. A sum of no elements, or only of -inf, gives log(0) = -inf.
    """
    x, dtype = _floats(x)
    x = _masked(x, where)
    axes = _axes(axis, x.ndim)
    shift = _finite_max(x, axes)
    with np.errstate(divide="ignore", over="ignore"):
        total = np.log(np.exp(x - shift).sum(axis=axes, keepdims=True)) + shift
    return _cast(total if keepdims else total.reshape(_reduced(total.shape, axes)), dtype)


def softmax(x: ArrayLike, axis: Axis = -1, *, where: NDArray[np.bool_] | None = None) -> Floats:
    """Return e^x / sum(e^x) over `axis`: one axis, several, or all if None.

    If elements are +inf, they share the probability. where: boolean mask that broadcasts with x; an
    element that is False has probability 0, whatever its value. A row without choices (all masked,
    or all -inf) is all zeros.
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
    """
    x, dtype = _floats(x)
    x = _masked(x, where)
    axes = _axes(axis, x.ndim)
    shifted = _shifted(x, axes)
    total = np.exp(shifted).sum(axis=axes, keepdims=True)
    shifted -= np.log(np.where(total == 0, np.ones((), x.dtype), total))
    return _cast(shifted, dtype)


def as_floats(x: NDArray[Any]) -> NDArray[Any]:
    """Return x, integers and booleans converted to float32."""
    return x.astype(np.float32) if x.dtype.kind in "iub" else x


def as_rows(x: NDArray[S]) -> NDArray[S]:
    """Return x (..., d) as rows (n, d); unlike `reshape(-1, d)` for d = 0, too."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def cut(
    x: NDArray[Any], mask: NDArray[np.bool_], *, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Return x where the boolean mask is True, and 0 elsewhere, whatever x holds there.

    A product with the mask would give nan where x is infinite or nan; this does not, and takes the
    same time: the bits of x, read as integers, are multiplied by the mask. `np.where` takes ten
    times as long for a random mask. x and mask broadcast. out: receives the result, may be x.
    """
    integer: Any = _BITS.get(x.dtype.char)
    if integer is None:  # not float16, float32 or float64
        chosen = np.where(mask, x, np.zeros((), x.dtype))
        return chosen if out is None else np.positive(chosen, out=out)
    if out is not None:
        np.multiply(x.view(integer), mask, out=out.view(integer))
        return out
    bits: Any = mask.astype(integer)
    if bits.shape == x.shape and bits.shape:
        bits *= x.view(integer)
    else:
        bits = np.asarray(bits * x.view(integer))
    cut_x: NDArray[Any] = bits.view(x.dtype)
    return cut_x


_BITS = {"e": np.dtype(np.int16), "f": np.dtype(np.int32), "d": np.dtype(np.int64)}


def scaled_to_one(x: Floats, axis: Axis = None) -> tuple[Floats, Floats]:
    """Return x / s and s for vectors over `axis`, with the largest |x| / s near 1.

    Squares of x / s, unlike those of x, neither overflow nor underflow. s is 1 if squares of x are
    safe, or x is 0, infinite or nan; otherwise a power of two, so that nothing is rounded. Its
    axes are kept with length 1.
    """
    x = as_floats(x)
    largest = np.abs(x).max(axis=axis, keepdims=True, initial=0)
    limit = np.ldexp(x.dtype.type(1), np.finfo(x.dtype).maxexp // 4)
    safe = (largest == 0) | ((largest > 1 / limit) & (largest < limit))
    if safe.all():
        return x, np.ones_like(largest)
    exponent = np.where(safe | ~np.isfinite(largest), 1, np.frexp(largest)[1])
    scale = np.ldexp(x.dtype.type(1), exponent - 1)
    return x / scale, scale


def unbroadcast(grad: NDArray[S], shape: tuple[int, ...]) -> NDArray[S]:
    """Sum a gradient over the axes that broadcasting has added or expanded.

    grad: gradient with respect to the broadcast array; its dtype is kept. shape: shape before
    broadcasting. Returns `grad` itself, not a copy, if the shapes are equal. Raises ShapeError if
    `shape` does not broadcast to the shape of `grad`.
    """
    if grad.shape == shape:
        return grad
    added = grad.ndim - len(shape)
    if added > 0 and grad.shape[added:] == shape:  # the most frequent case: only new leading axes
        return np.asarray(np.add.reduce(grad, axis=tuple(range(added)), dtype=grad.dtype))
    stretched = [
        added + axis
        for axis, (size, wide) in enumerate(zip(shape, grad.shape[max(added, 0) :], strict=False))
        if size != wide
    ]
    if added < 0 or any(shape[axis - added] != 1 for axis in stretched):
        raise ShapeError(
            f"shape {shape} does not broadcast to the gradient's shape {grad.shape}: "
            "sizes must be equal, or 1, counted from the last axis"
        )
    axes = (*range(added), *stretched)
    total: NDArray[Any] = np.add.reduce(grad, axis=axes, dtype=grad.dtype, keepdims=True)
    return total.reshape(shape)


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
