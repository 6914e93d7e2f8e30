"""The dtype of a layer's inputs: that of its parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmt_autograd import Tensor


def float_tensor(x: Any, like: Tensor | None = None) -> Tensor:
    """Return an input as a floating tensor, in the dtype of `like`, a parameter of the layer.

    A layer computes in the dtype of its parameters, whatever it is given: arrays and tensors of
    integers or of another floating dtype are converted; a gradient is converted back.

    Without `like`, for a layer that has no parameters, floating numbers keep their dtype; integers
    and booleans become float32. Raises DtypeError for what is not a real number.
    """
    tensor = x if isinstance(x, Tensor) else Tensor(x)  # refuses what is not a number
    dtype = tensor.dtype
    if like is not None:
        expected = like.dtype
        return tensor if dtype is expected or dtype == expected else tensor.astype(expected)
    return tensor if dtype.kind == "f" else tensor.astype(np.float32)
