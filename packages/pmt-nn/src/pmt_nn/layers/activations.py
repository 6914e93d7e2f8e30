"""Activation functions as modules, for containers."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from pmt_autograd import Tensor, elu, leaky_relu, log_softmax, relu, sigmoid, silu, softmax, tanh
from pmt_nn.layers.gelu import gelu, gelu_exact
from pmt_nn.module.module import Module


class Elementwise(Module):
    """Base class of activations without arguments."""

    operation: ClassVar[Callable[..., Tensor]]

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return type(self).operation(x)


class ReLU(Elementwise):
    """max(x, 0)."""

    operation = relu


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
        return leaky_relu(x, slope=self.slope)


class ELU(Module):
    """x if x > 0, else alpha (e^x - 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return elu(x, alpha=self.alpha)


class GELU(Module):
    """x Phi(x), by default by the faster tanh approximation (within 5e-4); exact: by erf."""

    def __init__(self, *, exact: bool = False) -> None:
        self.exact = exact

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return gelu_exact(x) if self.exact else gelu(x)


class Softmax(Module):
    """e^x / sum(e^x) over one axis. For a loss use `cross_entropy` on the logits instead."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape with that axis."""
        return softmax(x, axis=self.axis)


class LogSoftmax(Module):
    """x - log(sum(e^x)) over one axis."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape with that axis."""
        return log_softmax(x, axis=self.axis)
