"""Initializers of weights: constant, Xavier, Kaiming, normal, orthogonal; from a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_nn.module.weight_limit import claim_weights

_is_skipped: ContextVar[bool] = ContextVar("skip_init", default=False)


@contextmanager
def skip_init() -> Iterator[None]:
    """Draw no random weights within this context: they are 0, as they are to be loaded.

    A model that is built for stored weights is ready at once. The context is that of the calling
    thread; the random stream that is given to the modules is not used.
    """
    token = _is_skipped.set(True)
    try:
        yield
    finally:
        _is_skipped.reset(token)


def constant(
    shape: tuple[int, ...], value: float = 0.0, *, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Return an array of one value, e.g. zeros for a bias.

    Examples:
        >>> from pmt_nn import constant
        >>> constant((2, 3), 0.5)
        array([[0.5, 0.5, 0.5],
               [0.5, 0.5, 0.5]], dtype=float32)
    """
    claim_weights(shape)
    return np.full(shape, value, dtype) if value else np.zeros(shape, dtype)


def xavier_uniform(
    rng: np.random.Generator, shape: tuple[int, int], *, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Return uniform values in +-sqrt(6 / (n_in + n_out)) (Glorot & Bengio 2010, eq. 16).

    This keeps the variance of activations and gradients over the layers. shape: (n_in, n_out).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import xavier_uniform
        >>> weight = xavier_uniform(np.random.default_rng(0), (200, 100))
        >>> bool(np.abs(weight).max() <= np.sqrt(6 / 300)), weight.dtype
        (True, dtype('float32'))
    """
    claim_weights(shape)
    if _is_skipped.get():
        return np.zeros(shape, dtype)
    bound = np.sqrt(6 / (shape[0] + shape[1]))
    return rng.uniform(-bound, bound, shape).astype(dtype)


def normal(
    rng: np.random.Generator, shape: tuple[int, ...], std: float, *, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Return normal values with mean 0 and standard deviation `std`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import normal
        >>> weight = normal(np.random.default_rng(0), (100, 100), std=0.02)
        >>> weight.shape, round(float(weight.std()), 2)
        ((100, 100), 0.02)
    """
    claim_weights(shape)
    if _is_skipped.get():
        return np.zeros(shape, dtype)
    return (rng.standard_normal(shape) * std).astype(dtype)


def kaiming_uniform(
    rng: np.random.Generator, shape: tuple[int, ...], n_in: int, *, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Return uniform values in +-sqrt(6 / n_in), n_in inputs per output (He et al. 2015, eq. 10).

    This keeps the variance of activations in layers followed by a ReLU.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import kaiming_uniform
        >>> weight = kaiming_uniform(np.random.default_rng(0), (200, 100), n_in=200)
        >>> bool(np.abs(weight).max() <= np.sqrt(6 / 200))
        True
    """
    claim_weights(shape)
    if _is_skipped.get():
        return np.zeros(shape, dtype)
    bound = np.sqrt(6 / max(n_in, 1))
    return rng.uniform(-bound, bound, shape).astype(dtype)


def kaiming_normal(
    rng: np.random.Generator, shape: tuple[int, ...], n_in: int, *, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Return normal values with standard deviation sqrt(2 / n_in) (He et al. 2015, eq. 10).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import kaiming_normal
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(100, 64))
        >>> for _ in range(10):  # ten layers keep the scale
        ...     x = np.maximum(x @ kaiming_normal(rng, (64, 64), n_in=64), 0)
        >>> bool(0.3 < np.sqrt(np.mean(x**2)) < 3)
        True
    """
    return normal(rng, shape, float(np.sqrt(2 / max(n_in, 1))), dtype=dtype)


def truncated_normal(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    std: float,
    *,
    bound: float = 2.0,
    dtype: DTypeLike = np.float32,
) -> NDArray[Any]:
    """Return normal values, drawn again if beyond `bound` standard deviations (as in BERT).

    std: of the normal before truncation. With bound = 2 the values have 0.880 std.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import truncated_normal
        >>> weight = truncated_normal(np.random.default_rng(0), (100, 100), std=0.02)
        >>> bool(np.abs(weight).max() <= 0.04)
        True
    """
    claim_weights(shape)
    if _is_skipped.get():
        return np.zeros(shape, dtype)
    values = rng.standard_normal(shape)
    outside = np.abs(values) > bound
    while outside.any():
        values[outside] = rng.standard_normal(int(outside.sum()))
        outside = np.abs(values) > bound
    return (values * std).astype(dtype)


def orthogonal(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    *,
    gain: float = 1.0,
    dtype: DTypeLike = np.float32,
) -> NDArray[Any]:
    """Return orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al. 2013).

    The values are uniform over all such matrices: the Q of a QR decomposition of a normal matrix,
    with the signs that make the diagonal of R positive (Mezzadri 2006).
    shape: at least two axes; all but the first are flattened into the columns.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import orthogonal
        >>> weight = orthogonal(np.random.default_rng(0), (3, 5), dtype=np.float64)
        >>> np.allclose(weight @ weight.T, np.eye(3))
        True
    """
    claim_weights(shape)
    if _is_skipped.get():
        return np.zeros(shape, dtype)
    rows, columns = shape[0], int(np.prod(shape[1:]))
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return (gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype)
