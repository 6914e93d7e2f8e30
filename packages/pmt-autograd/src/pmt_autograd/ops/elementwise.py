"""Smooth functions of each element: exponentials, logarithms, powers, sigmoid, softplus."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.promotion import promote
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Gradients, NeedsGrad, Result
from pmt_core import cut, unbroadcast
from pmt_core import sigmoid as stable_sigmoid
from pmt_core import softplus as stable_softplus


@primitive
def exp(x: Array) -> Result:
    """Return e^x. d exp = exp.

    Examples:
        >>> from pmt_autograd import Tensor, exp
        >>> x = Tensor([0.0, 1.0], requires_grad=True)
        >>> y = exp(x)
        >>> y.data.round(3)
        array([1.   , 2.718], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([1.   , 2.718], dtype=float32)
    """
    y = np.exp(x)
    return y, lambda grad: grad * y


@primitive
def log(x: Array) -> Result:
    """Return the natural logarithm; x > 0. d log = 1 / x.

    Examples:
        >>> from pmt_autograd import Tensor, log
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> y = log(x)
        >>> y.data.round(3)
        array([0.   , 0.693], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([1. , 0.5], dtype=float32)
    """
    return np.log(x), lambda grad: grad / x


@primitive
def expm1(x: Array) -> Result:
    """Return e^x - 1, accurate also for small x. d expm1 = e^x = expm1 + 1.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import expm1
        >>> x = np.float32(1e-9)
        >>> print(np.exp(x) - 1)
        0.0
        >>> print(f"{expm1(x).item():.3g}")
        1e-09
    """
    y = np.expm1(x)
    return y, lambda grad: grad * (y + 1)


@primitive
def log1p(x: Array) -> Result:
    """Return log(1 + x), accurate also for small x; x > -1. d log1p = 1 / (1 + x).

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import log1p
        >>> x = np.float32(1e-9)
        >>> print(np.log(1 + x))
        0.0
        >>> print(f"{log1p(x).item():.3g}")
        1e-09
    """
    return np.log1p(x), lambda grad: grad / (1 + x)


@primitive
def exp2(x: Array) -> Result:
    """Return 2^x. d exp2 = ln(2) exp2.

    Examples:
        >>> from pmt_autograd import Tensor, exp2
        >>> x = Tensor([0.0, 3.0], requires_grad=True)
        >>> y = exp2(x)
        >>> y.data.round(3)
        array([1., 8.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([0.693, 5.545], dtype=float32)
    """
    y = np.exp2(x)
    return y, lambda grad: grad * (y * math.log(2))


@primitive
def log2(x: Array) -> Result:
    """Return the logarithm to base 2; x > 0. d log2 = 1 / (x ln 2).

    Examples:
        >>> from pmt_autograd import Tensor, log2
        >>> x = Tensor([1.0, 8.0], requires_grad=True)
        >>> y = log2(x)
        >>> y.data.round(3)
        array([0., 3.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([1.443, 0.18 ], dtype=float32)
    """
    return np.log2(x), lambda grad: grad / (x * math.log(2))


@primitive
def log10(x: Array) -> Result:
    """Return the logarithm to base 10; x > 0. d log10 = 1 / (x ln 10).

    Examples:
        >>> from pmt_autograd import Tensor, log10
        >>> x = Tensor([1.0, 100.0], requires_grad=True)
        >>> y = log10(x)
        >>> y.data.round(3)
        array([0., 2.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(4)
        array([0.4343, 0.0043], dtype=float32)
    """
    return np.log10(x), lambda grad: grad / (x * math.log(10))


@primitive
def logaddexp(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return log(e^a + e^b), without overflow. d by a = sigmoid(a - b), by b sigmoid(b - a).

    Equal infinite elements share the gradient as all equal ones do; if both are -inf, the sum has
    no terms, and the gradient is 0.

    Examples:
        >>> from pmt_autograd import Tensor, logaddexp
        >>> a = Tensor([0.0, 1000.0], requires_grad=True)
        >>> y = logaddexp(a, 0.0)
        >>> y.data.round(3)
        array([6.93e-01, 1.00e+03], dtype=float32)
        >>> y.sum().backward()
        >>> a.grad
        GradientArray([0.5, 1. ], dtype=float32)
    """
    a, b = promote(a, b)

    def backward(grad: Array) -> Gradients:
        with np.errstate(invalid="ignore"):
            gap = np.where(np.equal(a, b), 0, np.subtract(a, b)).astype(grad.dtype, copy=False)
        grad = cut(grad, np.asarray(np.maximum(a, b) != -np.inf))
        return (
            unbroadcast(grad * stable_sigmoid(gap), np.shape(a)) if needs_grad[0] else None,
            unbroadcast(grad * stable_sigmoid(-gap), np.shape(b)) if needs_grad[1] else None,
        )

    return np.logaddexp(a, b), backward


@primitive
def square(x: Array) -> Result:
    """Return x^2. d x^2 = 2 x dx.

    Examples:
        >>> from pmt_autograd import Tensor, square
        >>> x = Tensor([-2.0, 3.0], requires_grad=True)
        >>> y = square(x)
        >>> y
        Tensor([4., 9.], dtype=float32, made by square)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([-4.,  6.], dtype=float32)
    """
    return x * x, lambda grad: grad * (2 * x)


@primitive
def sqrt(x: Array) -> Result:
    """Return the square root; x >= 0. d sqrt = 1 / (2 sqrt), infinite at 0.

    Examples:
        >>> from pmt_autograd import Tensor, sqrt
        >>> x = Tensor([4.0, 25.0], requires_grad=True)
        >>> y = sqrt(x)
        >>> y
        Tensor([2., 5.], dtype=float32, made by sqrt)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([0.25, 0.1 ], dtype=float32)
    """
    y = np.sqrt(x)
    return y, lambda grad: grad / (y + y)


@primitive
def sigmoid(x: Array) -> Result:
    """Return s = 1 / (1 + e^-x), without overflow. d s = s (1 - s).

    Examples:
        >>> from pmt_autograd import Tensor, sigmoid
        >>> x = Tensor([-1000.0, 0.0, 2.0], requires_grad=True)
        >>> y = sigmoid(x)
        >>> y.data.round(3)
        array([0.   , 0.5  , 0.881], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([0.   , 0.25 , 0.105], dtype=float32)
    """
    y = stable_sigmoid(x)
    return y, lambda grad: grad * (y * (1 - y))


@primitive
def softplus(x: Array) -> Result:
    """Return log(1 + e^x), without overflow. d softplus = sigmoid.

    Examples:
        >>> from pmt_autograd import Tensor, softplus
        >>> x = Tensor([-2.0, 0.0, 1000.0], requires_grad=True)
        >>> y = softplus(x)
        >>> [round(v, 3) for v in y.data.tolist()]
        [0.127, 0.693, 1000.0]
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([0.119, 0.5  , 1.   ], dtype=float32)
    """
    return stable_softplus(x), lambda grad: grad * stable_sigmoid(x)


@primitive
def silu(x: Array) -> Result:
    """Return x s with s = sigmoid(x), also called swish (Elfwing et al. 2018).

    d silu = s (1 + x (1 - s)).

    Examples:
        >>> from pmt_autograd import Tensor, silu
        >>> x = Tensor([-2.0, 0.0, 2.0], requires_grad=True)
        >>> y = silu(x)
        >>> y.data.round(3)
        array([-0.238,  0.   ,  1.762], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([-0.091,  0.5  ,  1.091], dtype=float32)
    """
    s = stable_sigmoid(x)
    return x * s, lambda grad: grad * (s * (1 + x * (1 - s)))


def _real_numbers(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)),))
    yield Sample((rng.normal(size=()),), note="0-d")
    yield Sample((rng.normal(size=(0, 2)),), note="empty")


def _positive(rng: np.random.Generator) -> Iterator[Sample]:
    for sample in _real_numbers(rng):
        yield Sample((np.abs(sample.inputs[0]) + 0.5,), note=sample.note)


def _extreme(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _real_numbers(rng)
    yield Sample((np.array([-1000.0, -50.0, 50.0, 1000.0]),), note="far out: flat, not nan")


samples(exp, exp2, expm1, square, analytic=True)(_real_numbers)
samples(log, log2, log10, sqrt, kinks="x = 0: infinite", analytic=True)(_positive)
samples(log1p, kinks="x = -1: infinite", analytic=True)(_positive)
samples(sigmoid, softplus, silu)(_extreme)


@samples(logaddexp, kinks="a = b = -inf: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)), rng.normal(size=(3, 4))))
    yield Sample((rng.normal(size=(3, 1)), rng.normal(size=4)), note="broadcast")
    yield Sample((rng.normal(size=()), 0.5), note="0-d, Python number")
    yield Sample((np.array([1000.0, -1000, 3]), np.array([-1000.0, -999, 3])), note="+-1000, ties")
    yield Sample((np.zeros((0, 2)), np.zeros(2)), note="empty")
