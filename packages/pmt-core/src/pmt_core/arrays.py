"""Arrays as floats and rows, cut by a mask, scaled, and summed to the shape before broadcasting."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import ShapeError
from pmt_core.numerics import Axis, Floats

S = TypeVar("S", bound=np.generic)


def as_floats(x: NDArray[Any]) -> NDArray[Any]:
    """Return x, integers and booleans converted to float32.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import as_floats
        >>> as_floats(np.array([True, False]))
        array([1., 0.], dtype=float32)
        >>> as_floats(np.zeros(2)).dtype
        dtype('float64')
    """
    return x.astype(np.float32) if x.dtype.kind in "iub" else x


def as_rows(x: NDArray[S]) -> NDArray[S]:
    """Return x (..., d) as rows (n, d); unlike `reshape(-1, d)` for d = 0, too.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import as_rows
        >>> as_rows(np.zeros((2, 5, 3))).shape
        (10, 3)
    """
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def cut(
    x: NDArray[Any], mask: NDArray[np.bool_], *, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Return x where the boolean mask is True, and 0 elsewhere, whatever x holds there.

    A product with the mask would give nan where x is infinite or nan; this does not, and takes the
    same time: the bits of x, read as integers, are multiplied by the mask. `np.where` takes ten
    times as long for a random mask.

    Args:
        x: of any shape and dtype.
        mask: boolean, broadcasts with x.
        out: receives the result, may be x.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import cut
        >>> cut(np.array([1.0, np.nan, np.inf]), np.array([True, False, False]))
        array([1., 0., 0.])
    """
    integer: Any = _BITS.get(x.dtype.char)
    if integer is None:  # not float16, float32 or float64
        chosen = np.where(mask, x, np.zeros((), x.dtype))
        return chosen if out is None else np.positive(chosen, out=out)
    if out is not None:
        np.multiply(x.view(integer), mask.astype(integer), out=out.view(integer))
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

    Squares of x / s, unlike those of x, neither overflow nor underflow.

    Args:
        x: of any shape.
        axis: of the vectors: one axis, several, or all if None.

    Returns:
        x / s, and s, whose axes of the vectors have length 1. s is 1 if squares of x are safe, or x
        is 0, infinite or nan; otherwise a power of two, so that nothing is rounded.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import scaled_to_one
        >>> x = np.array([3e200, 4e200])  # its squares overflow
        >>> y, s = scaled_to_one(x)
        >>> y.round(3)
        array([0.98 , 1.306])
        >>> norm = np.sqrt((y**2).sum()) * s[0]
        >>> print(f"{norm:.3e}")
        5.000e+200
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

    Args:
        grad: gradient with respect to the broadcast array; its dtype is kept.
        shape: shape before broadcasting.

    Returns:
        An array of this shape; `grad` itself, not a copy, if it has the shape.

    Raises:
        ShapeError: if `shape` does not broadcast to the shape of `grad`.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import unbroadcast
        >>> grad = np.ones((4, 3))  # of x + bias, for x (4, 3)
        >>> unbroadcast(grad, (3,))  # of the bias (3,)
        array([4., 4., 4.])
        >>> unbroadcast(grad, (4, 1)).shape
        (4, 1)
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
