"""Products of few rows with a large weight, as of one text, without a tape."""

from __future__ import annotations

import math

import numpy as np

from pmt_autograd import Array, values
from pmt_nn.module.parameter import Parameter

_FEW_ROWS = 96
_FEW_ROWS_UNPACKED = 24
_LARGE_WEIGHT = 1 << 17  # elements; a smaller weight is read from the cache in any order
_SMALL_PRODUCT = 1_000_000  # multiplications; OpenBLAS copies no operand below this


def few_rows_product(rows: Array, weight: Parameter, *, out: Array | None = None) -> Array:
    """Return x W of rows (n, n_in) and a weight (n_in, n_out), equal up to rounding.

    out: receives the product, (n, n_out), contiguous.

    OpenBLAS copies the weight into another order before a product, which takes longer than the
    product of a few rows. It does without for small ones. So a packed weight, see `PackedWeight`,
    is multiplied block by block, and the sum over the inputs is cut if the blocks are not small.
    """
    n, (n_in, n_out) = len(rows), weight.shape
    if n <= _FEW_ROWS and n * n_in * n_out > _SMALL_PRODUCT:
        packed = weight.packed() if n_in * n_out >= _LARGE_WEIGHT else None
        if packed is not None:
            return _product_by_blocks(rows, packed.blocks, out)
        if n <= _FEW_ROWS_UNPACKED:
            return _product_by_parts(rows, values(weight), out)
    product: Array = np.matmul(rows, values(weight), out=out)
    return product


def _product_by_blocks(rows: Array, blocks: Array, out: Array | None) -> Array:
    """Return the product of rows (n, n_in) with blocks of columns (n_out / w, n_in, w)."""
    count, n_in, width = blocks.shape
    n = len(rows)
    product = np.empty((n, count * width), np.result_type(rows, blocks)) if out is None else out
    by_block = product.reshape(n, count, width).swapaxes(0, 1)
    step = _step(n_in, n * n_in * width)
    np.matmul(rows[:, :step], blocks[:, :step], out=by_block)
    for start in range(step, n_in, step):
        part = slice(start, start + step)
        by_block += rows[:, part] @ blocks[:, part]
    return product


def _product_by_parts(rows: Array, weight: Array, out: Array | None) -> Array:
    """Return the product as a sum of small products."""
    n_in = len(weight)
    step = _step(n_in, len(rows) * weight.size)
    total: Array = np.matmul(rows[:, :step], weight[:step], out=out)
    summand = np.empty_like(total)
    for start in range(step, n_in, step):
        part = slice(start, start + step)
        total += np.matmul(rows[:, part], weight[part], out=summand)
    return total


def _step(n_in: int, multiplications: int) -> int:
    """Return how many of the inputs a part of the sum has, so that its product is small."""
    parts = math.ceil(multiplications / _SMALL_PRODUCT)
    return max(-(-n_in // max(parts, 1)) // 8 * 8, 8)
