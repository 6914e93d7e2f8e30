"""Activation functions with settings, as modules: slopes, limits, an axis, learned weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, elu, leaky_relu, log_softmax, softmax
from pmt_core import SettingsError, check_sizes
from pmt_nn.layers.activations import gelu, gelu_exact
from pmt_nn.layers.piecewise import celu, check_limits, glu, hardtanh, prelu
from pmt_nn.module.initializers import constant
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


class LeakyReLU(Module):
    """Leaky ReLU: x if x > 0, else slope x.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LeakyReLU
        >>> LeakyReLU(0.1)(np.array([-2.0, 0.0, 3.0])).data
        array([-0.2,  0. ,  3. ])
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return leaky_relu(float_tensor(x), slope=self.slope)


class ELU(Module):
    """Exponential linear unit: x if x > 0, else alpha (e^x - 1) (Clevert et al. 2015).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import ELU
        >>> ELU()(np.array([-2.0, 0.0, 3.0])).data.round(3)
        array([-0.865,  0.   ,  3.   ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return elu(float_tensor(x), alpha=self.alpha)


class CELU(Module):
    """Continuous ELU: x if x > 0, else alpha (e^(x / alpha) - 1); see `celu`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import CELU
        >>> CELU(alpha=2.0)(np.array([-2.0, 0.0, 3.0])).data.round(3)
        array([-1.264,  0.   ,  3.   ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        if not 0 < alpha < np.inf:
            raise SettingsError(f"alpha is finite and above 0, got {alpha}")
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return celu(x, alpha=self.alpha)


class Hardtanh(Module):
    """Piecewise linear tanh: x limited to low ... high.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Hardtanh
        >>> Hardtanh(low=0.0, high=2.0)(np.array([-2.0, 0.5, 3.0])).data
        array([0. , 0.5, 2. ])
    """

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        check_limits(low, high)
        self.low, self.high = low, high

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return hardtanh(x, low=self.low, high=self.high)


class PReLU(Module):
    """Parametric ReLU: x if x > 0, else weight x, with one learned weight or one for each channel.

    c: number of channels, or 1. The weight (c,) starts at `slope`; see `prelu`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import PReLU
        >>> activation = PReLU()
        >>> activation(np.array([-2.0, 0.0, 3.0], np.float32)).sum().backward()
        >>> activation.weight.data, activation.weight.grad  # the gradient: the sum of x below 0
        (array([0.25], dtype=float32), GradientArray([-2.], dtype=float32))
    """

    def __init__(self, c: int = 1, *, slope: float = 0.25, dtype: DTypeLike = np.float32) -> None:
        check_sizes("PReLU", c=c)
        self.weight = Parameter(constant((c,), slope, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x (b, c, ...), or of any shape if there is one weight."""
        return prelu(x, self.weight)


class GLU(Module):
    """Gated linear unit: a sigmoid(b), a and b the halves of x along an axis; see `glu`.

    The axis of length 2 n becomes one of length n.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import GLU
        >>> GLU()(np.array([[1.0, 2.0, 0.0, 100.0]])).data  # [1, 2] times sigmoid([0, 100])
        array([[0.5, 2. ]])
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x whose axis has an even length."""
        return glu(x, axis=self.axis)


class GELU(Module):
    """Gaussian error linear unit, x Phi(x) (Hendrycks & Gimpel 2016).

    By default by the faster tanh approximation, within 5e-4; exact: by erf.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import GELU
        >>> x = np.array([-2.0, 0.0, 3.0])
        >>> GELU()(x).data.round(4), GELU(exact=True)(x).data.round(4)
        (array([-0.0454,  0.    ,  2.9964]), array([-0.0455,  0.    ,  2.996 ]))
    """

    def __init__(self, *, exact: bool = False) -> None:
        self.exact = exact

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        x = float_tensor(x)
        return gelu_exact(x) if self.exact else gelu(x)


class Softmax(Module):
    """Softmax, e^x / sum(e^x) over one axis. For a loss use `cross_entropy` on the logits.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Softmax
        >>> Softmax()(np.log([[1.0, 2.0, 1.0], [1.0, 1.0, 1.0]])).data.round(3)
        array([[0.25 , 0.5  , 0.25 ],
               [0.333, 0.333, 0.333]])
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape with that axis."""
        return softmax(float_tensor(x), axis=self.axis)


class LogSoftmax(Module):
    """Logarithm of the softmax, x - log(sum(e^x)) over one axis.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LogSoftmax
        >>> LogSoftmax()(np.array([[0.0, 0.0], [100.0, 0.0]])).data.round(3)
        array([[  -0.693,   -0.693],
               [   0.   , -100.   ]])
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape with that axis."""
        return log_softmax(float_tensor(x), axis=self.axis)
