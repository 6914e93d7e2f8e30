"""Sequences of different lengths as one rectangular array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import DtypeError, SettingsError, ShapeError

__all__ = ["IGNORE_LABEL", "pad_sequences"]

IGNORE_LABEL = -100
"""The label of a position that losses and metrics ignore: padding, or a token without a label."""


def pad_sequences(
    sequences: Sequence[NDArray[np.integer] | Sequence[int]],
    value: int = 0,
    length: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Put b sequences of integers below each other, padded on the right.

    sequences: b one-dimensional integer arrays (or lists). value: what stands in the padding.
    length: the width t; the longest sequence's length where None.
    Returns (ids (b, t) int64, mask (b, t) bool, True where an id of a sequence stands).
    Raises `ShapeError` for a sequence that is not one-dimensional or longer than `length`,
    `DtypeError` for one that is not of integers.
    """
    arrays = [_as_ids(sequence, row) for row, sequence in enumerate(sequences)]
    lengths = np.fromiter(map(len, arrays), np.int64, len(arrays))
    longest = int(lengths.max(initial=0))
    width = longest if length is None else length
    if width < 0:
        raise SettingsError(f"length must be 0 or more, not {width}")
    if longest > width:
        raise ShapeError(
            f"sequence {int(lengths.argmax())} has {longest} ids, more than length={width}: "
            "truncate it first, or give a larger length"
        )
    mask = np.arange(width) < lengths[:, None]
    ids = np.full((len(arrays), width), value, np.int64)
    if longest:
        ids[mask] = np.concatenate(arrays)
    return ids, mask


def _as_ids(sequence: NDArray[np.integer] | Sequence[int], row: int) -> NDArray[np.integer]:
    array = np.asarray(sequence)
    if array.ndim != 1:
        raise ShapeError(f"sequence {row} has shape {array.shape}, expected one axis, (t,)")
    if array.size == 0:
        return np.empty(0, np.int64)  # an empty list comes as float64
    if array.dtype.kind not in "iu":
        raise DtypeError(f"sequence {row} is of {array.dtype}, expected integers (ids)")
    return array
