"""Attention masks: boolean arrays in which True means "attend here"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_core import DtypeError, ShapeError

Mask = NDArray[np.bool_]


def head_mask(mask: Mask, b: int, t: int, s: int) -> Mask:
    """A mask with all its axes: (b, s) keys, (b, t, s), or (b, h, t, s) -> (b, 1 or h, t or 1, s).

    Axes of length 1 broadcast. Raises DtypeError for a mask that is not boolean, ShapeError for
    one that fits in no such way.
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
    fits = full.ndim == 4 and all(
        have in (1, want)
        for have, want in zip((full.shape[0], *full.shape[2:]), (b, t, s), strict=True)
    )
    if not fits:
        raise ShapeError(
            f"a mask for {b} sequences, {t} queries and {s} keys has shape (b, s) = {(b, s)}, "
            f"(b, t, s) = {(b, t, s)} or (b, h, t, s), got {mask.shape}"
        )
    return full


def causal_mask(t: int) -> Mask:
    """(1, t, t): each position attends to itself and those before it."""
    return np.tril(np.ones((1, t, t), np.bool_))
