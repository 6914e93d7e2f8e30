"""Activations by parts: SELU, CELU, PReLU, GLU, Softsign, Hardtanh, Hardswish and others."""

from __future__ import annotations

import numpy as np

from pmt_autograd import Tensor, absolute, clip, elu, masked, relu, sigmoid, softplus, split, where
from pmt_core import SettingsError, ShapeError
from pmt_nn.module.inputs import float_tensor

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def selu(x: Tensor) -> Tensor:
    """Return 1.0507 x if x > 0, else 1.0507 * 1.6733 (e^x - 1) (Klambauer et al. 2017).

    With these numbers the activations of a deep network keep mean 0 and variance 1.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import selu
        >>> selu(np.array([-2.0, 0.0, 3.0])).data.round(3)
        array([-1.52 ,  0.   ,  3.152])
    """
    return elu(float_tensor(x), alpha=_SELU_ALPHA) * _SELU_SCALE


def celu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """Return x if x > 0, else alpha (e^(x / alpha) - 1), of slope 1 at 0 (Barron 2017).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import celu
        >>> celu(np.array([-2.0, 0.0, 3.0]), alpha=2.0).data.round(3)
        array([-1.264,  0.   ,  3.   ])
    """
    if not 0 < alpha < np.inf:
        raise SettingsError(f"alpha is finite and above 0, got {alpha}")
    return elu(float_tensor(x) / alpha) * alpha


def prelu(x: Tensor, weight: Tensor) -> Tensor:
    """Return x if x > 0, else weight x (He et al. 2015, section 2.1).

    x: (b, c, ...) or (c,), weight: (1,) for all channels, or (c,). The slope at 0 is the weight.
    Raises ShapeError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import prelu
        >>> x, weight = np.array([[-2.0, -2.0], [3.0, 3.0]]), np.array([0.5, 0.25])
        >>> prelu(x, weight).data  # a slope for each channel
        array([[-1. , -0.5],
               [ 3. ,  3. ]])
    """
    x = float_tensor(x, weight)
    channels = x.shape[1] if x.ndim > 1 else x.size
    if weight.ndim != 1 or weight.size not in (1, channels):
        raise ShapeError(
            f"prelu needs a weight (1,) or (c,) for x (b, c, ...), got {weight.shape} for {x.shape}"
        )
    if weight.size > 1 and x.ndim > 2:
        weight = weight.reshape(-1, *[1] * (x.ndim - 2))
    positive = np.asarray(x.data > 0)
    return where(positive, x, masked(x, mask=~positive) * weight)


def glu(x: Tensor, *, axis: int = -1) -> Tensor:
    """Return a sigmoid(b), a and b the halves of x along an axis (Dauphin et al. 2017).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import glu
        >>> glu(np.array([[1.0, 2.0, 0.0, 100.0]])).data  # [1, 2] times sigmoid([0, 100])
        array([[0.5, 2. ]])
    """
    x = float_tensor(x)
    if not -x.ndim <= axis < x.ndim or x.shape[axis] % 2:
        raise ShapeError(f"glu halves axis {axis}, of even length, got shape {x.shape}")
    values, gates = split(x, sections=2, axis=axis)
    gated: Tensor = values * sigmoid(gates)
    return gated


def softsign(x: Tensor) -> Tensor:
    """Return x / (1 + |x|).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import softsign
        >>> softsign(np.array([-3.0, 0.0, 3.0])).data
        array([-0.75,  0.  ,  0.75])
    """
    x = float_tensor(x)
    y: Tensor = x / (1 + absolute(x))
    return y


def log_sigmoid(x: Tensor) -> Tensor:
    """Return log(1 / (1 + e^-x)) = -softplus(-x), exact for x of any size.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import sigmoid
        >>> from pmt_nn import log_sigmoid
        >>> log_sigmoid(np.array([-20.0, 0.0, 3.0])).data.round(3)
        array([-20.   ,  -0.693,  -0.049])
        >>> log_sigmoid(-1000.0).item(), sigmoid(-1000.0).item()  # the logarithm of 0 would be -inf
        (-1000.0, 0.0)
    """
    return -softplus(-float_tensor(x))


def hardtanh(x: Tensor, *, low: float = -1.0, high: float = 1.0) -> Tensor:
    """Return x limited to low ... high; a limit has the full gradient, as in `clip`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import hardtanh
        >>> hardtanh(np.array([-2.0, 0.5, 3.0])).data
        array([-1. ,  0.5,  1. ])
    """
    check_limits(low, high)
    return clip(float_tensor(x), low=low, high=high)


def relu6(x: Tensor) -> Tensor:
    """Return x limited to 0 ... 6 (Krizhevsky 2010); the slope at 0 is 0, that at 6 is 1.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import relu6
        >>> relu6(np.array([-2.0, 3.0, 9.0])).data
        array([0., 3., 6.])
    """
    return clip(relu(float_tensor(x)), high=6.0)


def hardsigmoid(x: Tensor) -> Tensor:
    """Return (x + 3) / 6 limited to 0 ... 1; the slope at a limit is 1/6.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import hardsigmoid
        >>> hardsigmoid(np.array([-4.0, 0.0, 1.5])).data
        array([0.  , 0.5 , 0.75])
    """
    return clip(float_tensor(x) + 3, low=0.0, high=6.0) / 6


def hardswish(x: Tensor) -> Tensor:
    """Return x hardsigmoid(x) (Howard et al. 2019): 0 for x <= -3, x for x >= 3.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import hardswish
        >>> hardswish(np.array([-4.0, 1.5, 4.0])).data
        array([0.   , 1.125, 4.   ])
    """
    x = float_tensor(x)
    inside = np.asarray(~(x.data <= -3))  # True for nan
    return masked(masked(x, mask=inside) * hardsigmoid(x), mask=inside)


def check_limits(low: float, high: float) -> None:
    """Raise SettingsError unless low < high."""
    if not low < high:
        raise SettingsError(f"low is below high, got {low} and {high}")
