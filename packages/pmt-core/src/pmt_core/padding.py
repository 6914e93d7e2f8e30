"""Padding: sequences of different lengths as one rectangular array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import DtypeError, SettingsError, ShapeError

IGNORE_LABEL = -100
"""The label of a position that losses and metrics ignore: padding, or a token without a label."""


def pad_sequences(
    sequences: Sequence[NDArray[np.integer] | Sequence[int]],
    value: int = 0,
    length: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Stack b sequences of integers as rows, padded on the right.

    Args:
        sequences: ids, (t,) each.
        value: of the padding.
        length: number of columns; None: that of the longest sequence.

    Returns:
        The ids (b, t) int64, and the mask (b, t) bool, which is False at padding.

    Raises:
        ShapeError: if a sequence is not one-dimensional, or has more than `length` ids.
        DtypeError: if a sequence does not consist of integers.
        SettingsError: if `length` is negative.

    Examples:
        >>> from pmt_core import pad_sequences
        >>> ids, mask = pad_sequences([[5, 6, 7], [8]])
        >>> ids
        array([[5, 6, 7],
               [8, 0, 0]])
        >>> mask
        array([[ True,  True,  True],
               [ True, False, False]])
    """
    arrays = [_as_ids(sequence, row) for row, sequence in enumerate(sequences)]
    lengths = np.fromiter(map(len, arrays), np.int64, len(arrays))
    max_length = int(lengths.max(initial=0))
    width = max_length if length is None else length
    if width < 0:
        raise SettingsError(f"length must be 0 or more, not {width}")
    if max_length > width:
        raise ShapeError(
            f"sequence {int(lengths.argmax())} has {max_length} ids, more than length={width}: "
            "truncate it first, or give a larger length"
        )
    mask = np.arange(width) < lengths[:, None]
    ids = np.full((len(arrays), width), value, np.int64)
    if max_length:
        ids[mask] = np.concatenate(arrays)
    return ids, mask


def _as_ids(sequence: NDArray[np.integer] | Sequence[int], row: int) -> NDArray[np.integer]:
    array = np.asarray(sequence)
    if array.ndim != 1:
        raise ShapeError(f"sequence {row} has shape {array.shape}, expected one axis, (t,)")
    if array.size == 0:
        return np.empty(0, np.int64)  # an empty list becomes float64
    if array.dtype.kind not in "iu":
        raise DtypeError(f"sequence {row} is of {array.dtype}, expected integers (ids)")
    return array
