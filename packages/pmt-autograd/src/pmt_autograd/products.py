"""Products made of others: outer, tensordot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmt_autograd.arithmetic import multiply
from pmt_autograd.matmul import matmul
from pmt_autograd.shape import reshape, transpose
from pmt_autograd.tensor import Tensor, values
from pmt_core import ShapeError

Axes = int | tuple[Sequence[int], Sequence[int]]


def outer(a: Any, b: Any) -> Tensor:
    """Every element of a by every element of b: (a.size, b.size), as `np.outer`."""
    return multiply(reshape(a, shape=(-1, 1)), reshape(b, shape=(1, -1)))


def tensordot(a: Any, b: Any, axes: Axes = 2) -> Tensor:
    """Sum of products over pairs of axes, as `np.tensordot`.

    axes: (axes of a, axes of b), or a number n: the last n of a with the first n of b.
    One matrix product: the summed axes of a come last, those of b first.
    """
    shape_a, shape_b = np.shape(values(a)), np.shape(values(b))
    rank_a, rank_b = len(shape_a), len(shape_b)
    if isinstance(axes, int):
        axes = (range(rank_a - axes, rank_a), range(axes))
    sum_a, sum_b = [i % rank_a for i in axes[0]], [i % rank_b for i in axes[1]]
    if [shape_a[i] for i in sum_a] != [shape_b[i] for i in sum_b]:
        raise ShapeError(
            f"tensordot sums over axes {sum_a} of shape {shape_a} and {sum_b} of shape {shape_b}, "
            "which must be of the same lengths"
        )
    keep_a = [i for i in range(rank_a) if i not in sum_a]
    keep_b = [i for i in range(rank_b) if i not in sum_b]
    inner = int(np.prod([shape_a[i] for i in sum_a], dtype=np.int64))
    rows = tuple(shape_a[i] for i in keep_a)
    columns = tuple(shape_b[i] for i in keep_b)
    left = reshape(
        transpose(a, axes=(*keep_a, *sum_a)), shape=(int(np.prod(rows, dtype=np.int64)), inner)
    )
    right = reshape(
        transpose(b, axes=(*sum_b, *keep_b)), shape=(inner, int(np.prod(columns, dtype=np.int64)))
    )
    return reshape(matmul(left, right), shape=(*rows, *columns))
