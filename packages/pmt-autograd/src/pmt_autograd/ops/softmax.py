"""Softmax, its logarithm, and the logarithm of a sum of exponentials."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd.ops.reduction import expand_reduced
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Axis, Result
from pmt_core import cut
from pmt_core import log_softmax as stable_log_softmax
from pmt_core import logsumexp as stable_logsumexp
from pmt_core import softmax as stable_softmax


@primitive
def logsumexp(x: Array, *, axis: Axis = -1, keepdims: bool = False) -> Result:
    """Return log sum e^x over `axis`: one, several, or all if None. d logsumexp = softmax.

    The sum does not overflow.

    Examples:
        >>> from pmt_autograd import Tensor, logsumexp
        >>> x = Tensor([1000.0, 1000.0], requires_grad=True)
        >>> y = logsumexp(x)
        >>> round(y.item(), 3)  # 1000 + log(2)
        1000.693
        >>> y.backward()
        >>> x.grad
        GradientArray([0.5, 0.5], dtype=float32)
    """
    y = stable_logsumexp(x, axis=axis, keepdims=keepdims)

    def backward(grad: Array) -> Array:
        weights = stable_softmax(x, axis=axis)
        return _of_choices(expand_reduced(grad, x.shape, axis, keepdims), weights, axis) * weights

    return y, backward


@primitive
def softmax(x: Array, *, axis: Axis = -1) -> Result:
    """Return y = e^x / sum e^x over `axis`: one, several, or all if None.

    dx = y (dy - sum dy y).

    A row of -inf, without a choice, is zeros, and its gradient is 0.

    Examples:
        >>> from pmt_autograd import Tensor, softmax
        >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> y = softmax(x)
        >>> y.data.round(3)
        array([0.09 , 0.245, 0.665], dtype=float32)
        >>> (-y[2]).backward()
        >>> x.grad.round(3)  # the loss falls as x[2] grows
        array([ 0.06 ,  0.163, -0.223], dtype=float32)
    """
    y = stable_softmax(x, axis=axis)

    def backward(grad: Array) -> Array:
        grad = _of_choices(grad, y, axis)
        by_x: Array = y * (grad - (grad * y).sum(axis=axis, keepdims=True))
        return by_x

    return y, backward


def _of_choices(grad: Array, weights: Array, axis: Axis) -> Array:
    """Return the gradient, cut where a row has no choice: the result is constant there."""
    if np.isfinite(grad).all():
        return grad
    return cut(grad, np.asarray(weights.any(axis=axis, keepdims=True)))


@primitive
def log_softmax(x: Array, *, axis: Axis = -1) -> Result:
    """Return y = x - log sum e^x over `axis`: one, several, or all if None.

    dx = dy - softmax(x) sum dy.

    Examples:
        >>> from pmt_autograd import Tensor, log_softmax
        >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> y = log_softmax(x)
        >>> y.data.round(3)
        array([-2.408, -1.408, -0.408], dtype=float32)
        >>> (-y[2]).backward()  # the cross-entropy of class 2
        >>> x.grad.round(3)  # softmax - one-hot
        array([ 0.09 ,  0.245, -0.335], dtype=float32)
    """
    y = stable_log_softmax(x, axis=axis)
    return y, lambda grad: grad - np.exp(y) * grad.sum(axis=axis, keepdims=True)


def _logits(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)),))
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": 1}, note="middle axis")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": (0, -1)}, note="two axes")
    yield Sample((rng.normal(size=(2, 3)),), {"axis": None}, note="all axes")
    yield Sample((np.array([[1000.0, 999.0, -1000.0], [-1000, -1000, -1000]]),), note="+-1000")
    yield Sample((np.zeros((0, 3)),), note="empty")


samples(logsumexp, softmax, log_softmax)(_logits)
