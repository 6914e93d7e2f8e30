"""Rotary positions (Su et al. 2021): the rotation of queries and keys by their position.

The angle grows along the sequence, so that dot products depend on the distance only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Array, Result, Sample, Tensor, composed_form, concat, primitive, samples
from pmt_core import ShapeError, as_floats

BASE = 10000.0


@primitive
def rotate(x: Array, *, heads: int, offset: int = 0, base: float = BASE) -> Result:
    """Rotate the pairs (0, 1), (2, 3), ... of each head by p base^(-2i/k) at position p (eq. 34).

    x: queries or keys (b, t, d), the first at position `offset`; k = d / heads is even. A rotation
    keeps lengths, and the gradient is rotated back.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import rotate
        >>> x = np.tile([1.0, 0.0], (1, 4, 1))  # (b, t, d), the same vector at four positions
        >>> y = rotate(x, heads=1).data[0]
        >>> y.round(3)  # (cos p, sin p) at position p
        array([[ 1.   ,  0.   ],
               [ 0.54 ,  0.841],
               [-0.416,  0.909],
               [-0.99 ,  0.141]])
        >>> (y[:-1] * y[1:]).sum(axis=1).round(3)  # products depend on the distance only
        array([0.54, 0.54, 0.54])
    """
    x = as_floats(x)
    _, t, d = x.shape
    if d % (2 * heads):
        raise ShapeError(
            f"rotary positions need heads of even width, got d = {d} and {heads} heads"
        )
    cosine, sine = angles(t, d // heads, offset, base, x.dtype)

    def backward(grad: Array) -> Array:
        return _turn(grad, heads, cosine, -sine)

    return _turn(x, heads, cosine, sine), backward


@composed_form(rotate)
def rotate_composed(x: Tensor, *, heads: int, offset: int = 0, base: float = BASE) -> Tensor:
    """Return the same in plain operations."""
    b, t, d = x.shape
    cosine, sine = angles(t, d // heads, offset, base, x.dtype)
    pairs = x.reshape(b, t, heads, d // heads // 2, 2)
    first, second = pairs[..., 0:1], pairs[..., 1:2]
    cosine, sine = cosine[..., np.newaxis], sine[..., np.newaxis]
    turned = concat(first * cosine - second * sine, first * sine + second * cosine, axis=-1)
    return turned.reshape(b, t, d)


def angles(t: int, k: int, offset: int, base: float, dtype: DTypeLike) -> tuple[Array, Array]:
    """Return cosines and sines of the angles of t positions, (t, 1, k / 2) each."""
    rates = base ** (-np.arange(0, k, 2) / k)
    turned = (np.arange(offset, offset + t)[:, np.newaxis] * rates)[:, np.newaxis]
    return np.cos(turned).astype(dtype), np.sin(turned).astype(dtype)


def _turn(x: Array, heads: int, cosine: Array, sine: Array) -> Array:
    b, t, d = x.shape
    pairs = x.reshape(b, t, heads, d // heads // 2, 2)
    first, second = pairs[..., 0], pairs[..., 1]
    turned = np.empty(pairs.shape, x.dtype)
    np.subtract(first * cosine, second * sine, out=turned[..., 0])
    np.add(first * sine, second * cosine, out=turned[..., 1])
    return turned.reshape(b, t, d)


@samples(rotate)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 5, 8)),), {"heads": 2})
    yield Sample((rng.normal(size=(1, 3, 4)),), {"heads": 1, "offset": 7, "base": 100.0}, "later")
    yield Sample((rng.normal(size=(1, 0, 4)),), {"heads": 2}, "empty")
