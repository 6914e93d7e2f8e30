"""First values of weights. All draw from an explicit stream."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def xavier_uniform(
    rng: np.random.Generator, shape: tuple[int, int], dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Uniform in +-sqrt(6 / (n_in + n_out)) (Glorot & Bengio 2010, eq. 16).

    shape: (n_in, n_out). Keeps the variance of activations and of gradients from layer to layer.
    """
    bound = np.sqrt(6 / (shape[0] + shape[1]))
    return rng.uniform(-bound, bound, shape).astype(dtype)


def normal(
    rng: np.random.Generator, shape: tuple[int, ...], std: float, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Normal with mean 0 and standard deviation `std`."""
    return (rng.standard_normal(shape) * std).astype(dtype)


def kaiming_uniform(
    rng: np.random.Generator, shape: tuple[int, ...], n_in: int, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Uniform in +-sqrt(6 / n_in) (He et al. 2015, eq. 10): keeps the variance behind rectifiers.

    n_in: how many inputs one output is summed from.
    """
    bound = np.sqrt(6 / max(n_in, 1))
    return rng.uniform(-bound, bound, shape).astype(dtype)


def kaiming_normal(
    rng: np.random.Generator, shape: tuple[int, ...], n_in: int, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Normal with standard deviation sqrt(2 / n_in) (He et al. 2015, eq. 10)."""
    return normal(rng, shape, float(np.sqrt(2 / max(n_in, 1))), dtype)


def truncated_normal(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    std: float,
    dtype: DTypeLike = np.float32,
    *,
    bound: float = 2.0,
) -> NDArray[Any]:
    """Normal, drawn again where beyond `bound` standard deviations (BERT's first values).

    std: of the normal before it is cut; cut at 2 the values' own is 0.880 std.
    """
    values = rng.standard_normal(shape)
    far = np.abs(values) > bound
    while far.any():
        values[far] = rng.standard_normal(int(far.sum()))
        far = np.abs(values) > bound
    return (values * std).astype(dtype)


def orthogonal(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    dtype: DTypeLike = np.float32,
    *,
    gain: float = 1.0,
) -> NDArray[Any]:
    """Orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al. 2013).

    shape: two axes or more; all but the first count as one. Uniform over all such matrices: the
    Q of a normal matrix's QR, with the signs that make R's diagonal positive (Mezzadri 2006).
    """
    rows, columns = shape[0], int(np.prod(shape[1:]))
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return (gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype)
