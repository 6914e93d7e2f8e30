"""Trigonometric and hyperbolic functions of each element, and their inverses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.promotion import promote
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Gradients, NeedsGrad, Result
from pmt_core import cut, unbroadcast


@primitive
def sin(x: Array) -> Result:
    """Return the sine; x in radians. d sin = cos.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, sin
        >>> x = Tensor([0.0, np.pi / 6], requires_grad=True)
        >>> y = sin(x)
        >>> y.data.round(3)
        array([0. , 0.5], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([1.   , 0.866], dtype=float32)
    """
    return np.sin(x), lambda grad: grad * np.cos(x)


@primitive
def cos(x: Array) -> Result:
    """Return the cosine; x in radians. d cos = -sin.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, cos
        >>> x = Tensor([np.pi / 6, np.pi / 2], requires_grad=True)
        >>> y = cos(x)
        >>> y.data.round(3)
        array([ 0.866, -0.   ], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([-0.5, -1. ], dtype=float32)
    """
    return np.cos(x), lambda grad: -grad * np.sin(x)


@primitive
def tan(x: Array) -> Result:
    """Return the tangent; x in radians. d tan = 1 + tan^2.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, tan
        >>> x = Tensor([0.0, np.pi / 4], requires_grad=True)
        >>> y = tan(x)
        >>> y.data.round(3)
        array([0., 1.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([1., 2.], dtype=float32)
    """
    y = np.tan(x)
    return y, lambda grad: grad * (1 + y * y)


@primitive
def arcsin(x: Array) -> Result:
    """Return the arc sine, an angle in [-pi/2, pi/2]; |x| <= 1. d arcsin = 1 / sqrt(1 - x^2).

    Examples:
        >>> from pmt_autograd import Tensor, arcsin
        >>> x = Tensor([0.0, 0.6], requires_grad=True)
        >>> y = arcsin(x)
        >>> y.data.round(3)
        array([0.   , 0.644], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)  # at 0.6: 1 / 0.8
        array([1.  , 1.25], dtype=float32)
    """
    return np.arcsin(x), lambda grad: grad / _leg(x)


@primitive
def arccos(x: Array) -> Result:
    """Return the arc cosine, an angle in [0, pi]; |x| <= 1. d arccos = -1 / sqrt(1 - x^2).

    Examples:
        >>> from pmt_autograd import Tensor, arccos
        >>> x = Tensor([0.0, 0.6], requires_grad=True)
        >>> y = arccos(x)
        >>> y.data.round(3)
        array([1.571, 0.927], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)  # at 0.6: -1 / 0.8
        array([-1.  , -1.25], dtype=float32)
    """
    return np.arccos(x), lambda grad: -grad / _leg(x)


def _leg(x: Array) -> Array:
    """Return sqrt(1 - x^2); the product of the two factors is exact near 1."""
    root: Array = np.sqrt((1 - x) * (1 + x))
    return root


@primitive
def arctan(x: Array) -> Result:
    """Return the arc tangent, an angle in (-pi/2, pi/2). d arctan = 1 / (1 + x^2).

    Examples:
        >>> from pmt_autograd import Tensor, arctan
        >>> x = Tensor([0.0, 1.0], requires_grad=True)
        >>> y = arctan(x)
        >>> y.data.round(3)
        array([0.   , 0.785], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([1. , 0.5], dtype=float32)
    """
    return np.arctan(x), lambda grad: grad / (1 + x * x)


@primitive
def arctan2(y: Array, x: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return the angle of the point (x, y) in (-pi, pi]; y and x broadcast.

    With r^2 = x^2 + y^2: d arctan2 = (x dy - y dx) / r^2, and 0 at the origin. r neither overflows
    nor underflows.

    Examples:
        >>> from pmt_autograd import Tensor, arctan2
        >>> y = Tensor([0.0, 1.0, 0.0], requires_grad=True)
        >>> angle = arctan2(y, [1.0, 1.0, -1.0])
        >>> angle.data.round(3)
        array([0.   , 0.785, 3.142], dtype=float32)
        >>> angle.sum().backward()
        >>> y.grad.round(3)
        array([ 1. ,  0.5, -1. ], dtype=float32)
    """
    y, x = promote(y, x)

    def backward(grad: Array) -> Gradients:
        radius = np.hypot(x, y)
        away = np.asarray(radius != 0)
        radius = np.where(away, radius, 1).astype(grad.dtype, copy=False)
        by_radius = cut(grad, away) / radius
        return (
            unbroadcast(by_radius * (x / radius), np.shape(y)) if needs_grad[0] else None,
            unbroadcast(-by_radius * (y / radius), np.shape(x)) if needs_grad[1] else None,
        )

    return np.arctan2(y, x), backward


@primitive
def sinh(x: Array) -> Result:
    """Return the hyperbolic sine, (e^x - e^-x) / 2. d sinh = cosh.

    Examples:
        >>> from pmt_autograd import Tensor, sinh
        >>> x = Tensor([0.0, 1.0], requires_grad=True)
        >>> y = sinh(x)
        >>> y.sum().backward()
        >>> y.data.round(3), x.grad.round(3)
        (array([0.   , 1.175], dtype=float32), array([1.   , 1.543], dtype=float32))
    """
    return np.sinh(x), lambda grad: grad * np.cosh(x)


@primitive
def cosh(x: Array) -> Result:
    """Return the hyperbolic cosine, (e^x + e^-x) / 2. d cosh = sinh.

    Examples:
        >>> from pmt_autograd import Tensor, cosh
        >>> x = Tensor([0.0, 1.0], requires_grad=True)
        >>> y = cosh(x)
        >>> y.sum().backward()
        >>> y.data.round(3), x.grad.round(3)
        (array([1.   , 1.543], dtype=float32), array([0.   , 1.175], dtype=float32))
    """
    return np.cosh(x), lambda grad: grad * np.sinh(x)


@primitive
def tanh(x: Array) -> Result:
    """Return the hyperbolic tangent. d tanh = 1 - tanh^2.

    Examples:
        >>> from pmt_autograd import Tensor, tanh
        >>> x = Tensor([0.0, 0.5, 100.0], requires_grad=True)
        >>> y = tanh(x)
        >>> y.sum().backward()
        >>> y.data.round(3), x.grad.round(3)  # a saturated unit has no gradient
        (array([0.   , 0.462, 1.   ], dtype=float32), array([1.   , 0.786, 0.   ], dtype=float32))
    """
    y = np.tanh(x)
    return y, lambda grad: grad * (1 - y * y)


@primitive
def arcsinh(x: Array) -> Result:
    """Return the inverse of sinh. d arcsinh = 1 / sqrt(1 + x^2), which does not overflow here.

    Examples:
        >>> from pmt_autograd import Tensor, arcsinh
        >>> x = Tensor([0.0, 0.75], requires_grad=True)
        >>> y = arcsinh(x)
        >>> y.sum().backward()
        >>> y.data.round(3), x.grad.round(3)
        (array([0.   , 0.693], dtype=float32), array([1. , 0.8], dtype=float32))
    """
    return np.arcsinh(x), lambda grad: grad / np.hypot(x, 1)


@primitive
def arccosh(x: Array) -> Result:
    """Return the inverse of cosh, 0 or more; x >= 1. d arccosh = 1 / sqrt(x^2 - 1).

    Examples:
        >>> from pmt_autograd import Tensor, arccosh
        >>> x = Tensor([1.25, 2.0], requires_grad=True)
        >>> y = arccosh(x)
        >>> y.sum().backward()
        >>> y.data.round(3), x.grad.round(3)
        (array([0.693, 1.317], dtype=float32), array([1.333, 0.577], dtype=float32))
    """
    return np.arccosh(x), lambda grad: grad / (np.sqrt(x - 1) * np.sqrt(x + 1))


@primitive
def arctanh(x: Array) -> Result:
    """Return the inverse of tanh; |x| < 1. d arctanh = 1 / (1 - x^2).

    Examples:
        >>> from pmt_autograd import Tensor, arctanh
        >>> x = Tensor([0.0, 0.5], requires_grad=True)
        >>> y = arctanh(x)
        >>> y.sum().backward()
        >>> y.data.round(3), x.grad.round(3)
        (array([0.   , 0.549], dtype=float32), array([1.   , 1.333], dtype=float32))
    """
    return np.arctanh(x), lambda grad: grad / ((1 - x) * (1 + x))


def _numbers(rng: np.random.Generator, low: float, high: float) -> Iterator[Sample]:
    for shape in ((3, 4), (), (0, 2)):
        yield Sample((rng.uniform(low, high, shape),), note=f"shape {shape}")


@samples(sin, cos, arctan, sinh, cosh, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _numbers(rng, -4, 4)


@samples(tanh, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _numbers(rng, -4, 4)
    yield Sample((np.array([-1000.0, -50.0, 50.0, 1000.0]),), note="far out: flat, not nan")


@samples(tan, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _numbers(rng, -1.4, 1.4)


@samples(arcsin, arccos, arctanh, kinks="|x| = 1: infinite", analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _numbers(rng, -0.9, 0.9)


@samples(arcsinh)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _numbers(rng, -4, 4)
    yield Sample((np.array([-1e15, 1e15]),), note="far out")


@samples(arccosh, kinks="x = 1: infinite", analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _numbers(rng, 1.1, 9)


@samples(arctan2, kinks="the origin: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    angle = rng.uniform(-3, 3, (3, 4))
    yield Sample((np.sin(angle), np.cos(angle)))
    yield Sample((rng.uniform(1, 2, (3, 1)), rng.normal(size=4)), note="broadcast")
    yield Sample((np.array(0.5), -2.0), note="0-d, Python number")
    yield Sample((np.zeros((0, 2)), np.ones(2)), note="empty")
