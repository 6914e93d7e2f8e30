"""Shape and dtype: reshape, transpose, swapaxes, broadcast_to, astype."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.types import Array, Result
from pmt_core import ShapeError, unbroadcast


def normalize_axis(axis: int, ndim: int) -> int:
    """Return an axis counted from 0. Raises ShapeError if there is no such axis."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"axis {axis} does not exist in an array of {ndim} axes")
    return axis % ndim


@primitive
def reshape(x: Array, *, shape: tuple[int, ...]) -> Result:
    """Return the same elements in another shape; one axis may be -1.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> x = Tensor(np.arange(6), dtype=np.float32, requires_grad=True)
        >>> y = x.reshape(2, -1)
        >>> y.data
        array([[0., 1., 2.],
               [3., 4., 5.]], dtype=float32)
        >>> y[1].sum().backward()
        >>> x.grad
        GradientArray([0., 0., 0., 1., 1., 1.], dtype=float32)
    """
    before = x.shape
    return x.reshape(shape), lambda grad: grad.reshape(before)


@primitive
def transpose(x: Array, *, axes: tuple[int, ...] | None = None) -> Result:
    """Permute the axes to the order `axes`; reverse them if None.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> x = Tensor(np.zeros((2, 3, 4)))
        >>> x.T.shape, x.transpose(0, 2, 1).shape
        ((4, 3, 2), (2, 4, 3))
    """
    inverse = (
        None if axes is None else tuple(np.argsort([normalize_axis(axis, x.ndim) for axis in axes]))
    )
    return x.transpose(axes), lambda grad: grad.transpose(inverse)


@primitive
def swapaxes(x: Array, *, first: int, second: int) -> Result:
    """Exchange two axes.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> keys = Tensor(np.zeros((8, 2, 5, 16)))  # (b, h, s, k)
        >>> keys.swapaxes(-1, -2).shape
        (8, 2, 16, 5)
    """
    return x.swapaxes(first, second), lambda grad: grad.swapaxes(first, second)


@primitive
def broadcast_to(x: Array, *, shape: tuple[int, ...]) -> Result:
    """Broadcast x to `shape`. The gradient is summed over the repeated axes.

    Examples:
        >>> from pmt_autograd import Tensor, broadcast_to
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> y = broadcast_to(x, shape=(3, 2))
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([3., 3.], dtype=float32)
    """
    before = x.shape
    return np.broadcast_to(x, shape), lambda grad: unbroadcast(grad, before)


@primitive
def astype(x: Array, *, dtype: DTypeLike) -> Result:
    """Convert x to another dtype. The gradient is converted back.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> y = x.astype(np.float64)
        >>> y.sum().backward()
        >>> y.dtype, x.grad.dtype
        (dtype('float64'), dtype('float32'))
    """
    before = x.dtype
    return x.astype(dtype), lambda grad: grad.astype(before)


no_flops(reshape, transpose, swapaxes, broadcast_to, astype)


@samples(reshape, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 6)),), {"shape": (3, 4)})
    yield Sample((rng.normal(size=(2, 6)),), {"shape": (-1, 2)}, note="one axis inferred")
    yield Sample((rng.normal(size=()),), {"shape": (1, 1)}, note="0-d")
    yield Sample((rng.normal(size=(0, 3)),), {"shape": (3, 0)}, note="empty")


@samples(transpose, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3, 4)),), note="reversed")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axes": (1, 2, 0)}, note="cyclic")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axes": (0, -1, 1)}, note="negative axis")


@samples(swapaxes, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3, 4)),), {"first": -1, "second": 0})


@samples(broadcast_to, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 1)),), {"shape": (2, 3, 4)})
    yield Sample((rng.normal(size=()),), {"shape": (2,)}, note="0-d")


@samples(astype)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"dtype": np.float64}, float32=False)
