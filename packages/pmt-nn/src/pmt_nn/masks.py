"""Types of arguments, and attention masks: booleans in which True means "attend here"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pmt_core import DtypeError, ShapeError

if TYPE_CHECKING:
    Mask = NDArray[np.bool_]
else:

    class Mask:
        """An attention mask: a boolean array in which True means "attend here".

        Any boolean array is one; this class exists for `help(Mask)` and is never instantiated.

        Shapes, for b sequences, t queries, s keys and h heads: (b, s), one row of keys for all
        queries; (b, t, s), keys for each query, e.g. `causal_mask(t)`; (b, h, t, s), keys for each
        head and query. A query without keys gets zeros and zero gradients. For padded ids (b, s):
        `mask = ids != pad`.
        """


Ids = NDArray[np.integer]
"""Integers, e.g. token ids (b, t)."""

Rng = np.random.Generator | None
"""The random stream of a pass, for dropout; required in training if a rate is above 0."""


def head_mask(mask: Mask, b: int, t: int, s: int) -> Mask:
    """Return a mask (b, s) of keys, (b, t, s) or (b, h, t, s) with four axes.

    Axes of length 1 broadcast: the result is (b, 1 or h, t or 1, s). Raises DtypeError if the mask
    is not boolean, ShapeError if it has none of these shapes.
    """
    if mask.dtype != np.bool_:
        raise DtypeError(
            f"an attention mask is boolean, True = attend here, got dtype {mask.dtype}; "
            "compare first, e.g. ids != pad"
        )
    full = mask
    if mask.ndim == 2:
        full = mask[:, np.newaxis, np.newaxis, :]
    elif mask.ndim == 3:
        full = mask[:, np.newaxis]
    lengths = zip((*full.shape[:1], *full.shape[2:]), (b, t, s), strict=False)
    if full.ndim != 4 or not all(length in (1, expected) for length, expected in lengths):
        raise ShapeError(
            f"a mask for {b} sequences, {t} queries and {s} keys has the shape (b, s) = {(b, s)}, "
            f"(b, t, s) = {(b, t, s)} or (b, h, t, s), got {mask.shape}"
        )
    return full


def causal_mask(t: int) -> Mask:
    """Return the mask (1, t, t) with which each position attends to itself and earlier ones."""
    return np.tril(np.ones((1, t, t), np.bool_))
