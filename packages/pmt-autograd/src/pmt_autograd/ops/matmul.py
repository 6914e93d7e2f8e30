"""Matrix products of any rank: matmul, outer, tensordot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from pmt_autograd.ops.arithmetic import multiply
from pmt_autograd.ops.shape import normalize_axis, reshape, transpose
from pmt_autograd.primitive import primitive
from pmt_autograd.promotion import promote
from pmt_autograd.registry import Sample, counts_flops, samples
from pmt_autograd.tensor import Tensor, values
from pmt_autograd.types import Array, Gradients, NeedsGrad, Result
from pmt_core import ShapeError, as_rows, unbroadcast


@primitive
def matmul(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return a @ b. a: (..., n, k) or (k,); b: (..., k, m) or (k,); leading axes broadcast.

    For C = A B: dA = dC B^T and dB = A^T dC.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> a = Tensor([[1.0, 2.0]], requires_grad=True)
        >>> b = Tensor([[3.0], [4.0]], requires_grad=True)
        >>> c = a @ b
        >>> c.data
        array([[11.]], dtype=float32)
        >>> c.backward()
        >>> a.grad  # dC B^T
        GradientArray([[3., 4.]], dtype=float32)
        >>> b.grad.tolist()  # A^T dC
        [[1.0], [2.0]]
    """
    a, b = promote(a, b)
    if a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0]:
        return a.dot(b), _backward_of_matrices(a, b, needs_grad)
    if not (a.ndim and b.ndim):
        raise ShapeError(
            f"matmul expects at least one axis each, got shapes {a.shape} and {b.shape}; "
            "multiply by a scalar with *"
        )
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise ShapeError(
            f"matmul sums over the last axis of a and the last but one of b, which must be of one "
            f"length: got shapes {a.shape} and {b.shape}"
        )
    return np.matmul(a, b), _backward_of_stacks(a, b, needs_grad)


def _backward_of_matrices(
    a: Array, b: Array, needs_grad: NeedsGrad
) -> Callable[[Array], Gradients]:
    """Return the backward of two matrices. For small ones `dot` takes half the time of `@`."""
    a_transposed = a.T if needs_grad[1] else None
    b_transposed = b.T if needs_grad[0] else None

    def backward(grad: Array) -> Gradients:
        return (
            None if b_transposed is None else grad.dot(b_transposed),
            None if a_transposed is None else a_transposed.dot(grad),
        )

    return backward


def _backward_of_stacks(a: Array, b: Array, needs_grad: NeedsGrad) -> Callable[[Array], Gradients]:
    """Return the backward of vectors, and of matrices with leading axes."""
    # A vector is a matrix of one row or one column; each gradient needs only the other matrix.
    a_shape, b_shape = a.shape, b.shape
    rows, columns = len(a_shape) == 1, len(b_shape) == 1
    a2 = (a[np.newaxis, :] if rows else a) if needs_grad[1] else None
    b2 = (b[:, np.newaxis] if columns else b) if needs_grad[0] else None

    def backward(grad: Array) -> Gradients:
        if rows:
            grad = np.expand_dims(grad, -1 if columns else -2)
        if columns:
            grad = np.expand_dims(grad, -1)
        by_a = by_b = None
        if b2 is not None:
            shape = (1, *a_shape) if rows else a_shape
            by_a = unbroadcast(grad @ b2.swapaxes(-1, -2), shape).reshape(a_shape)
        if a2 is not None:
            shape = (*b_shape, 1) if columns else b_shape
            by_b = _gradient_by_b(a2, grad, shape).reshape(b_shape)
        return by_a, by_b

    return backward


def _gradient_by_b(a: Array, grad: Array, shape: tuple[int, ...]) -> Array:
    """Return A^T dC; if b is one matrix for a batch of a, as one large product."""
    if len(shape) == 2 and a.ndim > 2:
        return as_rows(a).T @ as_rows(grad)
    return unbroadcast(a.swapaxes(-1, -2) @ grad, shape)


@samples(matmul, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for a, b, note in [
        ((3, 4), (4, 2), "matrices"),
        ((4,), (4,), "vectors"),
        ((4,), (4, 2), "vector by matrix"),
        ((3, 4), (4,), "matrix by vector"),
        ((2, 3, 4), (4, 2), "batch by matrix"),
        ((3, 4), (2, 4, 2), "matrix by batch"),
        ((2, 1, 3, 4), (5, 4, 2), "batches broadcast"),
        ((2, 3, 4), (4,), "batch by vector"),
        ((4,), (2, 4, 3), "vector by batch"),
        ((0, 4), (4, 2), "empty"),
        ((3, 0), (0, 2), "empty sum"),
    ]:
        yield Sample((rng.normal(size=a), rng.normal(size=b)), note=note)


@counts_flops(matmul)
def _(value: Array, a: Array, b: Array, **settings: object) -> int:
    return 2 * value.size * np.shape(a)[-1]


Axes = int | tuple[Sequence[int], Sequence[int]]


def outer(a: Any, b: Any) -> Tensor:
    """Return the products of all elements of a and b, as `np.outer`: (a.size, b.size).

    Examples:
        >>> from pmt_autograd import Tensor, outer
        >>> outer(Tensor([1.0, 2.0]), Tensor([3.0, 4.0, 5.0])).data
        array([[ 3.,  4.,  5.],
               [ 6.,  8., 10.]], dtype=float32)
    """
    return multiply(reshape(a, shape=(-1, 1)), reshape(b, shape=(1, -1)))


def tensordot(a: Any, b: Any, axes: Axes = 2) -> Tensor:
    """Return the sum of products over pairs of axes, as `np.tensordot`.

    Computed as one matrix product: the summed axes of a become the last, those of b the first.

    Args:
        a: a tensor or an array.
        b: a tensor or an array.
        axes: (axes of a, axes of b), or a number n: the last n axes of a and the first n of b.

    Raises:
        ShapeError: if the summed axes have different lengths.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, tensordot
        >>> a, b = Tensor(np.ones((2, 3, 4))), Tensor(np.ones((4, 3, 5)))
        >>> c = tensordot(a, b, axes=([1, 2], [1, 0]))
        >>> c.shape, c[0, 0].item()
        ((2, 5), 12.0)
    """
    shape_a, shape_b = np.shape(values(a)), np.shape(values(b))
    rank_a, rank_b = len(shape_a), len(shape_b)
    if isinstance(axes, int):
        axes = (range(rank_a - axes, rank_a), range(axes))
    sum_a = [normalize_axis(i, rank_a) for i in axes[0]]
    sum_b = [normalize_axis(i, rank_b) for i in axes[1]]
    if [shape_a[i] for i in sum_a] != [shape_b[i] for i in sum_b]:
        raise ShapeError(
            f"tensordot sums over axes {sum_a} of shape {shape_a} and {sum_b} of shape {shape_b}, "
            "which must have the same lengths"
        )
    keep_a = [i for i in range(rank_a) if i not in sum_a]
    keep_b = [i for i in range(rank_b) if i not in sum_b]
    inner = prod(shape_a[i] for i in sum_a)
    rows = tuple(shape_a[i] for i in keep_a)
    columns = tuple(shape_b[i] for i in keep_b)
    left = reshape(transpose(a, axes=(*keep_a, *sum_a)), shape=(prod(rows), inner))
    right = reshape(transpose(b, axes=(*sum_b, *keep_b)), shape=(inner, prod(columns)))
    return reshape(matmul(left, right), shape=(*rows, *columns))
