"""Diagonals and triangles of matrices: diagonal, diag, trace, tril, triu."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.types import Array, Result
from pmt_core import ShapeError, cut, unbroadcast


@primitive
def diagonal(x: Array, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Result:
    """Return the diagonals of the matrices in two axes, as `np.diagonal`, along a new last axis.

    The other elements have the gradient 0.

    Args:
        x: two axes or more.
        offset: 0 for the main diagonal, above 0 for one over it.
        axis1: axis of the rows.
        axis2: axis of the columns.

    Raises:
        ShapeError: if x has fewer than two axes.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, diagonal
        >>> x = Tensor(np.arange(9.0).reshape(3, 3))
        >>> diagonal(x).data, diagonal(x, offset=1).data
        (array([0., 4., 8.]), array([1., 5.]))
    """
    _check_matrix("diagonal", x)
    return x.diagonal(offset, axis1, axis2), _backward_of_diagonal(x, offset, axis1, axis2)


@primitive
def trace(x: Array, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Result:
    """Return the sum of the diagonal of the matrices in two axes, as `np.trace`.

    d trace = the sum of dx on the diagonal.

    Args:
        x: two axes or more.
        offset: 0 for the main diagonal, above 0 for one over it.
        axis1: axis of the rows.
        axis2: axis of the columns.

    Raises:
        ShapeError: if x has fewer than two axes.

    Examples:
        >>> from pmt_autograd import Tensor, trace
        >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> y = trace(x)
        >>> y.item()
        5.0
        >>> y.backward()
        >>> x.grad
        GradientArray([[1., 0.],
                       [0., 1.]], dtype=float32)
    """
    _check_matrix("trace", x)
    scatter = _backward_of_diagonal(x, offset, axis1, axis2)
    value = x.trace(offset, axis1, axis2)
    return value, lambda grad: scatter(grad[..., np.newaxis])


def _backward_of_diagonal(
    x: Array, offset: int, axis1: int, axis2: int
) -> Callable[[Array], Array]:
    """Return the backward that writes the gradient of a diagonal into zeros of the shape of x."""
    shape = x.shape

    def backward(grad: Array) -> Array:
        by_x = np.zeros(shape, grad.dtype)
        view = by_x.diagonal(offset, axis1, axis2)
        view.flags.writeable = True
        view[...] = grad
        return by_x

    return backward


@primitive
def diag(x: Array, *, k: int = 0) -> Result:
    """Return the matrix (n, n) with a vector x (n,) on its diagonal, or the diagonal of a matrix.

    k: 0 for the main diagonal, above 0 for one over it; the matrix of a vector has n + |k| rows.
    Raises ShapeError for more than two axes; `diagonal` takes any number.

    Examples:
        >>> from pmt_autograd import Tensor, diag
        >>> diag(Tensor([1.0, 2.0])).data
        array([[1., 0.],
               [0., 2.]], dtype=float32)
        >>> diag(Tensor([[1.0, 2.0], [3.0, 4.0]])).data
        array([1., 4.], dtype=float32)
    """
    if x.ndim == 1:
        return np.diag(x, k), lambda grad: grad.diagonal(k)
    if x.ndim != 2:
        raise ShapeError(
            f"diag expects a vector or a matrix, got shape {x.shape}; for the diagonals of several "
            "matrices use diagonal(x, axis1=-2, axis2=-1)"
        )
    return x.diagonal(k), _backward_of_diagonal(x, k, 0, 1)


@primitive
def tril(x: Array, *, k: int = 0) -> Result:
    """Return matrices x (..., n, m) with zeros above the k-th diagonal, whatever x holds there.

    A vector is every row of a square matrix. The gradient is masked in the same way.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, tril
        >>> x = Tensor(np.full((3, 3), 7))
        >>> tril(x).data
        array([[7, 0, 0],
               [7, 7, 0],
               [7, 7, 7]])
    """
    return _masked_matrix("tril", x, lambda n, m: np.tri(n, m, k, np.bool_))


@primitive
def triu(x: Array, *, k: int = 0) -> Result:
    """Return matrices x (..., n, m) with zeros below the k-th diagonal, whatever x holds there.

    A vector is every row of a square matrix. The gradient is masked in the same way.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, triu
        >>> x = Tensor(np.full((3, 3), 7))
        >>> triu(x, k=1).data
        array([[0, 7, 7],
               [0, 0, 7],
               [0, 0, 0]])
    """
    return _masked_matrix("triu", x, lambda n, m: ~np.tri(n, m, k - 1, np.bool_))


def _masked_matrix(name: str, x: Array, mask_of: Callable[[int, int], Array]) -> Result:
    if not x.ndim:
        raise ShapeError(f"{name} expects matrices, or the row of a matrix, got a single number")
    mask, shape = mask_of(x.shape[-min(2, x.ndim)], x.shape[-1]), x.shape
    return cut(x, mask), lambda grad: unbroadcast(cut(grad, mask), shape)


def _check_matrix(name: str, x: Array) -> None:
    if x.ndim < 2:
        raise ShapeError(
            f"{name} expects matrices, so two axes or more, got shape {x.shape}; diag(x) is the "
            "matrix with a vector on its diagonal"
        )


no_flops(diagonal, diag, tril, triu)


@samples(diagonal, trace, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 3)),))
    yield Sample((rng.normal(size=(3, 5)),), {"offset": 1}, note="wide, above")
    yield Sample((rng.normal(size=(4, 3)),), {"offset": -2}, note="high, below")
    yield Sample((rng.normal(size=(3, 2)),), {"offset": 5}, note="no such diagonal")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis1": -1, "axis2": 1}, note="several matrices")
    yield Sample((rng.normal(size=(0, 3)),), note="empty")


@samples(diag, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=3),))
    yield Sample((rng.normal(size=3),), {"k": -2}, note="below")
    yield Sample((rng.normal(size=(3, 4)),), {"k": 1}, note="of a matrix")
    yield Sample((np.zeros(0),), {"k": 1}, note="empty")


@samples(tril, triu, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 3)),))
    yield Sample((rng.normal(size=(2, 3, 4)),), {"k": 1}, note="several matrices")
    yield Sample((rng.normal(size=(4, 2)),), {"k": -1}, note="high")
    yield Sample((rng.normal(size=3),), note="a vector")
    yield Sample((np.zeros((0, 3)),), note="empty")
