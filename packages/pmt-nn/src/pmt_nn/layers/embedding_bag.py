"""Embeddings of bags of ids: the sum, mean or maximum of their vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, stack, take_rows
from pmt_core import DtypeError, SettingsError, ShapeError, as_floats, cut
from pmt_nn.layers.embedding import Embedding
from pmt_nn.masks import Mask, token_mask
from pmt_nn.module.inputs import float_tensor

MODES = ("mean", "sum", "max")


class EmbeddingBag(Embedding):
    """The mean, sum or maximum of the vectors of each bag of ids.

    Arguments as for `Embedding`. mode: "mean", "sum" or "max", by element. A bag without ids is 0;
    the padding id is in no bag.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import EmbeddingBag
        >>> bag = EmbeddingBag.from_vectors(np.array([[1.0, 2.0], [3.0, 4.0], [50.0, 60.0]]))
        >>> bag(np.array([[0, 1], [1, 1]])).data  # the mean of each row
        array([[2., 3.],
               [3., 4.]], dtype=float32)
        >>> bag(np.array([0, 1, 2]), offsets=np.array([0, 2])).data  # bags [0, 1] and [2]
        array([[ 2.,  3.],
               [50., 60.]], dtype=float32)
    """

    mode: str = "mean"

    def __init__(
        self,
        v: int,
        d: int,
        rng: np.random.Generator,
        *,
        mode: str = "mean",
        std: float = 0.02,
        sparse: bool = True,
        padding: int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        _check_mode(mode)
        super().__init__(v, d, rng, std=std, sparse=sparse, padding=padding, dtype=dtype)
        self.mode = mode

    @classmethod
    def from_vectors(
        cls,
        vectors: NDArray[np.floating],
        *,
        mode: str = "mean",
        trainable: bool = True,
        sparse: bool = True,
        padding: int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Return a layer with a copy of `vectors` (v, d); see `Embedding.from_vectors`."""
        _check_mode(mode)
        bag = super().from_vectors(
            vectors, trainable=trainable, sparse=sparse, padding=padding, dtype=dtype
        )
        bag.mode = mode
        return bag

    def forward(
        self,
        ids: NDArray[np.integer],
        mask: Mask | None = None,
        *,
        offsets: NDArray[np.integer] | None = None,
        weights: Tensor | Array | None = None,
    ) -> Tensor:
        """Return the vectors (b, d) of the bags.

        ids: (b, n), a bag for each row; mask: (b, n), True = in the bag, all by default. Or ids
        (n,) with offsets (b,): a bag starts at each offset, the first at 0, and ends before the
        next. weights: of the shape of ids, factors of the vectors, for mode "sum" only.
        Raises ShapeError, DtypeError or SettingsError.
        """
        ids = np.asarray(ids)
        members, bags, b = _members(ids, mask, offsets)
        if self.padding is not None:
            members = members & (ids != self.padding)
        lengths = np.bincount(bags[members], minlength=b)
        vectors = take_rows(self.weight, ids[members], sparse=self.sparse)
        if weights is not None:
            vectors = vectors * self._factors(weights, members)[:, np.newaxis]
        if self.mode == "max":
            return bag_max(vectors, lengths=lengths)
        total = bag_sum(vectors, lengths=lengths)
        if self.mode == "sum":
            return total
        return total / np.maximum(lengths, 1).astype(total.dtype)[:, np.newaxis]

    def _factors(self, weights: Tensor | Array, members: Mask) -> Tensor:
        """Return the weights of the members, (n,). Raises ShapeError or SettingsError."""
        if self.mode != "sum":
            raise SettingsError(f'weights need mode "sum", got {self.mode!r}')
        factors = float_tensor(weights, self.weight)
        if factors.shape != members.shape:
            raise ShapeError(
                f"weights have the shape of the ids, {members.shape}, got {factors.shape}"
            )
        return factors[members]


def _check_mode(mode: str) -> None:
    if mode not in MODES:
        raise SettingsError(f"mode of EmbeddingBag is one of {', '.join(MODES)}, got {mode!r}")


def _members(
    ids: NDArray[np.integer], mask: Mask | None, offsets: NDArray[np.integer] | None
) -> tuple[Mask, NDArray[np.intp], int]:
    """Return which ids are in a bag, the number of the bag of each id, and how many there are."""
    if ids.ndim == 2 and offsets is None:
        b, n = ids.shape
        members = np.ones((b, n), np.bool_) if mask is None else token_mask(mask, b, n)
        return members, np.broadcast_to(np.arange(b)[:, np.newaxis], (b, n)), b
    if ids.ndim != 1 or offsets is None or mask is not None:
        raise ShapeError(
            "EmbeddingBag needs ids (b, n), with a mask if need be, or ids (n,) with offsets (b,) "
            f"and no mask; got ids of shape {ids.shape}"
        )
    starts = np.asarray(offsets)
    if starts.dtype.kind not in "iu":
        raise DtypeError(f"offsets are integers, got dtype {starts.dtype}")
    lengths = np.diff(starts, append=len(ids)) if starts.ndim == 1 else np.array([-1])
    if (lengths < 0).any() or lengths.sum() != len(ids):
        raise ShapeError(
            f"offsets start with 0, do not fall, and are at most {len(ids)}, the number of ids; "
            f"got {starts.tolist()[:8]}"
        )
    return np.ones(len(ids), np.bool_), np.repeat(np.arange(len(starts)), lengths), len(starts)


@ag.primitive
def bag_sum(x: Array, *, lengths: NDArray[np.integer]) -> Result:
    """Return the sums (b, d) of consecutive rows of x (n, d): lengths[i] rows for bag i, or 0."""
    x = as_floats(x)
    return _reduce(np.add, x, lengths), lambda grad: np.repeat(grad, lengths, axis=0)


@ag.primitive
def bag_max(x: Array, *, lengths: NDArray[np.integer]) -> Result:
    """Return the largest elements (b, d) of consecutive rows of x (n, d), 0 for an empty bag.

    Equal elements share the gradient evenly; nan is chosen, as in `max`.
    """
    x = as_floats(x)
    y = _reduce(np.maximum, x, lengths)

    def backward(grad: Array) -> Array:
        largest = np.repeat(y, lengths, axis=0)
        chosen = (x == largest) | (np.isnan(x) & np.isnan(largest))
        count = np.maximum(_reduce(np.add, chosen.astype(x.dtype), lengths), 1)
        return cut(np.repeat(grad / count, lengths, axis=0), chosen)

    return y, backward


def _reduce(function: np.ufunc, x: Array, lengths: NDArray[np.integer]) -> Array:
    y = np.zeros((len(lengths), x.shape[1]), x.dtype)
    has_rows = lengths > 0
    if has_rows.any():
        starts = np.cumsum(lengths) - lengths
        y[has_rows] = function.reduceat(x, starts[has_rows], axis=0)
    return y


@ag.composed_form(bag_sum)
def bag_sum_composed(x: Tensor, *, lengths: NDArray[np.integer]) -> Tensor:
    """Compute `bag_sum` as a product with booleans: which row is in which bag."""
    bags = np.repeat(np.arange(len(lengths)), lengths)
    return Tensor((bags == np.arange(len(lengths))[:, np.newaxis]).astype(x.dtype)) @ x


@ag.composed_form(bag_max)
def bag_max_composed(x: Tensor, *, lengths: NDArray[np.integer]) -> Tensor:
    """Compute `bag_max` in plain operations."""
    rows = []
    for n, stop in zip(lengths, np.cumsum(lengths), strict=True):
        part = x[stop - n : stop]
        rows.append(part.max(axis=0) if n else part.sum(axis=0))
    return stack(*rows)


@ag.samples(bag_sum)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(5, 3)),), {"lengths": np.array([2, 0, 3])}, "an empty bag")
    yield Sample((rng.normal(size=(2, 1)),), {"lengths": np.array([0, 2, 0])}, "empty at the ends")
    yield Sample((np.zeros((0, 3)),), {"lengths": np.array([0, 0])}, "no rows")


@ag.samples(bag_max, kinks="equal elements: share evenly")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(5, 3)),), {"lengths": np.array([2, 0, 3])}, "an empty bag")
    yield Sample((np.zeros((0, 3)),), {"lengths": np.array([0, 0])}, "no rows")
