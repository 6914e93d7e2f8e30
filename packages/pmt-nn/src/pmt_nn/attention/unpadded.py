"""Unpadded (ragged) batches: one row for each token of sequences of different lengths.

Layers that work on each token alone (linear, norm, dropout) compute nothing for padding, as in the
unpadded BERT of Zeng et al. 2022 (section 3). The sequences are sorted by length, so that those of
one length are, as a view, a batch without padding for attention as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, concat
from pmt_core import ShapeError, as_rows


@dataclass(frozen=True, slots=True)
class SequenceGroup:
    """The sequences of one length: `count` of them with `length` tokens, from row `start` on."""

    start: int
    count: int
    length: int

    @property
    def rows(self) -> slice:
        """The rows of their tokens."""
        return slice(self.start, self.start + self.count * self.length)


@dataclass(frozen=True, slots=True)
class RaggedLayout:
    """The order of a batch's tokens in the rows of the unpadded batch.

    Attributes:
        mask: (b, t), True at tokens.
        index: (n,), the index of each row's token in the flattened padded batch (b t).
        groups: the sequences by length, shortest first, without empty ones.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import RaggedLayout
        >>> mask = np.array([[True, True, True, False], [True, False, False, False]])
        >>> layout = RaggedLayout.of(mask)
        >>> layout.index  # the sequence of length 1 comes first: token 4 of the flat batch
        array([4, 0, 1, 2])
        >>> [(group.count, group.length) for group in layout.groups]
        [(1, 1), (1, 3)]
    """

    mask: NDArray[np.bool_]
    index: NDArray[np.intp]
    groups: tuple[SequenceGroup, ...]

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> RaggedLayout:
        """Return the layout of a mask (b, t), True at tokens, which may be anywhere in a row."""
        if mask.ndim != 2 or mask.dtype != np.bool_:
            raise ShapeError(
                f"expected a boolean mask (b, t), got {mask.dtype} of shape {mask.shape}"
            )
        lengths = mask.sum(axis=1)
        order = np.argsort(lengths, kind="stable")
        sequence, column = np.nonzero(mask[order])
        values, counts = np.unique(lengths, return_counts=True)
        ends = np.cumsum(values * counts)
        groups = tuple(
            SequenceGroup(int(end - length * count), int(count), int(length))
            for end, count, length in zip(ends, counts, values)
            if length
        )
        return cls(mask, order[sequence] * mask.shape[1] + column, groups)


@ag.primitive
def to_ragged(x: Array, *, layout: RaggedLayout) -> Result:
    """Return a row for each token of x (b, t, d): (n, d). Padding gets a gradient of 0.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import RaggedLayout, to_ragged
        >>> mask = np.array([[True, True], [True, False]])
        >>> x = np.array([[[1.0], [2.0]], [[3.0], [0.0]]])
        >>> to_ragged(x, layout=RaggedLayout.of(mask)).data
        array([[3.],
               [1.],
               [2.]])
    """
    _check_batch(x, layout)

    def backward(grad: Array) -> Array:
        return pad_rows(grad, layout)

    return as_rows(x).take(layout.index, axis=0), backward


@ag.composed_form(to_ragged)
def to_ragged_composed(x: Tensor, *, layout: RaggedLayout) -> Tensor:
    """Return the rows of the tokens by plain indexing."""
    return x.reshape(-1, x.shape[-1])[layout.index]


@ag.primitive
def from_ragged(rows: Array, *, layout: RaggedLayout) -> Result:
    """Return the padded batch (b, t, d) of rows (n, d), zeros at padding.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import RaggedLayout, from_ragged, to_ragged
        >>> layout = RaggedLayout.of(np.array([[True, True], [True, False]]))
        >>> rows = to_ragged(np.array([[[1.0], [2.0]], [[3.0], [99.0]]]), layout=layout)
        >>> from_ragged(rows * 10, layout=layout).data[:, :, 0]  # padding is 0
        array([[10., 20.],
               [30.,  0.]])
    """
    if rows.ndim != 2 or len(rows) != len(layout.index):
        raise ShapeError(
            f"expected rows (n, d) of the layout's {len(layout.index)} tokens, got {rows.shape}"
        )

    def backward(grad: Array) -> Array:
        return as_rows(grad).take(layout.index, axis=0)

    return pad_rows(rows, layout), backward


@ag.composed_form(from_ragged)
def from_ragged_composed(rows: Tensor, *, layout: RaggedLayout) -> Tensor:
    """Return the row of the token, or a row of zeros, for each position of the padded batch."""
    n, d = rows.shape
    index = np.full(layout.mask.size, n)
    index[layout.index] = np.arange(n)
    padded = concat(rows, np.zeros((1, d), rows.dtype), axis=0)[index]
    return padded.reshape(*layout.mask.shape, d)


ag.no_flops(to_ragged, from_ragged)


def pad_rows(rows: Array, layout: RaggedLayout) -> Array:
    """Return the padded batch (b, t, d) of rows (n, d), with zeros at padding."""
    padded = np.zeros((layout.mask.size, rows.shape[1]), rows.dtype)
    padded[layout.index] = rows
    return padded.reshape(*layout.mask.shape, rows.shape[1])


def _check_batch(x: Array, layout: RaggedLayout) -> None:
    if x.ndim != 3 or x.shape[:2] != layout.mask.shape:
        raise ShapeError(
            f"expected a batch (b, t, d) for a mask (b, t) of shape {layout.mask.shape}, "
            f"got shape {x.shape}"
        )


def _masks() -> Iterator[tuple[NDArray[np.bool_], str]]:
    yield np.arange(4) < np.array([[3], [1], [4], [3]]), "padding at the ends"
    yield np.array([[False, True, True], [True, False, True]]), "padding anywhere"
    yield np.array([[False, False], [True, False]]), "a sequence without tokens"
    yield np.zeros((2, 3), np.bool_), "no tokens"
    yield np.zeros((0, 3), np.bool_), "empty batch"


@ag.samples(to_ragged)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for mask, note in _masks():
        yield Sample((rng.normal(size=(*mask.shape, 2)),), {"layout": RaggedLayout.of(mask)}, note)


@ag.samples(from_ragged)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for mask, note in _masks():
        rows = rng.normal(size=(int(mask.sum()), 2))
        yield Sample((rows,), {"layout": RaggedLayout.of(mask)}, note)
