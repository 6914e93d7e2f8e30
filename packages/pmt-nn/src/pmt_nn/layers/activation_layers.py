"""Activation functions as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import (
    Tensor,
    elu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from pmt_core import SettingsError, check_sizes
from pmt_nn.layers.activations import gelu, gelu_exact, mish
from pmt_nn.layers.piecewise import (
    celu,
    check_limits,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    log_sigmoid,
    prelu,
    relu6,
    selu,
    softsign,
)
from pmt_nn.module.initializers import constant
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


class Elementwise(Module):
    """Base class of activations without arguments."""

    operation: ClassVar[Callable[..., Tensor]]

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return type(self).operation(float_tensor(x))


class ReLU(Elementwise):
    """max(x, 0)."""

    operation = relu


class ReLU6(Elementwise):
    """min(max(x, 0), 6)."""

    operation = staticmethod(relu6)


class SELU(Elementwise):
    """Self-normalizing ELU, see `selu`."""

    operation = staticmethod(selu)


class Mish(Elementwise):
    """x tanh(log(1 + e^x))."""

    operation = mish


class Softplus(Elementwise):
    """log(1 + e^x)."""

    operation = softplus


class Softsign(Elementwise):
    """x / (1 + |x|)."""

    operation = staticmethod(softsign)


class LogSigmoid(Elementwise):
    """log(1 / (1 + e^-x))."""

    operation = staticmethod(log_sigmoid)


class Hardsigmoid(Elementwise):
    """(x + 3) / 6 limited to 0 ... 1."""

    operation = staticmethod(hardsigmoid)


class Hardswish(Elementwise):
    """x times `Hardsigmoid`."""

    operation = staticmethod(hardswish)


class SiLU(Elementwise):
    """x / (1 + e^-x)."""

    operation = silu


class Tanh(Elementwise):
    """Hyperbolic tangent."""

    operation = tanh


class Sigmoid(Elementwise):
    """1 / (1 + e^-x)."""

    operation = sigmoid


class LeakyReLU(Module):
    """x if x > 0, else slope x."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return leaky_relu(float_tensor(x), slope=self.slope)


class ELU(Module):
    """x if x > 0, else alpha (e^x - 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return elu(float_tensor(x), alpha=self.alpha)


class CELU(Module):
    """x if x > 0, else alpha (e^(x / alpha) - 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        if not 0 < alpha < np.inf:
            raise SettingsError(f"alpha is finite and above 0, got {alpha}")
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return celu(x, alpha=self.alpha)


class Hardtanh(Module):
    """x limited to low ... high."""

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        check_limits(low, high)
        self.low, self.high = low, high

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return hardtanh(x, low=self.low, high=self.high)


class PReLU(Module):
    """x if x > 0, else weight x, with a learned weight for all channels, or for each of c.

    The weight (c,) starts at `slope`.
    """

    def __init__(self, c: int = 1, *, slope: float = 0.25, dtype: DTypeLike = np.float32) -> None:
        check_sizes("PReLU", c=c)
        self.weight = Parameter(constant((c,), slope, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x (b, c, ...), or of any shape if there is one weight."""
        return prelu(x, self.weight)


class GLU(Module):
    """a sigmoid(b), a and b the halves of x along an axis: (..., 2 n) -> (..., n)."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x whose axis has an even length."""
        return glu(x, axis=self.axis)


class GELU(Module):
    """x Phi(x), by default by the faster tanh approximation (within 5e-4); exact: by erf."""

    def __init__(self, *, exact: bool = False) -> None:
        self.exact = exact

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        x = float_tensor(x)
        return gelu_exact(x) if self.exact else gelu(x)


class Softmax(Module):
    """e^x / sum(e^x) over one axis. For a loss use `cross_entropy` on the logits instead."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape with that axis."""
        return softmax(float_tensor(x), axis=self.axis)


class LogSoftmax(Module):
    """x - log(sum(e^x)) over one axis."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape with that axis."""
        return log_softmax(float_tensor(x), axis=self.axis)
