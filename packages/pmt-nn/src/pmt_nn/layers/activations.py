"""GELU (Hendrycks & Gimpel 2016), exact and by tanh, and Mish, in one pass over the memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import pmt_autograd as ag
from pmt_autograd import (
    Array,
    NeedsGrad,
    Result,
    Sample,
    Tensor,
    erf,
    erf_values,
    softplus,
    tanh,
)
from pmt_core import as_floats
from pmt_nn.layers.memory_layout import cache_blocks

_ROOT = float(np.sqrt(2 / np.pi))
_CUBE = 0.044715


def _by_blocks(
    apply_block: Callable[[Array, Array | None], None], x: Array, needs_slope: bool
) -> Result:
    """Apply an activation by blocks in the cache, and keep for the backward pass its slope only."""
    y = np.array(as_floats(x), order="C")
    slope = np.empty_like(y) if needs_slope else None
    flat, flat_slope = y.reshape(-1), None if slope is None else slope.reshape(-1)
    for block in cache_blocks(y.size, 1):
        apply_block(flat[block], None if flat_slope is None else flat_slope[block])

    def backward(grad: Array) -> Array:
        product: Array = grad * slope
        return product

    return y, backward


@ag.primitive
def gelu(x: Array, *, needs_grad: NeedsGrad = (True,)) -> Result:
    """Return the tanh approximation of x Phi(x), within 5e-4; see `gelu_block` for the formula.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import gelu
        >>> gelu(np.array([-2.0, -0.5, 0.0, 3.0])).data.round(3)
        array([-0.045, -0.154,  0.   ,  2.996])
    """
    return _by_blocks(gelu_block, x, needs_grad[0])


@ag.composed_form(gelu)
def gelu_composed(x: Tensor) -> Tensor:
    """Compute x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 in plain operations."""
    return x * 0.5 * (1 + (_ROOT * (x + _CUBE * x * x * x)).tanh())


def gelu_block(x: Array, slope: Array | None) -> None:
    """Replace x by gelu(x), and write its derivative to `slope` if given.

    With u = r (x + c x^3), r = sqrt(2/pi), c = 0.044715, and t = tanh u:
    y = x (1 + t) / 2 and dy = (1 + t) / 2 + x (1 - t^2) r (1 + 3 c x^2) / 2.
    """
    square = x * x
    t = square * (_ROOT * _CUBE)
    t += _ROOT
    t *= x
    np.tanh(t, out=t)
    if slope is not None:
        np.multiply(t, t, out=slope)
        np.subtract(1, slope, out=slope)
        slope *= x
        square *= 1.5 * _ROOT * _CUBE
        square += 0.5 * _ROOT
        slope *= square
    t *= 0.5
    t += 0.5
    if slope is not None:
        slope += t
    x *= t


@ag.samples(gelu)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)) * 2,))
    yield Sample((rng.normal(size=()),), note="0-d")
    yield Sample((np.array([-1000.0, -8.0, 0.0, 8.0, 1000.0]),), note="far out")
    yield Sample((rng.normal(size=(3, 50_000)),), note="several blocks")


_ROOT_HALF = float(np.sqrt(0.5))
_DENSITY = float(1 / np.sqrt(2 * np.pi))


@ag.primitive
def gelu_exact(x: Array, *, needs_grad: NeedsGrad = (True,)) -> Result:
    """Return x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2 the normal distribution function.

    The slope is Phi(x) + x phi(x), phi the normal density. `gelu` is the faster approximation.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import gelu, gelu_exact
        >>> x = np.linspace(-4.0, 4.0, 81)
        >>> gelu_exact(x[[20, 35, 70]]).data.round(3)
        array([-0.046, -0.154,  2.996])
        >>> bool(np.abs(gelu(x).data - gelu_exact(x).data).max() < 5e-4)
        True
    """
    return _by_blocks(gelu_exact_block, x, needs_grad[0])


@ag.composed_form(gelu_exact)
def gelu_exact_composed(x: Tensor) -> Tensor:
    """Compute x (1 + erf(x / sqrt 2)) / 2 in plain operations."""
    return x * 0.5 * (1 + erf(x * _ROOT_HALF))


def gelu_exact_block(x: Array, slope: Array | None) -> None:
    """Replace x by x Phi(x), and write its derivative to `slope` if given."""
    far = np.abs(x)
    np.minimum(far, 40, out=far)  # the density is 0 beyond, and the square stays finite
    density = np.square(far)
    density *= -0.5
    np.exp(density, out=density)
    density *= _DENSITY
    if x.dtype == np.float32:
        below = _phi_float32(x, far, density)
    else:
        below = erf_values(x * _ROOT_HALF)
        below += 1
        below *= 0.5
    if slope is not None:
        np.multiply(x, density, out=slope)
        slope += below
    x *= below


# 1 - Phi(x) = phi(x) (b_1 t + ... + b_5 t^5) with t = 1 / (1 + p x), x >= 0, within 7.5e-8: what
# float32 can tell apart (Hastings 1955; Abramowitz & Stegun 1964, 26.2.17).
_P = 0.2316419
_B = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)


def _phi_float32(x: Array, far: Array, density: Array) -> Array:
    """Return Phi(x) from |x| and the density, in a third of the time of erf."""
    t = far * _P
    t += 1
    np.divide(1, t, out=t)
    tail = t * _B[-1]
    for coefficient in _B[-2::-1]:
        tail += coefficient
        tail *= t
    tail *= density
    np.subtract(0.5, tail, out=tail)
    np.copysign(tail, x, out=tail)
    tail += 0.5
    return tail


@ag.samples(gelu_exact)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)) * 2,))
    yield Sample((rng.normal(size=()),), note="0-d")
    yield Sample((rng.normal(size=(0, 2)),), note="empty")
    yield Sample((np.array([-1000.0, -8.0, 0.0, 8.0, 1000.0]),), note="far out")


@ag.primitive
def mish(x: Array, *, needs_grad: NeedsGrad = (True,)) -> Result:
    """Return x tanh(softplus(x)) (Misra 2020).

    With w = e^-|x|: t = tanh(softplus(x)) = (1 + 2 w) / (1 + 2 w + 2 w^2) if x > 0, else
    (2 w + w^2) / (2 + 2 w + w^2). The slope is t + x (1 - t^2) sigmoid(x).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import mish
        >>> mish(np.array([-2.0, 0.0, 3.0])).data.round(3)
        array([-0.253,  0.   ,  2.987])
    """
    return _by_blocks(_mish_block, x, needs_grad[0])


@ag.composed_form(mish)
def mish_composed(x: Tensor) -> Tensor:
    """Compute x tanh(softplus(x)) in plain operations."""
    return x * tanh(softplus(x))


def _mish_block(x: Array, slope: Array | None) -> None:
    """Replace x by mish(x), and write its derivative to `slope` if given."""
    positive = x > 0
    w = np.exp(-np.abs(x))
    square = w * w
    top = np.where(positive, 1 + 2 * w, 2 * w + square)
    rest = np.where(positive, 2 * square, x.dtype.type(2))
    t = top / (top + rest)
    if slope is not None:
        beside = rest / (top + rest)  # 1 - t
        np.multiply(x, beside * (1 + t), out=slope)
        slope *= np.where(positive, x.dtype.type(1), w) / (1 + w)
        slope += t
    x *= t


@ag.samples(mish)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)) * 2,))
    yield Sample((rng.normal(size=()),), note="0-d")
    yield Sample((rng.normal(size=(0, 2)),), note="empty")
    yield Sample((np.array([-1000.0, -8.0, 0.0, 8.0, 1000.0]),), note="far out")
    yield Sample((rng.normal(size=(3, 50_000)),), note="several blocks")
