"""Activation functions without settings, as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from pmt_autograd import (
    Tensor,
    relu,
    sigmoid,
    silu,
    softplus,
    tanh,
)
from pmt_nn.layers.activations import mish
from pmt_nn.layers.piecewise import (
    hardsigmoid,
    hardswish,
    log_sigmoid,
    relu6,
    selu,
    softsign,
)
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module


class Elementwise(Module):
    """Base class of activations without arguments."""

    operation: ClassVar[Callable[..., Tensor]]

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return type(self).operation(float_tensor(x))


class ReLU(Elementwise):
    """Rectified linear unit, max(x, 0) (Nair & Hinton 2010).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import ReLU
        >>> ReLU()(np.array([-2.0, 0.0, 3.0])).data
        array([0., 0., 3.])
    """

    operation = relu


class ReLU6(Elementwise):
    """ReLU with a limit, min(max(x, 0), 6); see `relu6`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import ReLU6
        >>> ReLU6()(np.array([-2.0, 3.0, 9.0])).data
        array([0., 3., 6.])
    """

    operation = staticmethod(relu6)


class SELU(Elementwise):
    """Self-normalizing ELU, see `selu`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import SELU
        >>> SELU()(np.array([-2.0, 0.0, 3.0])).data.round(3)
        array([-1.52 ,  0.   ,  3.152])
    """

    operation = staticmethod(selu)


class Mish(Elementwise):
    """Mish, x tanh(log(1 + e^x)); see `mish`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Mish
        >>> Mish()(np.array([-2.0, 0.0, 3.0])).data.round(3)
        array([-0.253,  0.   ,  2.987])
    """

    operation = mish


class Softplus(Elementwise):
    """Softplus, log(1 + e^x): a smooth ReLU.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Softplus
        >>> Softplus()(np.array([-2.0, 0.0, 100.0])).data.round(3)
        array([  0.127,   0.693, 100.   ])
    """

    operation = softplus


class Softsign(Elementwise):
    """Softsign, x / (1 + |x|).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Softsign
        >>> Softsign()(np.array([-3.0, 0.0, 3.0])).data
        array([-0.75,  0.  ,  0.75])
    """

    operation = staticmethod(softsign)


class LogSigmoid(Elementwise):
    """Logarithm of the sigmoid, log(1 / (1 + e^-x)); see `log_sigmoid`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LogSigmoid
        >>> LogSigmoid()(np.array([-20.0, 0.0, 3.0])).data.round(3)
        array([-20.   ,  -0.693,  -0.049])
    """

    operation = staticmethod(log_sigmoid)


class Hardsigmoid(Elementwise):
    """Piecewise linear sigmoid, (x + 3) / 6 limited to 0 ... 1.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Hardsigmoid
        >>> Hardsigmoid()(np.array([-4.0, 0.0, 1.5])).data
        array([0.  , 0.5 , 0.75])
    """

    operation = staticmethod(hardsigmoid)


class Hardswish(Elementwise):
    """Piecewise SiLU, x times `Hardsigmoid`; see `hardswish`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Hardswish
        >>> Hardswish()(np.array([-4.0, 1.5, 4.0])).data
        array([0.   , 1.125, 4.   ])
    """

    operation = staticmethod(hardswish)


class SiLU(Elementwise):
    """SiLU ("swish"), x sigmoid(x) (Elfwing et al. 2017).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import SiLU
        >>> SiLU()(np.array([-2.0, 0.0, 3.0])).data.round(3)
        array([-0.238,  0.   ,  2.858])
    """

    operation = silu


class Tanh(Elementwise):
    """Hyperbolic tangent.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Tanh
        >>> Tanh()(np.array([-2.0, 0.0, 3.0])).data.round(3)
        array([-0.964,  0.   ,  0.995])
    """

    operation = tanh


class Sigmoid(Elementwise):
    """Logistic sigmoid, 1 / (1 + e^-x).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Sigmoid
        >>> Sigmoid()(np.array([-2.0, 0.0, 3.0])).data.round(3)
        array([0.119, 0.5  , 0.953])
    """

    operation = sigmoid
