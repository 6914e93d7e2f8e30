"""Contrastive and triplet losses, and the similarities they use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, masked, norm, relu, where
from pmt_core import SettingsError, ShapeError, cut, scaled_to_one
from pmt_nn.losses.cross_entropy import cross_entropy
from pmt_nn.losses.regression import check_same_shape, reduce_loss
from pmt_nn.module.inputs import float_tensor


@ag.primitive
def normalized(x: Array) -> Result:
    """Return the vectors of the last axis divided by their length; a zero vector stays zero.

    With u = x / |x|: dx = (du - u (u . du)) / |x|, and 0 for a zero vector. Exact for vectors of
    any length, as x is scaled first.
    """
    scaled, scale = scaled_to_one(x, -1)
    length = np.sqrt(np.square(scaled).sum(axis=-1, keepdims=True))
    has_length = length != 0
    divisor = np.where(has_length, length, length.dtype.type(1))
    unit = scaled / divisor

    def backward(grad: Array) -> Array:
        grad = cut(grad, has_length)
        along = (grad * unit).sum(axis=-1, keepdims=True)
        by_x: Array = (grad - unit * along) / divisor / scale
        return by_x

    return unit, backward


@ag.composed_form(normalized)
def normalized_composed(x: Tensor) -> Tensor:
    """Compute x / |x| in plain operations."""
    length = norm(x, axis=-1, keepdims=True)
    has_length = length.data != 0
    return masked(x / where(has_length, length, np.ones((), x.dtype)), mask=has_length)


@ag.samples(normalized, kinks="x = 0: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),))
    yield Sample((rng.normal(size=(2, 2, 4)) * 1e-3,), note="short")
    yield Sample((rng.normal(size=5) * 1e3,), note="one vector, long")
    yield Sample((np.zeros((0, 3)),), note="empty")


def cosine_similarity(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of the angle of the vectors of the last axis, (..., d) twice -> (...).

    The cosine with a zero vector is 0.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import cosine_similarity
        >>> a = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
        >>> b = np.array([[5.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
        >>> cosine_similarity(a, b).data.round(3)
        array([1.   , 0.707, 0.   ])
    """
    a, b = _vectors("cosine_similarity", a, b)
    return (normalized(a) * normalized(b)).sum(axis=-1)


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Return the Euclidean distance of the vectors of the last axis; its slope at 0 is 0."""
    a, b = _vectors("distance", a, b)
    return norm(a - b, axis=-1)


def cosine_loss(
    a: Tensor, b: Tensor, same: NDArray[np.bool_], *, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """Return 1 - cos of pairs a, b (n, d) if `same` (n,) is True, else max(cos - margin, 0).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import cosine_loss
        >>> a = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
        >>> b = np.array([[1.0, 1.0], [1.0, 1.0], [-1.0, 0.0]])
        >>> cosine_loss(a, b, np.array([True, False, False]), reduction="none").data.round(3)
        array([0.293, 0.707, 0.   ])
    """
    a, b = _vectors("cosine_loss", a, b)
    cosine = cosine_similarity(a, b)
    return reduce_loss(where(_same(same, a), 1 - cosine, relu(cosine - margin)), reduction)


def contrastive_loss(
    a: Tensor, b: Tensor, same: NDArray[np.bool_], *, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Return D^2 / 2 for pairs that are the same, max(margin - D, 0)^2 / 2 for others.

    D is the Euclidean distance (Hadsell et al. 2006, eq. 4). a, b: (n, d), same: (n,) booleans.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import contrastive_loss
        >>> a, b = np.zeros((3, 2)), np.array([[0.5, 0.0], [0.5, 0.0], [3.0, 0.0]])
        >>> contrastive_loss(a, b, np.array([True, False, False]), reduction="none").data
        array([0.125, 0.125, 0.   ])
    """
    a, b = _vectors("contrastive_loss", a, b)
    far = distance(a, b)
    gap = where(_same(same, a), far, relu(margin - far))
    return reduce_loss(gap * gap * 0.5, reduction)


def triplet_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    margin: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Return max(D(anchor, positive) - D(anchor, negative) + margin, 0) (Schroff et al. 2015).

    D is the Euclidean distance; all inputs are (n, d).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import triplet_loss
        >>> anchor, positive = np.zeros((2, 1)), np.array([[1.0], [1.0]])
        >>> negative = np.array([[1.5], [4.0]])  # too close, far enough
        >>> triplet_loss(anchor, positive, negative, reduction="none").data
        array([0.5, 0. ])
    """
    gap = distance(anchor, positive) - distance(anchor, negative)
    return reduce_loss(relu(gap + margin), reduction)


def in_batch_contrastive_loss(
    a: Tensor, b: Tensor, *, temperature: float = 0.05, reduction: str = "mean"
) -> Tensor:
    """Return the cross-entropy of row i of a against all rows of b, of which row i is positive.

    The logits are the cosines divided by `temperature` (van den Oord et al. 2018; Henderson et al.
    2017). a, b: (n, d).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import in_batch_contrastive_loss
        >>> a = np.eye(3)
        >>> in_batch_contrastive_loss(a, a, temperature=0.5, reduction="none").data.round(3)
        array([0.24, 0.24, 0.24])
        >>> shifted = a[[1, 2, 0]]  # each positive is wrong
        >>> in_batch_contrastive_loss(a, shifted, temperature=0.5, reduction="none").data.round(3)
        array([2.24, 2.24, 2.24])
    """
    if not 0 < temperature < np.inf:
        raise SettingsError(f"temperature is finite and above 0, got {temperature}")
    a, b = _vectors("in_batch_contrastive_loss", a, b)
    if a.ndim != 2:
        raise ShapeError(f"in_batch_contrastive_loss needs vectors (n, d), got shape {a.shape}")
    cosines = normalized(a) @ normalized(b).swapaxes(0, 1)
    return cross_entropy(cosines / temperature, np.arange(len(a)), reduction=reduction)


def _vectors(name: str, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return two inputs as tensors of one shape and dtype, that of the first."""
    a = float_tensor(a)
    b = float_tensor(b, a)
    check_same_shape(name, a, b)
    if not a.ndim:
        raise ShapeError(f"{name} needs vectors, got single numbers")
    return a, b


def _same(same: NDArray[np.bool_], a: Tensor) -> NDArray[np.bool_]:
    same = np.asarray(same)
    if same.dtype != np.bool_ or same.shape != a.shape[:-1]:
        raise ShapeError(
            f"`same` is boolean with one entry per pair, {a.shape[:-1]}, got {same.dtype} "
            f"{same.shape}"
        )
    return same
