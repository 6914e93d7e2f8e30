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
