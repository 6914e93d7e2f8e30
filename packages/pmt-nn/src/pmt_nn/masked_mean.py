"""Mean over the positions that hold a token."""

from __future__ import annotations

import numpy as np

from pmt_autograd import Tensor
from pmt_nn.attention import Mask


def masked_mean(x: Tensor, mask: Mask) -> Tensor:
    """Mean of x (b, t, d) over the positions where mask (b, t) is True -> (b, d).

    A row without any gives zeros.
    """
    counts = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    share = (mask / counts).astype(x.dtype)  # (b, t)
    mean: Tensor = share[:, np.newaxis, :] @ x  # (b, 1, d)
    return mean.reshape(x.shape[0], x.shape[2])
