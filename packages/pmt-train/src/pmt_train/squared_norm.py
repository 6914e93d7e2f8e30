"""The sum of squares of a long array."""

from __future__ import annotations

import math

import numpy as np

from pmt_train.parameter_slot import Array

_BLOCK = 1 << 16  # elements; a partial sum in float32 stays exact enough, and in the cache


def squared_norm(array: Array) -> float:
    """Sum of the squares of all elements, as a Python float (inf or nan where one is).

    Blocks are summed by the BLAS in the array's dtype and added up in float64. Elements above
    1e19 overflow a float32 square; then it is done again in float64.
    """
    flat = array.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return sum(_of_block(flat[i : i + _BLOCK]) for i in range(0, flat.size, _BLOCK))


def _of_block(block: Array) -> float:
    part = float(np.dot(block, block))
    if math.isfinite(part):
        return part
    wide = block.astype(np.float64)
    return float(np.dot(wide, wide))
